"""Connections to systems outside, made to the very address that was checked.

Rule: a name is looked up once per connection, every address that it has is checked, and the connection goes to one of
those: a name that changes its answer between the check and the connection leads nowhere. `Host` and the name in TLS
stay the name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import httpcore

from hub.errors import BadMessage
from hub.urls import is_private

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""IP addresses of a host and port, best first. Raises `OSError` when it has none."""

SocketOptions = Iterable[tuple[Any, ...]]

NO_ADDRESS: Final = "the name has no address"


async def look_up(host: str, port: int) -> list[str]:
    """`Resolve` by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """The network as httpcore sees it. `private`: addresses that are not of the public internet are allowed."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, resolve: Resolve, *, private: bool) -> None:
        self._network = network
        self._resolve = resolve
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
            raise BadMessage("AMANA-OUT-004", "private address")
        failed: Exception = httpcore.ConnectError(NO_ADDRESS)
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
