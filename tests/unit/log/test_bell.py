"""The doorbell wakes who waits for what grew, and everybody when in doubt."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.log.bell import Bell
from hub.rundir import run_directory

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that is short enough for a socket."""
    return run_directory(tmp_path)


async def rung(event: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(event.wait(), 0.3)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("same_process", [True, False])
async def test_only_who_waits_for_a_part_wakes(directory: Path, same_process: bool) -> None:
    """A ring for one part wakes its waiters and no others, in this process and in another."""
    listener = Bell(directory)
    ringer = listener if same_process else Bell(directory)
    with listener.listening([1, 2]) as wanted, listener.listening([3]) as other:
        ringer.ring([2, 9])
        assert (await rung(wanted), await rung(other)) == (True, False)
    listener.close()
    ringer.close()


async def test_a_ring_for_nothing_in_particular_wakes_everybody(directory: Path) -> None:
    """New topics ring without parts: nobody may sleep through them."""
    listener, ringer = Bell(directory), Bell(directory)
    with listener.listening([1]) as event:
        ringer.ring()
        assert await rung(event)
    listener.close()
    ringer.close()


async def test_more_parts_than_a_datagram_holds_wake_everybody(directory: Path) -> None:
    """A commit that touches very many partitions wakes who waits for any."""
    listener, ringer = Bell(directory), Bell(directory)
    with listener.listening([5000]) as event:
        ringer.ring(range(1000))
        assert await rung(event)
    listener.close()
    ringer.close()


async def test_a_flooded_socket_loses_no_ring(directory: Path) -> None:
    """Rings that find the socket full are dropped by the system; the listener wakes for everything then."""
    listener, ringer = Bell(directory), Bell(directory)
    with listener.listening([7]) as event:
        for _ in range(10_000):  # more than any system queues
            ringer.ring([1])
        ringer.ring([7])
        assert await rung(event)
    listener.close()
    ringer.close()
