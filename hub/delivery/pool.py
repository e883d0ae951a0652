"""Connections to places outside, kept for the next call.

Rule: a connection is in one place at a time: with a call, or idle here, or closed. An idle one that has ended, said
something that nobody asked for, or waited too long is closed, not used. Whoever took a connection gives it back, however
the call ends.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from httpcore import AsyncNetworkBackend, AsyncNetworkStream

CONNECTIONS: Final = 256
IDLE: Final = 32
IDLE_SECONDS: Final = 4.0
"""Less than the 5 seconds after which common servers close what is idle: a call must not meet that."""

Place = tuple[str, str, int]
"""Scheme, host and port."""


@dataclass(slots=True, eq=False)
class Connection:
    """`since`: when it became idle, in seconds of the loop; None while it is with a call."""

    place: Place
    stream: AsyncNetworkStream
    since: float | None = None

    def is_idle(self) -> bool:
        return self.since is not None


class Pool:
    """Connections over `network`, which brings its own TLS context."""

    def __init__(self, network: AsyncNetworkBackend) -> None:
        self._network = network
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Connection] = []  # the longest idle first
        self._busy: set[Connection] = set()
        self._unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the interface wants one; the network has its own

    @property
    def connections(self) -> Sequence[Connection]:
        return [*self._idle, *self._busy]

    async def take(self, place: Place, timeout: float, securing: Callable[[], None]) -> Connection:
        """An idle connection to that place, or a new one. `securing` is called before a handshake of TLS. Raises what
        the network does."""
        await self._places.acquire()
        try:
            connection = await self._find(place)
            if connection is None:
                if len(self._idle) + len(self._busy) >= CONNECTIONS:
                    await self._idle.pop(0).stream.aclose()
                connection = Connection(place, await self._connect(place, timeout, securing))
        except BaseException:
            self._places.release()
            raise
        self._busy.add(connection)
        return connection

    async def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """The call with it has ended."""
        self._busy.discard(connection)
        self._places.release()
        if not reusable:
            await connection.stream.aclose()
            return
        connection.since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if len(self._idle) > IDLE:
            await self._idle.pop(0).stream.aclose()

    async def close(self) -> None:
        """Close every connection, those with a call too."""
        idle, self._idle = self._idle, []
        for connection in (*idle, *self._busy):
            await connection.stream.aclose()

    async def _find(self, place: Place) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle and (self._idle[0].since or 0.0) < oldest:
            await self._idle.pop(0).stream.aclose()
        for n in range(len(self._idle) - 1, -1, -1):
            connection = self._idle[n]
            if connection.place != place:
                continue
            del self._idle[n]
            connection.since = None
            if not connection.stream.get_extra_info("is_readable"):
                return connection
            await connection.stream.aclose()
        return None

    async def _connect(self, place: Place, timeout: float, securing: Callable[[], None]) -> AsyncNetworkStream:
        scheme, host, port = place
        stream = await self._network.connect_tcp(host, port, timeout)
        if scheme != "https":
            return stream
        securing()
        try:
            return await stream.start_tls(self._unused, host, timeout)
        except BaseException:
            await stream.aclose()
            raise
