"""The thin edge between ASGI and bytes: read a whole body within limits, send a whole answer.

Rule: nothing here knows what the bytes mean, and no body is waited for without an end. The usual request (its body is
there when we first ask, which our server can say) costs one `receive` and two `send`, and no object that is not needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

ANSWER: Final = "amana.answer"
"""ASGI extension of our server. Its "whole" is `(status, head, body) -> bool`: writes a whole answer at once, or says that
it cannot."""

ARRIVED: Final = "amana.arrived"
"""ASGI extension of our server. Its "whole" is `() -> bool`: whether the body is all there, so that no timer is needed."""

BODY_SECONDS: Final = 20.0
"""From the end of the head to the end of the body."""

UPLOAD: Final = "/esb/upload"
"""The one path whose body is taken piece by piece, for as long as it comes fast enough."""

UPLOAD_RATE: Final = 16_384
"""Bytes a second, on the average of the whole upload, after the first `BODY_SECONDS`."""

SWALLOW: Final = 16
"""Up to so many times the limit is read and thrown away, so that the sender gets to read why it was refused."""

JSON: Final = (b"content-type", b"application/json")
XML: Final = (b"content-type", b"application/xml")
TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
PROBLEM: Final = (b"content-type", b"application/problem+json")
NO_STORE: Final = (b"cache-control", b"no-store")
CLOSE: Final = (b"connection", b"close")

_CONTENT_LENGTH: Final = b"content-length"
_NO_EXTENSIONS: Final[dict[str, Any]] = {}


class GoneError(Exception):
    """The sender went away before its request was whole. There is nobody to answer."""


class LateError(Exception):
    """The body was not whole in time. The sender is there, and its connection must end with the answer."""


class TooLargeError(Exception):
    """The body passes the limit. `cut`: more is coming, so the connection must end with the answer."""

    def __init__(self, size: int, *, cut: bool) -> None:
        self.size = size
        self.cut = cut
        super().__init__("body too large")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises `TooLargeError` past `limit` bytes, `LateError` when it is not whole in time, and
    `GoneError` when the sender is gone."""
    arrived = scope.get("extensions", _NO_EXTENSIONS).get(ARRIVED)
    if arrived is not None and arrived["whole"]():
        message = await receive()
        if not message.get("more_body") and message["type"] == "http.request":
            body: bytes = message["body"]
            if len(body) > limit:
                raise TooLargeError(len(body), cut=False)
            return body
        raise GoneError
    declared = find_header(scope["headers"], _CONTENT_LENGTH)
    if declared.isdigit() and int(declared) > limit * SWALLOW:
        raise TooLargeError(int(declared), cut=True)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_pieces(receive, limit)
    except TimeoutError:
        raise LateError from None


async def _read_pieces(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        part = message["body"]
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > limit * SWALLOW:
            raise TooLargeError(size, cut=True)
        else:
            parts.clear()
        if not message.get("more_body"):
            break
    if size > limit:
        raise TooLargeError(size, cut=False)
    return b"".join(parts)


class Stream:
    """A body as it comes, piece by piece. `more`: not all of it was taken yet."""

    def __init__(self, receive: Receive, rate: int = UPLOAD_RATE) -> None:
        self.more = True
        self._receive = receive
        self._rate = rate

    async def parts(self) -> AsyncIterator[bytes]:
        """Raises `LateError` when it comes too slowly, `GoneError` when the sender is gone."""
        loop = asyncio.get_running_loop()
        began, size = loop.time(), 0
        while self.more:
            try:
                async with asyncio.timeout_at(began + BODY_SECONDS + size / self._rate):
                    message = await self._receive()
            except TimeoutError:
                raise LateError from None
            if message["type"] != "http.request":
                raise GoneError
            self.more = bool(message.get("more_body"))
            size += len(message["body"])
            yield message["body"]

    async def swallow(self, limit: int) -> None:
        """Throw away at most so much of what is still to come, so that the sender gets to read why it was refused."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in self.parts():
                    limit -= len(part)
                    if limit < 0:
                        return
        except (TimeoutError, LateError):
            return


def find_header(headers: Headers, name: bytes) -> bytes:
    """Value of the first header of that (lower-case) name, or nothing."""
    for key, value in headers:
        if key == name:
            return value
    return b""


async def answer(
    send: Send, status: int, body: bytes, kind: tuple[bytes, bytes], extra: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """One whole answer."""
    headers = [kind, (_CONTENT_LENGTH, b"%d" % len(body)), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_whole(
    scope: Scope,
    send: Send,
    status: int,
    body: bytes,
    kind: tuple[bytes, bytes] = JSON,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """As `answer`, in one piece where our server can: for the answers that speed matters for."""
    extension = scope.get("extensions", _NO_EXTENSIONS).get(ANSWER)
    if extension is not None:
        head = b"content-type: %b\r\ncontent-length: %d\r\n" % (kind[1], len(body))
        if extra:
            head += b"".join([b"%b: %b\r\n" % header for header in extra])
        if extension["whole"](status, head, body):
            return
    await answer(send, status, body, kind, extra)
