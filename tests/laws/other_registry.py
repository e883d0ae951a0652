"""Another process on the registry of a test: `python -m tests.laws.other_registry DATA NAME COUNT`.

It opens the ports that the settings of DATA name, prints "ready", waits for a line, registers the same COUNT schemas as every
other such process, and one of its own (NAME) for each; it prints what it was told: subject, version, id.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub import settings
from hub.registry.follow import RegistryFollower
from hub.serve.ports import open_ports
from tests.unit.registry.client import registration


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(data: str, name: str, count: str) -> None:
    opened = await open_ports(settings.load(Path(data)))
    follower = RegistryFollower(opened.bus, opened.vault)
    await follower.catch_up()
    say("ready")
    sys.stdin.readline()
    for n in range(int(count)):
        for title in (f"shared {n}", f"{name} {n}"):
            build = registration(f"s{n}", f'{{"title":"{title}","type":"object"}}')
            row = await follower.submit(build, opened.clock.now())
            say(f"{title}|{row.subject}|{row.number}|{row.id}")
    await opened.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
