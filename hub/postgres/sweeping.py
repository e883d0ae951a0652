"""When reservations that nobody met again are brought to their end.

Rule: a record that was reserved is in the log in the end, whether its sender comes back or not. Any gateway does it, under the
same id and secret, once a reservation is older than every append that may still be under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hub.errors import HubError
from hub.logs import logger
from hub.ports import Clock

OVERDUE_MS: Final = 120_000
"""Age of a reservation that nobody brings to its end: twice as long as an append may take, with every wait in it."""

EVERY_S: Final = 30.0

log = logger()


async def sweep_forever(sweep: Callable[[], Awaitable[int]], clock: Clock, every: float = EVERY_S) -> None:
    """Until cancelled. What fails is tried again at the next round."""
    while True:
        try:
            while appended := await sweep():
                log.info("reservations.swept", count=appended)
        except HubError as error:
            log.warning("reservations.unswept", code=error.code)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("reservations.unswept")
        await clock.sleep(every)
