"""What a gateway does beside answering: notice whether it is ready, write down what was refused, forget what has expired.

Rule: a probe that fails makes the gateway unready and never ends it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hub.logs import logger
from hub.stages.halted import read_braked, read_halted

if TYPE_CHECKING:
    from hub.gateway.app import Gateway

log = logger()


async def tend(gateway: Gateway, every: float = 1.0) -> None:
    """Until cancelled: `look` every so often."""
    while True:
        await look(gateway)
        await gateway.context.clock.sleep(every)


async def look(gateway: Gateway) -> None:
    """Flush the counted refusals; note whether the log takes writes and the store answers, and which stages of the
    worker on this directory have halted."""
    context = gateway.context
    for part, probe in (("bus", context.admissions.prove()), ("store", _keep_store(gateway))):
        try:
            await probe
            context.health.up(part)
        except Exception:
            context.health.down(part)
            log.exception("gateway.unready", reason=part)
    try:
        await gateway.pulls.tend()
    except Exception:
        log.exception("pull.unswept")
    try:
        context.health.halted = read_halted(context.settings.data)
        context.health.braked = read_braked(context.settings.data)
    except OSError:
        log.exception("gateway.unready", reason="halted")


async def _keep_store(gateway: Gateway) -> None:
    now = gateway.context.clock.now()
    await gateway.refusals.flush()
    await gateway.context.joins.tidy(now)
    await gateway.uploads.sweep(now)


async def close(gateway: Gateway, tending: asyncio.Task[None]) -> None:
    """Stop tending, after a last flush, when every pull has ended."""
    await gateway.pulls.close()
    tending.cancel()
    await asyncio.wait([tending])
    await gateway.refusals.flush()
