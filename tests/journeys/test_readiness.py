"""Readiness follows the stages of the worker: what has halted is named, until a worker starts anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hub.gateway.app import look
from hub.stages.halted import write_halted
from tests.journeys.gateway_client import open_site


def test_a_stage_that_halted_makes_the_hub_unready_until_the_worker_starts_anew(tmp_path: Path) -> None:
    """`/readyz` names the stage and the code; what is admitted meanwhile would only pile up unseen."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            data = site.gateway.context.settings.data
            site.gateway.context.health.up("keys")
            await look(site.gateway)
            assert (await site.ask("GET", "/readyz")).json == {"status": "ready"}
            write_halted(data, {"translate": "AMANA-BRAKE-001"})
            await look(site.gateway)
            reply = await site.ask("GET", "/readyz")
            assert (reply.status, reply.json) == (503, {"status": "stage translate halted: AMANA-BRAKE-001"})
            assert (await site.ask("GET", "/healthz")).status == 200
            write_halted(data, {})
            await look(site.gateway)
            assert (await site.ask("GET", "/readyz")).status == 200

    asyncio.run(story())
