"""One request and its answer on one connection: HTTP/1.1 as a caller speaks it.

Rule: an answer is taken by what HTTP says of its length and in no other way; what could be read in two ways is none. A
connection is good for another exchange only when the last one ended cleanly, and nothing came behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httptools
from httpcore import AsyncNetworkStream, RemoteProtocolError, WriteError

MAX_HEAD: Final = 65_536
"""Bytes before an answer's body begins, interim answers included, about."""

PIECE: Final = 65_536
PLAIN: Final = frozenset({"", "identity"})
"""Codings of a body that is what it looks like."""

_BODILESS: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came. `body`: as far as it was read; `more`: something came behind it; `large`: the body passes the limit;
    `reusable`: the connection is good for another exchange."""

    status: int
    content_type: str
    encoding: str
    body: bytes
    large: bool
    more: bool
    reusable: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # names in lower case


async def exchange(stream: AsyncNetworkStream, request: bytes, limit: int) -> Reply:
    """The reply to a whole request. Reading stops early when the body passes `limit` bytes or is compressed. Raises
    `RemoteProtocolError` for what is no answer, `ReadError` when the connection breaks; waits without end: the caller
    has the deadline."""
    try:
        await stream.write(request)
    except WriteError:
        pass  # it may have answered before it hung up
    reading = _Reading()
    parser = reading.parser = httptools.HttpResponseParser(reading)
    size = 0
    while not reading.is_complete():
        data = await stream.read(PIECE)
        if not data:
            reading.end()
            break
        size += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not reading.is_complete():
                raise RemoteProtocolError(type(error).__name__) from error
            reading.more = True  # something behind an answer that said it was the last
        if not reading.begun and size > MAX_HEAD:
            raise RemoteProtocolError("the head does not end")
        if reading.begun and (len(reading.body) > limit or reading.encoding not in PLAIN):
            break
    large = len(reading.body) > limit
    return Reply(
        reading.status,
        reading.content_type,
        reading.encoding,
        bytes(reading.body),
        large,
        reading.more,
        reading.keeps and not reading.more and not large,
        reading.headers(),
    )


class _Reading:
    """What the parser calls, and what came of it. `begun`: the head of the final answer is there."""

    parser: httptools.HttpResponseParser

    def __init__(self) -> None:
        self.status = 0
        self.begun = self.complete = self.more = self.keeps = False
        self.body = bytearray()
        self.content_type = self.encoding = ""
        self._headers: list[tuple[bytes, bytes]] = []
        self._measured = False  # the head says where the body ends

    def is_complete(self) -> bool:
        return self.complete

    def end(self) -> None:
        """The other side has closed. Raises `RemoteProtocolError` unless that ends the answer."""
        if not self.begun or self._measured:
            raise RemoteProtocolError("the answer is not whole")
        self.complete = True

    def headers(self) -> dict[str, str]:
        """Headers of the final answer; of one that comes twice, both."""
        return {name.decode("latin-1"): self._value(name) for name, _ in self._headers}

    # what the parser calls

    def on_message_begin(self) -> None:
        if self.complete:
            self.more = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.complete:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        status = self.parser.get_status_code()
        if status < 200:
            if not 100 <= status < 200 or status == 101:
                raise RemoteProtocolError("no final answer")
            self._headers.clear()
            return
        transfer = self._value(b"transfer-encoding").lower()
        if transfer not in {"", "chunked"} or not self.parser.get_http_version().startswith("1."):
            raise RemoteProtocolError("unknown coding or version")
        self.status = status
        self.content_type = self._value(b"content-type")
        self.encoding = self._value(b"content-encoding").lower()
        length = self._value(b"content-length")
        self._measured = bool(transfer or length) or status in _BODILESS
        self.begun = True
        # it has no body whatever it says, and the parser waits for one
        self.complete = status in _BODILESS and (length or "0") != "0"

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.body += body

    def on_message_complete(self) -> None:
        if self.begun and not self.complete:
            self.complete = True
            self.keeps = self._measured and self.parser.should_keep_alive()

    def _value(self, name: bytes) -> str:
        return ", ".join(value.decode("latin-1").strip() for key, value in self._headers if key == name)
