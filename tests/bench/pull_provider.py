"""A provider for the benchmark of pulls: `python -m tests.bench.pull_provider KEYFILE SECONDS`, in a process of its own.

It prints its port, answers every request that number of seconds after its last byte was read, signed, and says on GET how
long each took it, by request id. The key is read at the first request: it is made once the address is known.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from signing import envelope, jsontext
from signing.keyfiles import read_key
from signing.keys import PrivateKey


class Provider:
    """`own`: seconds by request id."""

    def __init__(self, key_file: Path, seconds: float) -> None:
        self._key_file = key_file
        self._key: PrivateKey | None = None
        self.seconds = seconds
        self.own: dict[str, float] = {}

    def answer(self, body: bytes) -> tuple[str, bytes]:
        """Id of the request, and the whole HTTP answer to it."""
        if self._key is None:
            self._key = read_key(self._key_file)
        members: dict[str, Any] = jsontext.parse(envelope.frame(body).data)
        request = str(members["requestId"])
        said = {"success": True, "requestId": request, "esbBody": {"grade": 9, "asked": members["esbBody"]}}
        return request, respond(envelope.seal(envelope.render_data(said), self._key))


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are of no class of asyncio

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        if head.startswith(b"GET "):
            self._received = b""
            self._write(respond(jsontext.render(self._provider.own)))
        elif len(body) >= length_of(head):
            self._received = b""
            loop = asyncio.get_running_loop()
            loop.call_later(self._provider.seconds, self._answer, body, time.perf_counter())

    def _answer(self, body: bytes, read: float) -> None:
        request, answer = self._provider.answer(body)
        self._write(answer)
        self._provider.own[request] = time.perf_counter() - read

    def _write(self, answer: bytes) -> None:
        assert self._transport is not None
        self._transport.write(answer)


def respond(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def length_of(head: bytes) -> int:
    """The content length that a head names; 0 when it names none."""
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


async def serve(provider: Provider) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(provider), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        # ends with whoever started it
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve(Provider(Path(sys.argv[1]), float(sys.argv[2]))))
