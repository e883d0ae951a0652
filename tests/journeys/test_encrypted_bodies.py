"""Encrypted bodies through the real gateway, log and stages."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import records as r
from hub.gateway.admission import Push, examine
from hub.gateway.bodies import Claim, Claimed, claim_body
from hub.ports import Candidate
from signing import tokens
from signing.encrypted import seal_for
from signing.jsontext import parse, render
from signing.keys import generate
from signing.sealing import BodyKey
from tests.journeys.gateway_client import open_site
from tests.simulator.hub import HUB_KEYS, SimHub, push_envelope
from tests.simulator.month import PERIOD, Script, preset
from tests.unit.gateway.onboarded import CALENDAR


def test_encrypted_for_the_hub_takes_the_same_checks(tmp_path: Path) -> None:
    """It is admitted, kept as it was received, and is one message with the same text sent plain; one that breaks the
    contract inside, or opens under no key of the hub, is refused with a signed code and kept."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            public = site.house.hub.public
            plain = render(CALENDAR)
            body = site.house.body(seal_for(plain, public))
            first = site.verified(await site.push(body))
            again = site.verified(await site.push(site.house.body(seal_for(plain, public))))
            bare = site.verified(await site.push(site.house.body()))
            assert first["success"] is True
            assert "checked" not in first["esbBody"]
            assert {again["requestId"], bare["requestId"]} == {first["requestId"]}
            assert (again["esbBody"]["duplicate"], bare["esbBody"]["duplicate"]) == (True, True)
            [record] = await site.records("inbox.generic_json")
            secret = (await site.log.open([record.headers[r.SECRET]]))[record.headers[r.SECRET]]
            assert BodyKey(secret, "inbox").open_seal(record.headers[r.ID], record.value) == body

            broken = await site.push(site.house.body(seal_for(b'{"records":1}', public)))
            foreign = await site.push(site.house.body(seal_for(plain, generate().public)))
            damaged = await site.push(site.house.body(seal_for(b"{", public)))
            assert [reply.status for reply in (broken, foreign, damaged)] == [422, 422, 400]
            assert site.verified(broken)["message"].startswith("AMANA-CONTRACT-001")
            assert site.verified(foreign)["message"].startswith("AMANA-SEAL-002")
            assert site.verified(damaged)["message"].startswith("AMANA-JSON-003")
            await site.gateway.refusals.flush()
            assert len(await site.records("refusals")) == 3

    asyncio.run(story())


@pytest.mark.parametrize("way", ["encrypted", "claimed", "claimed and encrypted"])
def test_the_same_records_come_of_it(way: str) -> None:
    """Translated from a body that was encrypted, or uploaded, or both, records have the values that they have from the
    plain one; and the same ids, for the text is the same."""
    calendar = {
        "institution": preset().institution.code,
        "unit": None,
        "period": PERIOD,
        "zone": "Asia/Jakarta",
        "workingDays": ["2026-10-01"],
        "ceremonies": [],
    }

    async def values(way: str) -> dict[str, bytes]:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        await hub.running()
        plain = render({"records": [calendar]})
        body = render(seal_for(plain, HUB_KEYS.signing.public)) if "encrypted" in way else plain
        claimed = Claimed(body, "json") if "claimed" in way else None
        if claimed is not None:
            body = render(claim_body(Claim("r", "d", len(body))))
        view = hub.follower.directory.now()
        token = tokens.issue(HUB_KEYS.token, "KEMCONTOH-DATA", hub.clock.now() + 60_000, 1)
        push = Push(token.encode(), b"application/json", push_envelope("JSON-CAL", body))
        found = examine(push, view, hub.clock.now(), hub.terms(), claimed)
        assert isinstance(found, Candidate), found
        await hub.log.admit([found], hub.clock.now())
        await hub.settle()
        return await hub.canonical_values()

    async def story() -> None:
        plain = await values("plain")
        assert [parse(text)["workingDays"] for text in plain.values()] == [["2026-10-01"]]
        assert await values(way) == plain

    asyncio.run(story())
