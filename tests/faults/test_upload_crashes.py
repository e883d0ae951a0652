"""The crash table of a claim check: every write of the store, from the first piece to the destroyed copy, fails, or fails
after it was stored; the sender does what its answers tell it, and ends with one message and nothing left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import uploads
from hub.errors import TryAgain
from hub.store.sql import Moment
from signing import jsontext
from tests.journeys.gateway_client import Site, open_site
from tests.journeys.stored import records_of
from tests.journeys.upload_client import claim_of, kept, restarted, upload
from tests.unit.gateway.onboarded import CALENDAR

CONTENT = jsontext.render(CALENDAR)


class Strike:
    """Strikes the transaction of this number, before it or after its commit; counts them all."""

    def __init__(self, number: int, when: Moment) -> None:
        self.left = number
        self.when = when
        self.armed = False

    def __call__(self, moment: Moment) -> None:
        if not self.armed or moment != self.when:
            return
        self.left -= 1
        if self.left == -1:
            raise TryAgain("AMANA-STORE-001", "a planned fault")


async def send_until_taken(site: Site) -> str:
    """Upload and claim as a sender does: again from the start after a refused upload, the same push again after a 503."""
    for _ in range(4):
        reply = await upload(site, CONTENT)
        if reply.status != 200:
            assert reply.status == 503
            continue
        reference = site.verified(reply)["esbBody"]["reference"]
        body = site.house.body(claim_of(CONTENT, reference))
        for _ in range(3):
            pushed = await site.push(body)
            if pushed.status == 200:
                return str(site.verified(pushed)["requestId"])
            assert pushed.status == 503
    raise AssertionError("the hub does not come to itself")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(7))
def test_one_message_and_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, when: Moment
) -> None:
    """Whatever write goes wrong, and though the gateway starts anew and the sender sends once more: one message, and
    after a day no row and no piece."""

    async def story() -> None:
        strike = Strike(number, when)
        async with open_site(tmp_path, fault=strike) as site:
            strike.armed = True
            first = await send_until_taken(site)
            assert strike.left < 0, "the fault was never met"
            strike.armed = False
            again = await send_until_taken(restarted(site))
            assert again == first
            assert len(await records_of(site.log, "inbox.generic_json")) == 1
            await site.clock.sleep(24 * 3600)
            await site.gateway.uploads.sweep(site.clock.now())
            assert await kept(site) == (0, 0)

    monkeypatch.setattr(uploads, "PIECE", -(-len(CONTENT) // 3))
    asyncio.run(story())
