"""Readiness follows the stages of the worker: what has halted is named, until a worker starts anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from hub.errors import TryAgain
from hub.gateway.tending import look
from hub.ports import Answered, Candidate
from hub.records import Ms
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


class FullDisk:
    """An admission table whose disk takes no write while it is full; reading is not its business."""

    def __init__(self) -> None:
        self.full = True
        self.proofs = 0

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        raise TryAgain("AMANA-BUS-001", "writing: FullError")

    async def prove(self) -> None:
        self.proofs += 1
        if self.full:
            raise TryAgain("AMANA-BUS-001", "writing: FullError")


def test_a_log_that_takes_no_write_makes_the_hub_unready(tmp_path: Path) -> None:
    """Reading works on a full disk, so a write is what proves readiness, before any sender asks and afterwards."""

    async def story() -> None:
        disk = FullDisk()
        async with open_site(tmp_path, admissions=disk) as site:
            site.gateway.context.health.up("keys")
            for full, status in ((True, 503), (False, 200), (True, 503), (False, 200)):
                disk.full = full
                await look(site.gateway)
                reply = await site.ask("GET", "/readyz")
                assert (reply.status, reply.json) == (status, {"status": "ready" if status == 200 else "bus"})
            assert disk.proofs == 4

    asyncio.run(story())


def test_a_refused_admission_makes_the_hub_unready_at_once(tmp_path: Path) -> None:
    """The next look may be a second away; whoever balances load need not send it another message until then."""

    async def story() -> None:
        disk = FullDisk()
        disk.full = False
        async with open_site(tmp_path, admissions=disk) as site:
            site.gateway.context.health.up("keys")
            await look(site.gateway)
            assert (await site.ask("GET", "/readyz")).status == 200
            assert (await site.push(site.house.body())).status == 503
            assert (await site.ask("GET", "/readyz")).json == {"status": "bus"}
            await look(site.gateway)
            assert (await site.ask("GET", "/readyz")).status == 200

    asyncio.run(story())
