"""Connections to systems outside, made to the very address that was checked.

Rule: a name is looked up once per connection, every address that it has is checked, and the connection goes to one of
those: a name that changes its answer between the check and the connection leads nowhere. `Host` and the name in TLS
stay the name. A connection that was begun is closed, also by who is cancelled in between.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import httpcore

from hub.errors import BadMessage
from hub.urls import is_private

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""IP addresses of a host and port, best first. Raises `OSError` when it has none."""

Context = Callable[[], ssl.SSLContext]
"""What TLS trusts and shows, asked for each connection."""

SocketOptions = Iterable[tuple[Any, ...]]

NO_ADDRESS: Final = "the name has no address"
PRIVATE: Final = "private address"


async def look_up(host: str, port: int) -> list[str]:
    """`Resolve` by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class SharedLookUp:
    """`Resolve` for many at once: who asks for a name that is being looked up waits for that answer. The resolver works
    in few threads and cannot be cancelled, so one name whose servers are silent must not take them all."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        asked = (host, port)
        answer = self._under_way.get(asked)
        if answer is None:
            answer = self._under_way[asked] = asyncio.ensure_future(self._resolve(host, port))
            answer.add_done_callback(lambda done: self._answered(asked, done))
        return await asyncio.shield(answer)

    def _answered(self, asked: tuple[str, int], answer: asyncio.Future[list[str]]) -> None:
        del self._under_way[asked]
        if not answer.cancelled():
            answer.exception()  # whoever asked may have gone


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """The network as httpcore sees it. `private`: addresses that are not of the public internet are allowed."""

    def __init__(
        self, network: httpcore.AsyncNetworkBackend, resolve: Resolve, context: Context, *, private: bool
    ) -> None:
        self._network = network
        self._resolve = SharedLookUp(resolve)
        self._context = context
        self._private = private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that takes it. Raises `BadMessage` AMANA-OUT-004 when any of
        them is private, `httpcore.ConnectError` when none is there."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(NO_ADDRESS) from error
        if not self._private and any(is_private(address) for address in addresses):
            raise BadMessage("AMANA-OUT-004", PRIVATE)
        failed: Exception = httpcore.ConnectError(NO_ADDRESS)
        # an address that swallows everything leaves time for the next one
        share = timeout and timeout / len(addresses)
        for address in addresses:
            try:
                found = await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Named(found, self._context)
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _Named(httpcore.AsyncNetworkStream):
    """A connection before TLS, if any: TLS on it is that of `context`."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, context: Context) -> None:
        self._stream = stream
        self._context = context

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del ssl_context  # the pool's, which is fixed
        return await self._stream.start_tls(self._context(), server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
