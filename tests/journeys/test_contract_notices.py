"""What is decided on a contract's version is announced to the systems that use it."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.contracts.using import find_users
from hub.control.announcing import NOTICE
from hub.control.follow import submit
from hub.reads.contracts import show_states
from schemas.contracts import checker
from signing.jsontext import render
from tests.simulator.contracting import CODE, PINNED, contracted
from tests.simulator.hub import HUB_KEYS, SimHub
from tests.simulator.relaying import FIRST, SECOND, SENDER, change, send, subscribe

GOOD = render({"nomor": 1, "perihal": "Undangan"})


def _state(to: str, **more: Any) -> dict[str, Any]:
    return {"contract": PINNED, "state": to, "reason": "version 2 is there"} | more


async def _notices(hub: SimHub) -> dict[str, list[dict[str, Any]]]:
    """Announcements in the outboxes, by system."""
    found: dict[str, list[dict[str, Any]]] = {}
    for topic in hub.log.topics():
        if topic.startswith("outbox."):
            rows = [r for r in await hub.records(topic) if r.headers["ce_code"] == NOTICE]
            if rows:
                found[topic.removeprefix("outbox.")] = [dict(r.headers) for r in rows]
    return found


def test_a_last_day_reaches_every_system_that_sends_or_receives_the_version_once() -> None:
    """By grant and by subscription, whoever has an address by a call; a system that has nothing to do with it, never."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await subscribe(hub, FIRST)
        await change(hub, "contract.state", _state("deprecated", until="2026-12-31", instead="subject:surat-value:2"))
        await hub.settle()
        notices = await _notices(hub)
        assert set(notices) == {SENDER, FIRST}
        assert all(len(rows) == 1 for rows in notices.values())
        [body] = [body for body in hub.receiver.taken.values() if "lastDay" in body]
        assert checker(NOTICE).ok(body)
        assert body | {"announcedAt": ""} == {
            "contract": PINNED,
            "state": "deprecated",
            "lastDay": "2026-12-31",
            "instead": "subject:surat-value:2",
            "codes": [CODE],
            "announcedAt": "",
        }
        [row] = await show_states(hub.follower.directory, hub.store, hub.clock.now(), PINNED)
        assert {(told["system"], told["state"]) for told in row["told"]} == {(FIRST, "confirmed"), (SENDER, "waiting")}

    asyncio.run(journey())


def test_the_index_tells_of_who_has_no_grant_any_more() -> None:
    """Who sent the version within a year is told, though nothing in the directory ties it to the contract now."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await send(hub, GOOD)
        await hub.settle()
        await change(hub, "grant.revoke", {"system": SENDER, "code": CODE})
        users = await find_users(hub.store, hub.follower.directory.now(), PINNED, hub.clock.now())
        assert users == [SENDER]
        before = len(hub.follower.directory.now().all_subscriptions())
        request = hub.signed("contract.state", _state("deprecated", until="2026-12-31"))
        now, members = hub.clock.now(), {"users": [*users, "NOBODY"]}
        outcome = await submit(hub.log, hub.follower, HUB_KEYS, request, members, now)
        assert outcome.accepted, outcome.detail
        assert outcome.result["told"] == [f"{SENDER}.{NOTICE}"]
        assert len(hub.follower.directory.now().all_subscriptions()) == before + 1
        await hub.settle()
        assert set(await _notices(hub)) == {SENDER}

    asyncio.run(journey())


def test_each_decision_is_announced_and_a_draft_is_not() -> None:
    """A new last day and the end are messages of their own, under the one subscription; drafts concern trials alone."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await change(hub, "subscription.add", {"system": SECOND, "contract": NOTICE})
        await change(hub, "contract.state", _state("draft"))
        await change(hub, "contract.state", _state("active"))
        await hub.settle()
        assert await _notices(hub) == {}
        await change(hub, "contract.state", _state("deprecated", until="2026-12-31"))
        await change(hub, "contract.state", _state("deprecated", until="2027-01-31"))
        await change(hub, "contract.state", _state("active"))
        await hub.settle()
        notices = await _notices(hub)
        assert {system: len(rows) for system, rows in notices.items()} == {SENDER: 3, SECOND: 3}
        told = [body for body in hub.receiver.taken.values() if "lastDay" in body]
        assert [(b["state"], b["lastDay"]) for b in sorted(told, key=lambda b: str(b["lastDay"]))] == [
            ("deprecated", "2026-12-31"),
            ("deprecated", "2027-01-31"),
            ("active", None),
        ]
        assert all(body["codes"] == [] for body in told)  # it asked for announcements, and uses nothing of it

    asyncio.run(journey())
