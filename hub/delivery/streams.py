"""TCP and TLS connections for httpcore, on the event loop's own transports.

Rule: a connection is read as it comes, up to a bound, so whether anything waits in it is known without asking the system.
The head of a request waits for what follows it and both go out in one piece. Closing is at once: whoever closes has all that
was wanted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final, cast

import httpcore

ENOUGH: Final = 262_144
"""Bytes that wait for a reader before the other side has to wait."""

SocketOptions = Iterable[tuple[Any, ...]]


class LoopNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises `httpcore.ConnectError`, or `httpcore.ConnectTimeout` after `timeout` seconds."""
        del local_address, socket_options  # never asked for here
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, link = await loop.create_connection(_Link, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from error
        return LoopStream(link)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class LoopStream(httpcore.AsyncNetworkStream):
    """One connection. Its deadlines are those of who waits: `timeout` of reads and writes is left alone."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._head = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the caller's deadline
        if self._head:
            await self._send(b"")
        try:
            return await self._link.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(type(error).__name__) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        if not buffer:
            return
        if not self._head and buffer.endswith(b"\r\n\r\n"):
            self._head = buffer  # goes with what follows, or with the wish to read
        else:
            await self._send(buffer)

    async def aclose(self) -> None:
        self._link.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """This connection over TLS. Raises `httpcore.ConnectError` or `ConnectTimeout`; the connection is closed then."""
        try:
            await self._link.secure(ssl_context, server_hostname, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from error
        except BaseException:
            self._link.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._link.is_stirred() if info == "is_readable" else self._link.look_up(info)

    async def _send(self, buffer: bytes) -> None:
        whole, self._head = self._head + buffer, b""
        try:
            await self._link.write(whole)
        except OSError as error:
            raise httpcore.WriteError(type(error).__name__) from error


class _Link(asyncio.Protocol):
    """The loop's side of a connection: what has come, and whether more may be written."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._full = False  # the other side has to wait
        self._reader: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    # what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > ENOUGH and not self._full and self._transport is not None:
            self._full = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # what the stream calls

    async def read(self, most: int) -> bytes:
        """What has come, at most so much; empty at the end. Raises `OSError` when the connection broke."""
        while not self._received and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._received and self._error is not None:
            raise ConnectionError from self._error
        found = bytes(self._received[:most])
        del self._received[:most]
        if self._full and len(self._received) <= ENOUGH and self._transport is not None:
            self._full = False
            self._transport.resume_reading()
        return found

    async def write(self, data: bytes) -> None:
        """Hand over, and wait while too much waits already. Raises `OSError` when the connection is gone."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError
        self._transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def secure(self, context: ssl.SSLContext, name: str | None, timeout: float | None) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        made = await loop.start_tls(self._transport, self, context, server_hostname=name, ssl_handshake_timeout=timeout)
        if made is None:
            raise ConnectionError
        self._transport = made

    def is_stirred(self) -> bool:
        """Whether an idle connection has ended, or something came that nobody asked for."""
        return bool(self._received) or self._ended or self._transport is None or self._transport.is_closing()

    def look_up(self, name: str) -> Any:
        return None if self._transport is None else self._transport.get_extra_info(name)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
