"""The reference sender: what it takes for a receipt, what it repeats, and what it never believes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hub.client import ATTEMPTS, Sender, SendingError
from hub.records import Ms
from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow, generate

HUB, STRANGER, SYSTEM = generate(), generate(), generate()
BODY = b'{"records": [1.50, "\xc3\xa9"]}'
Handler = Callable[[httpx.Request], httpx.Response]


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at = 1_790_000_000_000

    def now(self) -> Ms:
        return Ms(self.at)

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Hub:
    """Plays the hub: a list of answers to pushes, the last one for ever."""

    def __init__(self, *answers: Handler) -> None:
        self.answers = list(answers)
        self.pushed: list[bytes] = []
        self.tokens = 0
        self.pauses: list[float] = []
        self.clock = Clock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.tokens += 1
            return httpx.Response(
                200, json={"access_token": f"t{self.tokens}", "token_type": "Bearer", "expires_in": 60}
            )
        self.pushed.append(request.content)
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)

    def sender(self) -> Sender:
        return Sender("http://hub", "id", "secret", SYSTEM, HUB.public, clock=self.clock,
                      transport=httpx.MockTransport(self.handle), pause=self.pauses.append)  # fmt: skip


def receipt(*, key: Any = HUB, digest: str | None = None, duplicate: bool = False) -> Handler:
    def answer(request: httpx.Request) -> httpx.Response:
        of = digest or "sha256:" + hashlib.sha256(request.content).hexdigest()
        body = {"digest": of, "receivedAt": "2026-11-02T00:00:00.000Z", "duplicate": duplicate}
        data = {"success": True, "requestId": "a" * 32, "esbBody": body}
        return httpx.Response(200, content=envelope.seal(envelope.render_data(data), key))

    return answer


def refusal(status: int, text: str) -> Handler:
    data = {"success": False, "requestId": "b" * 32, "message": text}
    return lambda _: httpx.Response(status, content=envelope.seal(envelope.render_data(data), HUB))


def status(code: int, **headers: str) -> Handler:
    return lambda _: httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone", request=request)


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
