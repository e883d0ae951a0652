"""Whatever is asked of a read of the API, the answer is an answer or a refusal, never a failure of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.control.client import SOCKET
from hub.control.requests import body_target, sign_read
from hub.ports import Write
from hub.reads.paging import render_cursor
from hub.rundir import run_directory
from signing import jsontext
from tests import stores
from tests.unit.api.desk import Desk, open_desk
from tests.unit.api.test_reads import RUN, compute, message, signal

LISTINGS: Final = {
    "institutions": [],
    "units": ["institution"],
    "tree": ["institution"],
    "joins": ["decided"],
    "systems": ["institution"],
    "apis": [],
    "grants": ["system"],
    "subscriptions": [],
    "devices": ["institution"],
    "operators": [],
    "messages": ["system", "institution", "code", "state", "kind"],
    "dead-letters": ["stage", "code", "state"],
    "runs": ["institution", "period"],
    f"runs/{RUN}/signals": ["status"],
    "changes": [],
    "audit": [],
}
OBJECTS: Final = [
    "systems/{}",
    "joins/{}",
    "messages/{}",
    "messages/{}/trace",
    "dead-letters/{}",
    "runs/{}",
    "runs/{}/signals",
]

NUMBERS = st.integers() | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**200, 0, 1])
TEXTS = st.text(max_size=80) | st.sampled_from(["\x00", "a0", "a0" * 32, "%", "..", "NaN", "[]", "1e999", "'--"])
CURSORS = (
    st.lists(NUMBERS | TEXTS | st.booleans() | st.none() | st.lists(NUMBERS, max_size=2), max_size=3).map(render_cursor)
    | TEXTS
)
VALUES = {"limit": NUMBERS.map(str) | TEXTS | st.just("5"), "after": CURSORS}


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A read with parameters that may be anything."""
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.sampled_from(OBJECTS)).format(quote(draw(TEXTS), safe=""))
    else:
        place = draw(st.sampled_from(sorted(LISTINGS)))
    names = ["limit", "after", *LISTINGS.get(place, [])]
    query = [(name, draw(VALUES.get(name, TEXTS))) for name in draw(st.lists(st.sampled_from(names), max_size=3))]
    return f"/api/v1/{place}?{urlencode(query)}" if query else f"/api/v1/{place}"


@pytest.fixture(scope="module", params=stores.ENGINES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, httpx.Client]]:  # noqa: TID251
    """A hub that has something to show, and a connection to it."""
    with open_desk(tmp_path_factory.mktemp("fuzz") / "hub", request.param) as desk:
        desk.write(Write("message", [message(f"a{n}", n) for n in range(3)]))
        compute(desk, [signal(0), signal(1)])
        transport = httpx.HTTPTransport(uds=str(run_directory(Path(desk.data)) / SOCKET))
        with httpx.Client(transport=transport, base_url="http://hub") as http:  # noqa: TID251 - as no client does
            yield desk, http


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(target=targets())
@example(target=f"/api/v1/messages?after={render_cursor([2**64, 'a'])}")
@example(target=f"/api/v1/dead-letters?after={render_cursor([-(2**64), 'a'])}")
@example(target=f"/api/v1/messages?after={render_cursor(['text', 1])}")
@example(target="/api/v1/changes?after=" + render_cursor([2**64]))
def test_no_parameter_of_a_read_makes_the_hub_fail(
    world: tuple[Desk, httpx.Client],  # noqa: TID251
    target: str,
) -> None:
    """Every answer to a signed read is 200, or a refusal in the 400s with a stable code."""
    desk, http = world
    sent = http.build_request("GET", target)
    raw = sent.url.raw_path.decode()
    sent.headers["authorization"] = sign_read(desk.admin, "GET", raw, desk.clock.now())
    answer = http.send(sent)
    assert answer.status_code != 401, "the parameters themselves must be looked at"
    assert answer.status_code == 200 or (400 <= answer.status_code < 500 and answer.json()["code"]), answer.text


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.binary(max_size=60) | st.dictionaries(TEXTS, NUMBERS | TEXTS, max_size=3).map(jsontext.render))
@example(asked=b'{"employee":"\\ud800"}')
@example(asked=b'{"signal":"\\u0000"}')
def test_no_question_makes_the_hub_fail(world: tuple[Desk, httpx.Client], asked: bytes) -> None:  # noqa: TID251
    """The body of a question is anything; its answer is never a failure of the hub."""
    desk, http = world
    target = f"/api/v1/runs/{RUN}/explain"
    header = sign_read(desk.admin, "POST", body_target(target, asked), desk.clock.now())
    answer = http.post(target, content=asked, headers={"authorization": header})
    assert answer.status_code != 401, "the question itself must be looked at"
    assert answer.status_code == 200 or (400 <= answer.status_code < 500 and answer.json()["code"]), answer.text


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
    .map("Amana {}".format)
    .map(str.strip)
)
def test_no_authorization_makes_the_hub_fail(world: tuple[Desk, httpx.Client], header: str) -> None:  # noqa: TID251
    """Whatever stands in the header, a read without a signature is 401."""
    answer = world[1].get("/api/v1/messages", headers={"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "AMANA-OPER-001")
