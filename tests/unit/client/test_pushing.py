"""The reference sender: what it takes for a receipt, what it repeats, and what it never believes."""

from __future__ import annotations

import httpx
import pytest

from hub.client import ATTEMPTS, SendingError
from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow
from tests.unit.client.fake_hub import BODY, STRANGER, SYSTEM, Handler, Hub, cut_off, receipt, refusal, status


def test_a_signed_receipt_for_the_bytes_that_were_sent() -> None:
    """The push carries the body's bytes unchanged under a signature of the system's key."""
    hub = Hub(receipt())
    with hub.sender() as sender:
        got = sender.push("X", BODY)
    frame = envelope.frame(hub.pushed[0])
    envelope.verify(frame, KeyRing([KeyWindow(SYSTEM.public, 0, None)]), hub.clock.now())
    assert jsontext.member(frame.data, "esbBody") == BODY
    assert (got.request_id, got.duplicate) == ("a" * 32, False)


@pytest.mark.parametrize(
    "answer",
    [receipt(key=STRANGER), receipt(digest="sha256:" + "0" * 64), status(200), status(500)],
    ids=["signed by another", "for other bytes", "no envelope", "a proxy's 500"],
)
def test_what_proves_nothing_is_no_receipt(answer: Handler) -> None:
    """Not signed by the hub, or for other bytes: the sender is told that nothing is proven."""
    with Hub(answer).sender() as sender, pytest.raises(SendingError) as failed:
        sender.push("X", BODY)
    assert failed.value.sure is False


@pytest.mark.parametrize("trouble", [cut_off, status(503), status(429, retry_after="3")])
def test_what_got_no_answer_is_repeated_as_it_was(trouble: Handler) -> None:
    """The very same bytes again, so that the hub can tell a repeat."""
    hub = Hub(trouble, trouble, receipt(duplicate=True, digest="sha256:first"))
    with hub.sender() as sender:
        got = sender.push("X", BODY)
    assert (got.duplicate, len(set(hub.pushed)), len(hub.pushed)) == (True, 1, 3)


def test_the_hub_says_how_long_to_wait() -> None:
    """Retry-After is kept, other pauses grow."""
    hub = Hub(status(503, retry_after="3"), status(503), status(503), receipt())
    with hub.sender() as sender:
        sender.push("X", BODY)
    assert hub.pauses == [3.0, 1.0, 2.0]


def test_it_gives_up_and_says_that_nothing_is_sure() -> None:
    """After the last attempt: send the same again later."""
    hub = Hub(cut_off)
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.push("X", BODY)
    assert (failed.value.sure, len(hub.pushed)) == (False, ATTEMPTS)


def test_a_signed_refusal_is_final() -> None:
    """It is not repeated, and shows the hub's words and code."""
    hub = Hub(refusal(403, "AMANA-GRANT-001: no grant"))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.push("X", BODY)
    assert (failed.value.code, failed.value.sure, len(hub.pushed)) == ("AMANA-GRANT-001", True, 1)


def test_a_token_serves_until_shortly_before_its_end() -> None:
    """One token for many pushes; a new one when it is about to expire, or when the hub says that it has."""
    hub = Hub(receipt())
    with hub.sender() as sender:
        sender.push("X", BODY)
        sender.push("X", BODY)
        assert hub.tokens == 1
        hub.clock.at += 31_000
        sender.push("X", BODY)
        assert hub.tokens == 2
        hub.answers = [refusal(401, "AMANA-AUTH-002: expired"), receipt()]
        sender.push("X", BODY)
    assert hub.tokens == 3


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b"{} {}", b'{"a":1e999}'])
def test_what_is_no_strict_json_is_not_sent(body: bytes) -> None:
    """The mistake is found here, before anything leaves."""
    hub = Hub(receipt())
    with hub.sender() as sender, pytest.raises(SendingError):
        sender.push("X", body)
    assert hub.pushed == []


def test_wrong_credentials_are_final() -> None:
    """A refused token request is not repeated."""
    hub = Hub(receipt())

    def deny(_: httpx.Request) -> httpx.Response:
        hub.tokens += 1
        return httpx.Response(401, json={"error": "invalid_client", "error_description": "AMANA-AUTH-004: wrong"})

    hub.handle = deny  # type: ignore[method-assign, assignment]  # this hub denies everything
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.push("X", BODY)
    assert (failed.value.code, hub.tokens) == ("AMANA-AUTH-004", 1)
