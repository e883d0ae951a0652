"""What the first start of a hub writes into its control log."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hub.control.follow import DirectoryFollower
from hub.serve.first import prepare
from hub.serve.ports import open_ports
from hub.settings import load


def test_the_first_operator_is_nobody_in_particular(tmp_path: Path) -> None:
    """The record of the first start names no machine and no account: whoever copies the log learns neither."""

    async def start() -> list[tuple[str, str]]:
        settings = load(tmp_path / "hub")
        await prepare(settings)
        opened = await open_ports(settings)
        try:
            follower = DirectoryFollower(opened.bus, opened.vault)
            await follower.catch_up()
            return [(found.name, found.person) for found in follower.directory.now().operators()]
        finally:
            await opened.close()

    assert asyncio.run(start()) == [("admin", "first operator")]
