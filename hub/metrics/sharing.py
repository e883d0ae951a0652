"""How the numbers of the worker get to the gateway's port: over a local socket beside the hub's others, when asked.

Rule: nothing is written anywhere while nobody asks, so the numbers are of this moment, and a worker that hangs is seen to.
Whoever connects gets one snapshot and the end; nothing is read from them. The socket is for its owner alone (umask).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from hub.metrics.measures import Measures, Snapshot
from hub.rundir import run_directory

SOCKET: Final = "worker.sock"
WITHIN: Final = 2.0
"""Seconds for an answer: a batch of a stage may hold the worker's event loop for a part of one."""

LARGEST: Final = 16 << 20


def forget_shared(data: Path) -> None:
    """Before any worker runs: a socket that an earlier one left says nothing about the next."""
    (run_directory(data) / SOCKET).unlink(missing_ok=True)


@asynccontextmanager
async def share(measures: Measures, data: Path) -> AsyncIterator[None]:
    """Let the gateway of this directory ask for `measures`, as long as the context lasts."""

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(msgspec.msgpack.encode(measures.snapshot()))
            await writer.drain()
        finally:
            writer.close()

    forget_shared(data)
    path = run_directory(data) / SOCKET
    server = await asyncio.start_unix_server(tell, path)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def ask_worker(data: Path) -> Snapshot | None:
    """The worker's numbers; `amana_up` 0 alone when it is there and does not answer; None: no worker of this directory."""
    path = run_directory(data) / SOCKET
    if not path.exists():
        return None
    try:
        async with asyncio.timeout(WITHIN):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                found = await reader.read(LARGEST)
                while part := await reader.read(LARGEST):
                    found += part
            finally:
                writer.close()
        return msgspec.msgpack.decode(found, type=Snapshot)
    except (OSError, TimeoutError, msgspec.DecodeError):
        return Snapshot("worker", [(("amana_up",), 0)], [])
