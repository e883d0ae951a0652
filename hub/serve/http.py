"""uvicorn's HTTP protocol with the bounds that it lacks: on size and time of a request's head, on the time of its body,
on the time that an answer waits for its reader, on the connections of one caller; and a way to answer at once.

Rule: the bounds cost a request that arrives whole nothing but two comparisons; whoever dribbles or floods is cut off.
The ASGI extension `amana.answer` writes a whole answer in one piece, and leaves the connection as two `send` would have;
`amana.arrived` says whether the whole body is there.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from hub.errors import BadMessage
from hub.gateway import wire
from hub.gateway.address import Network, neighbourhood, within
from hub.gateway.wire import ANSWER, ARRIVED, CLOSE, TEXT, Receive, Scope, Send, answer

MAX_HEAD: Final = 16_384
HEAD_SECONDS: Final = 20.0
SPARE_SECONDS: Final = 5.0
"""So much later than the application gives up a body, the connection is cut, whatever the application does."""

UNREAD_SECONDS: Final = 20.0
"""For a caller to take its answer, beside the time that the answer needs at `wire.UPLOAD_RATE`; then what it left unread
goes with the connection, and does not stay in memory."""

MOST_CONNECTIONS: Final = 4096
SPARE_FILES: Final = 384
"""File descriptors that are for other things than callers: databases, and what the hub itself calls."""

CALLER_CONNECTIONS: Final = 256
"""Open connections of one caller: enough for a district office behind one address, too few to shut out the others."""


def most_connections() -> int:
    """How many connections this process can hold, with files to spare."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else max(16, min(MOST_CONNECTIONS, files - SPARE_FILES))


class Callers:
    """Open connections of each caller (see `neighbourhood`). Proxies that are trusted, and the local socket, stand for
    many and are not counted."""

    def __init__(self, proxies: tuple[Network, ...] = (), limit: int = CALLER_CONNECTIONS) -> None:
        self._proxies = proxies
        self._limit = limit
        self._open: Counter[str] = Counter()

    def enter(self, address: str | None) -> str | None:
        """Count one more; the name to `leave` by, or None for who is not counted. Raises `ConnectionRefusedError` when
        there are too many."""
        if address is None or within(address, self._proxies):
            return None
        name = neighbourhood(address)
        if self._open[name] >= self._limit:
            raise ConnectionRefusedError
        self._open[name] += 1
        return name

    def leave(self, name: str) -> None:
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, callers: Callers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._callers = callers
        self._caller: str | None = None
        self._in_head = True  # a new connection owes us a request
        self._in_body = False
        self._uploading = False
        self._head = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        try:
            self._caller = self._callers.enter(self.client[0] if self.client else None)
        except ConnectionRefusedError:
            transport.abort()
            return
        self._arm(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._forget_unread()
        if self._caller is not None:
            self._callers.leave(self._caller)
            self._caller = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head:
            if self._head > MAX_HEAD:
                self.transport.close()
            elif self._deadline is None:
                self._arm(HEAD_SECONDS)
        elif self._in_body:
            if self._uploading and self._deadline is not None:
                self._disarm()  # the application bounds its rate; here silence alone ends it
            if self._deadline is None:
                self._arm(wire.BODY_SECONDS + SPARE_SECONDS)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        if self._deadline is not None:
            self._disarm()
        # what arrived with the head may be its body, so a long segment is looked at more closely
        if self._head > MAX_HEAD and len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > MAX_HEAD:
            self.app = refuse_head
        self._head = 0
        super().on_headers_complete()
        # its task was made just now, and has not run yet
        cycle = self.cycle
        self._uploading = self.scope["path"] == wire.UPLOAD
        self.scope["extensions"] = {
            ANSWER: {"whole": partial(answer_at_once, cycle)},
            ARRIVED: {"whole": partial(has_arrived, cycle)},
        }

    def on_message_complete(self) -> None:
        self._in_body = False
        if self._deadline is not None:
            self._disarm()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        waiting = self.transport.get_write_buffer_size()
        self._forget_unread()
        self._unread = self.loop.call_later(UNREAD_SECONDS + waiting / wire.UPLOAD_RATE, self.transport.abort)

    def resume_writing(self) -> None:
        self._forget_unread()
        super().resume_writing()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _arm(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._cut)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        self.transport.close()


async def refuse_head(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Stands for the application when a head is too large."""
    error = BadMessage("AMANA-HTTP-006")
    await answer(send, error.spec.status, error.text().encode(), TEXT, (CLOSE,))


def has_arrived(cycle: RequestResponseCycle) -> bool:
    """Whether nothing of the body is missing."""
    return not cycle.more_body


def answer_at_once(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> bool:
    """Write a whole answer: `head` is its header lines, with the content length. False, and nothing done, when it has to
    go the long way: the client reads slowly, is gone, wants no body, or wants the connection closed."""
    if cycle.flow.write_paused or cycle.disconnected or not cycle.keep_alive or cycle.scope["method"] == "HEAD":
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
    cycle.message_event.set()
    cycle.on_response()
    return True
