"""A registry for one test, and a way to run its story."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.unit.registry.client import Client, open_registry

Story = Callable[[Client], Awaitable[None]]
Tell = Callable[[Story], None]


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Runs a story with a client of a fresh registry."""

    def run(story: Story) -> None:
        async def main() -> None:
            async with open_registry(tmp_path) as client:
                await story(client)

        asyncio.run(main())

    return run
