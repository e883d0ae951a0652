"""The machine's clock. Only this module may ask it; everything else gets a `Clock`."""

from __future__ import annotations

import asyncio
import time

from hub.records import Ms


class SystemClock:
    """Wall-clock time in milliseconds."""

    def now(self) -> Ms:
        return Ms(time.time_ns() // 1_000_000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
