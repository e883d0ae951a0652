"""A log with nothing in it but what came from outside, and a hub core that reads it from the first record on.

Rule: what is kept are `control`, `inbox.*` and the secrets of their records; whatever the hub made itself is gone, the
secret of its run included, and the store begins empty.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import apsw

from adapters.kit.registry import find
from hub import keys
from hub.clock import SystemClock
from hub.control.follow import CONTROL_SECRET, DirectoryFollower
from hub.errors import TryAgain
from hub.log.engine import EmbeddedLog
from hub.log.keyhash import WIDTH, id_bytes
from hub.log.tables import OFFSET_BITS
from hub.ports import Answer, Call
from hub.rundir import run_directory
from hub.stages.core import Core, CorePorts, build
from hub.store.sql import SqlStore
from hub.topics import CONTROL, INBOX
from tests.journeys.stored import signals_in

WITHIN: Final = 120.0  # seconds


class NobodyThere:
    """A caller that reaches nobody: what is replayed is delivered to no one."""

    async def call(self, call: Call) -> Answer:
        return Answer(None, reached=False, reason=f"nobody at {call.content_type}")

    async def close(self) -> None:
        return


def keep_what_came_from_outside(bus: Path, run: str) -> None:
    """Empty every topic but `control` and `inbox.*`, and forget the secret of the run."""
    connection = apsw.Connection(str(bus))
    try:
        made = [
            part
            for part, topic in connection.execute("SELECT id, topic FROM part")
            if topic != CONTROL and not topic.startswith(INBOX)
        ]
        assert made
        with connection:
            for part in made:
                connection.execute(f"DELETE FROM batch WHERE place >> {OFFSET_BITS} = ?", (part,))
                connection.execute("UPDATE part SET first = 0, next = 0, time = 0 WHERE id = ?", (part,))
            name = id_bytes(f"run:{run}")
            connection.execute("DELETE FROM known WHERE key = ? AND tail = ?", (name[:WIDTH], name[WIDTH:]))
            assert connection.changes() == 1
    finally:
        connection.close()


async def _rest(core: Core) -> None:
    """Let every stage read until none moves."""
    quiet = False
    while not quiet:
        quiet = True
        for runner in core.runners:
            try:
                quiet = not await runner.step() and quiet
            except TryAgain:
                quiet = False  # a run waits for the stages before it


async def _replay(data: Path) -> tuple[list[bytes], dict[str, object]]:
    held = keys.load(keys.directory(data))
    clock = SystemClock()
    log = EmbeddedLog.open(data / "bus.db", held.wrapper, clock, run_dir=run_directory(data))
    store = SqlStore.open(f"sqlite:///{data / 'store.db'}")
    try:
        follower = DirectoryFollower(log, log)
        await follower.catch_up()
        ports = CorePorts(log, log, store, clock, NobodyThere(), held, follower, find(), lambda: 0.5, "replay")
        core = build(ports)
        await core.ensure_topics()
        await asyncio.wait_for(_rest(core), WITHIN)
        await core.deliverer.close()
        [run] = await store.rows("run")
        assert CONTROL_SECRET in await log.open([CONTROL_SECRET])
        return await signals_in(log), run
    finally:
        await store.close()
        await log.close()


def replay(data: Path, run: str) -> tuple[list[bytes], dict[str, object]]:
    """Replay a copy of a hub's data; its pay signals as `stored.pay_signals`, and the row of its run."""
    keep_what_came_from_outside(data / "bus.db", run)
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (data / name).unlink(missing_ok=True)
    return asyncio.run(_replay(data))
