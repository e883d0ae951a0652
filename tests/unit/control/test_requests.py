"""Signed reads: good for one operator, one target, one minute, one time."""

from __future__ import annotations

import base64

import pytest

from hub.control.requests import SCHEME, ReadsSeen, body_target, sign_read, verify_read
from hub.errors import BadMessage
from hub.records import Ms
from tests.unit.control.signed_changes import ADMIN, NOW, SECOND, Script, pem

TARGET = "/api/v1/messages?limit=10"


def _code(header: str | None, *, method: str = "GET", target: str = TARGET, now: Ms = NOW) -> str:
    with pytest.raises(BadMessage) as refused:
        verify_read(header, method, target, Script().directory.now(), now, ReadsSeen())
    return refused.value.code


def test_a_signed_read_names_its_operator() -> None:
    """The header of a registered operator gives that operator."""
    script = Script()
    header = sign_read(ADMIN, "GET", TARGET, NOW)
    assert verify_read(header, "GET", TARGET, script.directory.now(), NOW, ReadsSeen()).key_id == ADMIN.public.key_id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer x",
        SCHEME,
        SCHEME + "%%%",
        SCHEME + base64.b64encode(b"{}").decode(),
        SCHEME + base64.b64encode(b'{"data":{"operator":[]},"signature":"AAAA"}').decode(),
        SCHEME + "\u00e9",
        SCHEME + "A" * 9000,
    ],
)
def test_what_is_no_signed_request_is_refused(header: str | None) -> None:
    """Whatever stands in the header, the answer is one code and never another error."""
    assert _code(header) == "AMANA-OPER-001"


def test_another_key_is_refused() -> None:
    """A key that is not registered reads nothing."""
    assert _code(sign_read(SECOND, "GET", TARGET, NOW)) == "AMANA-OPER-001"


def test_a_header_is_good_for_its_target_only() -> None:
    """Neither another path, nor another query, nor another method."""
    header = sign_read(ADMIN, "GET", TARGET, NOW)
    found = [
        _code(header, target="/api/v1/runs"),
        _code(header, target="/api/v1/messages?limit=11"),
        _code(header, method="POST"),
    ]
    assert found == ["AMANA-OPER-001"] * 3


def test_a_question_in_a_body_is_signed_with_it() -> None:
    """The target of a read with a body covers the body."""
    header = sign_read(ADMIN, "POST", body_target(TARGET, b"one"), NOW)
    assert _code(header, method="POST", target=body_target(TARGET, b"two")) == "AMANA-OPER-001"
    view = Script().directory.now()
    assert verify_read(header, "POST", body_target(TARGET, b"one"), view, NOW, ReadsSeen()).name == "root"


@pytest.mark.parametrize("drift", [-60_001, 60_001])
def test_old_headers_are_refused(drift: int) -> None:
    """A header is good for one minute around its time."""
    assert _code(sign_read(ADMIN, "GET", TARGET, Ms(NOW + drift))) == "AMANA-OPER-003"


def test_suspended_operators_read_nothing() -> None:
    """A suspension holds for reads too."""
    script = Script()
    script.tell("operator.add", {"name": "two", "person": "Two", "publicKey": pem(SECOND)})
    header = sign_read(SECOND, "GET", TARGET, NOW)
    assert verify_read(header, "GET", TARGET, script.directory.now(), NOW, ReadsSeen()).name == "two"
    script.tell("operator.suspend", {"keyId": SECOND.public.key_id})
    with pytest.raises(BadMessage) as refused:
        verify_read(header, "GET", TARGET, script.directory.now(), NOW, ReadsSeen())
    assert refused.value.code == "AMANA-OPER-001"


def test_a_header_is_good_once() -> None:
    """Sent again it is refused for as long as it is fresh; after that it is too old. Another one of the same operator for
    the same target, and the same nonce of another operator, are reads of their own."""
    script, seen = Script(), ReadsSeen()
    script.tell("operator.add", {"name": "two", "person": "Two", "publicKey": pem(SECOND)})
    view = script.directory.now()
    header = sign_read(ADMIN, "GET", TARGET, Ms(NOW + 60_000))
    found = []
    for now in (NOW, NOW, NOW + 60_001, NOW + 120_000, NOW + 120_001):
        try:
            found.append(verify_read(header, "GET", TARGET, view, Ms(now), seen).name)
        except BadMessage as refused:
            found.append(refused.code)
    assert found == ["root", "AMANA-OPER-005", "AMANA-OPER-005", "AMANA-OPER-005", "AMANA-OPER-003"]
    assert verify_read(sign_read(ADMIN, "GET", TARGET, NOW), "GET", TARGET, view, NOW, seen).name == "root"
    assert verify_read(sign_read(SECOND, "GET", TARGET, NOW), "GET", TARGET, view, NOW, seen).name == "two"


def test_the_memory_of_reads_is_bounded() -> None:
    """When it is full a read is refused, never taken without being remembered; there is room again once they are old."""
    seen = ReadsSeen(2)
    seen.take("a", "1", NOW, NOW)
    seen.take("b", "1", NOW, NOW)
    with pytest.raises(BadMessage) as refused:
        seen.take("a", "2", NOW, NOW)
    assert refused.value.code == "AMANA-OPER-005"
    seen.take("a", "2", Ms(NOW + 60_001), Ms(NOW + 60_001))
