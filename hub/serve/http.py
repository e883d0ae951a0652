"""uvicorn's HTTP protocol with the bounds that it lacks, on size and time of a request's head, and a way to answer at once.

Rule: the bounds cost a request that arrives whole nothing but one comparison; whoever dribbles or floods a head is cut off.
The ASGI extension `amana.answer` writes a whole answer in one piece, and leaves the connection as two `send` would have.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from hub.gateway.wire import ANSWER

MAX_HEAD: Final = 65_536
HEAD_SECONDS: Final = 20.0


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True  # a new connection owes us a request
        self._head = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self.transport.close()
            elif self._deadline is None:
                self._arm()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head = 0
        if self._deadline is not None:
            self._disarm()
        super().on_headers_complete()
        # its task was made just now, and has not run yet
        self.scope["extensions"] = {ANSWER: {"whole": partial(answer_at_once, self.cycle)}}

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._cut)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        self.transport.close()


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
