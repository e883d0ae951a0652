"""Signed reads: good for one operator, one target, five minutes."""

from __future__ import annotations

import base64

import pytest

from hub.control.requests import SCHEME, body_target, sign_read, verify_read
from hub.errors import BadMessage
from hub.records import Ms
from tests.unit.control.signed_changes import ADMIN, NOW, SECOND, Script, pem

TARGET = "/api/v1/messages?limit=10"


def _code(header: str | None, *, method: str = "GET", target: str = TARGET, now: Ms = NOW) -> str:
    with pytest.raises(BadMessage) as refused:
        verify_read(header, method, target, Script().directory.now(), now)
    return refused.value.code


def test_a_signed_read_names_its_operator() -> None:
    """The header of a registered operator gives that operator."""
    script = Script()
    header = sign_read(ADMIN, "GET", TARGET, NOW)
    assert verify_read(header, "GET", TARGET, script.directory.now(), NOW).key_id == ADMIN.public.key_id


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
    assert verify_read(header, "POST", body_target(TARGET, b"one"), view, NOW).name == "root"


@pytest.mark.parametrize("drift", [-300_001, 300_001])
def test_old_headers_are_refused(drift: int) -> None:
    """A header is good for five minutes around its time."""
    assert _code(sign_read(ADMIN, "GET", TARGET, Ms(NOW + drift))) == "AMANA-OPER-003"


def test_suspended_operators_read_nothing() -> None:
    """A suspension holds for reads too."""
    script = Script()
    script.tell("operator.add", {"name": "two", "person": "Two", "publicKey": pem(SECOND)})
    header = sign_read(SECOND, "GET", TARGET, NOW)
    assert verify_read(header, "GET", TARGET, script.directory.now(), NOW).name == "two"
    script.tell("operator.suspend", {"keyId": SECOND.public.key_id})
    with pytest.raises(BadMessage) as refused:
        verify_read(header, "GET", TARGET, script.directory.now(), NOW)
    assert refused.value.code == "AMANA-OPER-001"
