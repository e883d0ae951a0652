"""TLS on a listening socket: connections are accepted here, and are the server's once their handshake is over.

Rule: whoever has shown nothing yet holds a bounded place for a bounded time: so many handshakes at once, so many of one
caller, so many seconds each. uvicorn, which counts a connection only after its handshake, sees whole connections.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from hub.delivery.connecting import Context
from hub.serve.http import Callers

HANDSHAKE_SECONDS: Final = 10.0
GOODBYE_SECONDS: Final = 2.0
"""For a peer to take note that the connection ends; many never do."""

HANDSHAKES: Final = 512
CALLER_HANDSHAKES: Final = 128

PAUSE: Final = 0.5
"""Seconds without accepting when there is no file for one more; callers wait in the backlog."""


class TlsListener:
    """Looks to uvicorn like one of its servers. `protocol` makes the protocol of a connection, `callers` counts
    handshakes."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        context: Context,
        callers: Callers,
        most: int = HANDSHAKES,
    ) -> None:
        listening.setblocking(False)
        self._socket = listening
        self._protocol = protocol
        self._context = context
        self._callers = callers
        self._places = asyncio.Semaphore(most)
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Accept no more; handshakes that are under way end."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.wait([self._accepting, *self._handshakes])

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                link, address = await loop.sock_accept(self._socket)
            except OSError:
                self._places.release()
                await asyncio.sleep(PAUSE)
                continue
            task = asyncio.create_task(self._shake_hands(link, str(address[0])))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, link: socket.socket, address: str) -> None:
        try:
            name = self._callers.enter(address)
        except ConnectionRefusedError:
            link.close()
            self._places.release()
            return
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                link,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except OSError:  # every failure of a handshake is one; the loop has closed the connection
            pass
        finally:
            self._places.release()
            if name is not None:
                self._callers.leave(name)
