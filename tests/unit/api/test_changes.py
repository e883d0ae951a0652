"""Changes over `/api/v1`: what takes effect, what is refused, and what the hub adds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.control.changes import MAX_CHANGE_BYTES
from hub.control.client import SOCKET, Refused
from hub.control.requests import sign_change
from hub.records import Ms
from hub.rundir import run_directory
from signing.keys import generate
from tests.unit.api.desk import Desk

KEM = {"code": "KEM", "name": "Kementerian Contoh"}
RUN: dict[str, Any] = {
    "institution": "KEM",
    "period": "2026-10",
    "paid": "2026-11",
    "ruleSet": "permenaker-15-2024",
    "ruleVersion": "1",
}
DIGEST = "sha256:" + "a" * 64


def post(desk: Desk, body: bytes) -> httpx.Response:
    """A change as bytes."""
    transport = httpx.HTTPTransport(uds=str(run_directory(desk.data) / SOCKET))
    with httpx.Client(transport=transport, base_url="http://hub") as client:  # noqa: TID251 - bytes that no client makes
        return client.post("/api/v1/changes", content=body)


def code_of(call: Any) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_a_change_takes_effect_before_it_is_answered(desk: Desk) -> None:
    """The answer names position and result, and the next read shows it."""
    with desk.client() as client:
        answer = client.change("institution.add", KEM)
        shown = client.get("/api/v1/institutions")
    assert (answer["position"], answer["result"]) == (1, {"institution": "KEM"})
    assert shown == {"items": [{**KEM, "parent": None}], "next": None}


def test_the_same_bytes_twice_take_effect_once(desk: Desk) -> None:
    """A client that lost the answer may send again: same position, one record."""
    body = sign_change(desk.admin, "institution.add", KEM, desk.clock.now())
    first, second = post(desk, body).json(), post(desk, body).json()
    assert (second["position"], second["repeated"]) == (first["position"], True)
    assert desk.control_end() == 2


def test_a_stranger_leaves_no_record(desk: Desk) -> None:
    """A change signed by nobody known is refused with 401 and nothing is appended."""
    answer = post(desk, sign_change(generate(), "institution.add", KEM, desk.clock.now()))
    assert (answer.status_code, answer.json()["code"]) == (401, "AMANA-OPER-001")
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.control_end() == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b'{"data":{},"signature":""}', b"[" * 5000])
def test_what_is_no_change_is_refused_with_a_stable_code(desk: Desk, body: bytes) -> None:
    """Anything at all gets a problem document below 500."""
    answer = post(desk, body)
    assert answer.status_code in {400, 401, 422}
    assert answer.json()["code"].startswith("AMANA-")


def test_an_old_signature_is_refused(desk: Desk) -> None:
    """A request signed ten minutes ago does not count."""
    answer = post(desk, sign_change(desk.admin, "institution.add", KEM, Ms(desk.clock.now() - 600_000)))
    assert answer.json()["code"] == "AMANA-OPER-003"


def test_size_comes_first(desk: Desk) -> None:
    """A body above the limit is refused before anything is looked at."""
    answer = post(desk, b"x" * (MAX_CHANGE_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "AMANA-SIZE-001")


def test_a_conflict_says_what_to_do(desk: Desk) -> None:
    """The problem document holds code, what was expected and a remedy."""
    with desk.client() as client:
        client.change("institution.add", KEM)
        with pytest.raises(Refused) as refused:
            client.change("institution.add", KEM)
    assert refused.value.code == "AMANA-CHANGE-003"
    assert refused.value.expected
    assert refused.value.remedy


def test_a_run_is_cut_off_at_the_ends_of_every_inbox(desk: Desk) -> None:
    """The hub, not the operator, says up to where a run looks."""
    desk.append("inbox.siasn", 1, b"one", b"two")
    desk.append("inbox.zkteco_adms", 3, b"three")
    with desk.client() as client:
        client.change("institution.add", KEM)
        client.change("run.open", RUN)
    order = desk.follower.directory.now().run("KEM-2026-10-1")
    assert order is not None
    assert order.cutoff["inbox.siasn"] == (0, 2, 0, 0)
    assert order.cutoff["inbox.zkteco_adms"] == (0, 0, 0, 1)
    assert sorted(order.cutoff) == sorted(topic for topic in desk.log.topics() if topic.startswith("inbox."))


def computed(desk: Desk, digest: str | None) -> None:
    with desk.client() as client:
        client.change("institution.add", KEM)
        client.change("run.open", RUN)
    row = {"institution": "KEM", "period": "2026-10", "state": "computed", "digest": digest, "opened_at": 1}
    desk.compute("KEM-2026-10-1", [], row)


@pytest.mark.parametrize("stored", [None, "sha256:" + "b" * 64])
def test_only_what_was_computed_is_approved(desk: Desk, stored: str | None) -> None:
    """A run that is not computed, or another digest, is refused and leaves no record."""
    checker = desk.add_operator("checker", "Person Two", "approver")
    computed(desk, stored)
    before = desk.control_end()
    with desk.client(checker) as client:
        code = code_of(lambda: client.change("run.approve", {"run": "KEM-2026-10-1", "digest": DIGEST}))
    assert (code, desk.control_end()) == ("AMANA-CHANGE-004", before)


def test_a_second_person_approves(desk: Desk) -> None:
    """The digest that was computed, signed by another person: the run is approved."""
    checker = desk.add_operator("checker", "Person Two", "approver")
    computed(desk, DIGEST)
    with desk.client(checker) as client:
        client.change("run.approve", {"run": "KEM-2026-10-1", "digest": DIGEST})
        shown = client.get("/api/v1/runs/KEM-2026-10-1")
        people = {row["name"]: row for row in client.get("/api/v1/operators")["items"]}
    assert (shown["openedBy"], shown["approvedBy"], shown["approverAddedByOpener"]) == ("admin", "checker", True)
    assert (people["checker"]["addedBy"], people["admin"]["addedBy"]) == (people["admin"]["keyId"], None)


@pytest.mark.parametrize("person", ["Person One", None])
def test_the_maker_never_approves(desk: Desk, person: str | None) -> None:
    """Neither with the same key nor as the same person with another key."""
    computed(desk, DIGEST)
    key = desk.admin if person is None else desk.add_operator("other", person, "approver")
    with desk.client(key) as client:
        code = code_of(lambda: client.change("run.approve", {"run": "KEM-2026-10-1", "digest": DIGEST}))
    assert code == "AMANA-OPER-002"


@pytest.mark.parametrize("member", ["contract", "requestContract"])
def test_a_code_names_contracts_that_are_known(desk: Desk, member: str) -> None:
    """`any`, a canonical contract or a wire contract of an adapter that is here; anything else is refused when the code
    is added, not when somebody first asks."""
    with desk.client() as client:
        client.change("institution.add", KEM)
        client.change(
            "system.add",
            {
                "institution": "KEM",
                "code": "PROV",
                "clientId": "client-prov",
                "secretSha256": "0" * 64,
                "publicKey": generate().public.pem(),
            },
        )
        code = {"direction": "pull", "provider": "PROV"}
        for wrong in ("employes", "wire:generic_json.nothing", "wire:nobody.employee"):
            assert code_of(lambda: client.change("api.add", code | {"code": "A", member: wrong})) == "AMANA-CHANGE-002"  # noqa: B023
        for n, right in enumerate(("any", "employee", "wire:generic_json.leave")):
            assert client.change("api.add", code | {"code": f"B{n}", member: right})["result"]["code"] == f"B{n}"
