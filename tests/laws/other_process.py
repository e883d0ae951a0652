"""Another process on the log file of a test: `python -m tests.laws.other_process PATH append|wait NAME COUNT`.

It prints "ready" when it has opened the log, does its part, and prints what it was told.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.clock import SystemClock
from hub.log import EmbeddedLog
from tests.laws.engines import WRAPPER, append


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(path: str, part: str, name: str, count: str) -> None:
    log = EmbeddedLog.open(Path(path), WRAPPER, SystemClock())
    if part == "append":
        say("ready")
        sys.stdin.readline()
        for n in range(int(count)):
            offset = await append(log, "t", n % 2, f"{name}.{n}")
            say(f"{offset} {name}.{n}")
    else:
        seen = {("t", 0): await log.end("t", 0)}
        waiter = asyncio.create_task(log.wait(seen, float(count)))
        await asyncio.sleep(0)  # it listens from here on
        say("ready")
        say(str(bool(await waiter)))
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
