"""A gateway's admissions as a process that is killed (SIGKILL) at a point between reserving and answering.

    python -m tests.faults.killed_gateway <kafka address> <store address> before|after

Rule: killed by itself at the point, so the moment is exact: before the append was sent, or after Kafka stored it and before
anything of it is noted. Everything else is what a hub runs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hub import settings
from hub.clock import SystemClock
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.ports import Append, Candidate
from hub.postgres import open_admissions
from hub.records import Ms
from tests.laws.engines import WRAPPER, candidate

MESSAGES: Final[tuple[Candidate, ...]] = (
    candidate(b"1"),
    candidate(b"2", "request-id", (b"r",)),
    candidate(b"3", "natural-key", (b"a", b"b")),
)
"""One of each way to tell a repeat."""


class Killing:
    """The log, with a point at which the process ends."""

    def __init__(self, log: KafkaLog, point: str) -> None:
        self._log = log
        self._point = point

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    async def append(self, appends: Sequence[Append]) -> list[int]:
        if self._point == "after":
            await self._log.append(appends)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("killed")


async def run(bus: str, store: str, point: str) -> None:
    used = settings.load(Path("unused"), bus=bus, store=store, kafka_replication=1)
    log = await KafkaLog.open(connection_of(used), SystemClock())
    admissions = open_admissions(Killing(log, point), store, WRAPPER, SystemClock())  # type: ignore[arg-type]
    await admissions.admit(MESSAGES, Ms(1000))


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
