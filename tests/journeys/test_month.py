"""A whole month through the core, from the first signed change to a confirmed delivery, and the same month again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from copy import deepcopy
from typing import Any

from hub.records import SECRET
from hub.stages.facts import count_facts, unpack
from hub.topics import CONTROL, INBOX
from tests.simulator.hub import PEOPLE, SimHub
from tests.simulator.memory_log import Disk
from tests.simulator.month import Script, settle


async def _played() -> tuple[SimHub, Script]:
    hub, script = SimHub(), Script()
    await script.do(hub, [*script.onboarding(), *script.whole()])
    return hub, script


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_a_month_ends_in_confirmed_deliveries_that_add_up() -> None:
    """What the generator says must come out is what the run says, and the receiver took every page once."""

    async def journey() -> None:
        hub, script = await _played()
        [run] = await hub.store.rows("run")
        expected = script.month.expected
        assert run["state"] == "delivered"
        assert run["totals"] == {"gross": expected.gross, "cut": expected.cut, "net": expected.net}
        assert (run["counts"]["ready"], run["counts"]["held"]) == (expected.ready, expected.held)
        assert run["counts"]["unmatchedPunches"] == script.month.unmatched
        assert set(hub.receiver.taken) == set(await hub.outgoing())
        assert set(hub.receiver.calls.values()) == {1}

    _run(journey)


def test_control_and_inbox_alone_give_everything_again() -> None:
    """A store that is lost and derived topics that are emptied come back, to the last canonical byte."""

    async def journey() -> None:
        hub, _ = await _played()
        kept = Disk(secrets=dict(hub.disk.secrets), memory=deepcopy(hub.disk.memory))
        for topic, partitions in hub.disk.topics.items():
            if topic == CONTROL or topic.startswith(INBOX):
                kept.topics[topic] = partitions
                for n in range(partitions):
                    kept.partitions[topic, n] = deepcopy(hub.disk.partitions[topic, n])
        again = SimHub(disk=kept)
        await settle(again)
        assert await again.canonical_values() == await hub.canonical_values()
        assert await again.outgoing() == await hub.outgoing()
        assert again.receiver.taken == hub.receiver.taken
        for table in ("run", "run_signal"):
            keys = ("digest", "state", "signal_id")
            assert await _columns(again, table, keys) == await _columns(hub, table, keys)
        assert await _facts(again) == await _facts(hub)

    _run(journey)


async def _facts(hub: SimHub) -> list[str]:
    return sorted(kept.record_id for row in await hub.store.rows("fact") for kept in unpack(row))


async def _columns(hub: SimHub, table: str, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    rows = await hub.store.rows(table)
    return sorted(tuple(str(row.get(name)) for name in names) for row in rows)


def test_a_lost_schedule_is_read_again_and_nothing_is_called_twice() -> None:
    """With the receipts still in the log, a new store knows what was confirmed before it calls anybody."""

    async def journey() -> None:
        hub, _ = await _played()
        again = SimHub(disk=hub.disk)
        await settle(again)
        assert again.receiver.calls == {}
        assert await again.store.count("delivery", by=("state",)) == {("confirmed",): len(hub.receiver.taken)}
        [run] = await again.store.rows("run")
        assert run["state"] == "delivered"

    _run(journey)


def test_another_hub_makes_the_same_signals_from_the_same_messages() -> None:
    """Secrets, nonces, positions and clocks enter no canonical value and no id."""

    async def journey() -> None:
        one, _ = await _played()
        other, script = SimHub(partitions=3), Script()
        other.clock.advance(86_400_000)
        await script.do(other, script.onboarding())
        await script.do(other, list(reversed(script.records())))
        await script.do(other, [settle, script.open_run(), settle, script.approve(), settle])
        assert await other.canonical_values() == await one.canonical_values()
        assert await other.outgoing() == await one.outgoing()

    _run(journey)


def test_nothing_is_delivered_before_the_approval() -> None:
    """A computed run stays in the hub however long nobody approves it."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), script.open_run(), settle])
        hub.clock.advance(30 * 86_400_000)
        await settle(hub)
        [run] = await hub.store.rows("run")
        assert run["state"] == "computed"
        assert await hub.outgoing() == {}
        assert hub.receiver.calls == {}

    _run(journey)


def test_an_approval_of_another_digest_releases_nothing() -> None:
    """What is approved is what was computed, or it is a dead letter."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), script.open_run(), settle])
        args = {"run": script.run, "digest": "sha256:" + "0" * 64}
        outcome = await hub.change(hub.signed("run.approve", args, PEOPLE.checker))
        assert outcome.accepted
        await settle(hub)
        [run] = await hub.store.rows("run")
        assert run["state"] == "computed"
        assert hub.receiver.calls == {}
        codes = [row["code"] for row in await hub.store.rows("dead_letter", {"stage": "runs"})]
        assert codes == ["AMANA-CHANGE-004"]

    _run(journey)


def test_stored_signals_that_were_changed_are_not_sent() -> None:
    """The approval is over the signals themselves: one that is missing from the store stops the release."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), script.open_run(), settle])
        from hub.ports import Write

        row = (await hub.store.rows("run_signal"))[0]
        await hub.store.write([Write("run_signal", [row], "drop")])
        await script.approve()(hub)
        await settle(hub)
        assert hub.receiver.calls == {}
        codes = [row["code"] for row in await hub.store.rows("dead_letter", {"stage": "runs"})]
        assert codes == ["AMANA-CHANGE-004"]

    _run(journey)


def test_what_comes_after_the_cut_off_is_not_in_the_run() -> None:
    """Records admitted after `run.open` change nothing in it, although it is computed later."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        records = script.records()
        await script.do(hub, [*script.onboarding(), *records[:-1], settle, script.open_run(), records[-1], settle])
        other, same = SimHub(), Script()
        await same.do(other, [*same.onboarding(), *same.records()[:-1], settle, same.open_run(), settle])
        [late], [without] = await hub.store.rows("run"), await other.store.rows("run")
        assert late["digest"] == without["digest"]
        assert (await count_facts(hub.store))[()] > (await count_facts(other.store))[()]

    _run(journey)


def test_an_erased_message_is_skipped_and_shown_as_erased() -> None:
    """Its facts are out of the run, its bodies open nowhere, and everything else goes on."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), settle])
        upload = (await hub.store.rows("message", {"code": "ADMS-ATT"}))[0]
        request = hub.signed("message.erase", {"ids": [upload["id"]], "reason": "asked for"})
        assert (await hub.change(request)).accepted
        await script.do(hub, [settle, script.open_run(), settle])
        [shown] = await hub.store.rows("message", {"id": upload["id"]})
        assert shown["state"] == "erased"
        assert await hub.log.open([upload["id"]]) == {}
        gone = [kept.record_id for f in await hub.store.rows("fact", {"secret_id": upload["id"]}) for kept in unpack(f)]
        assert gone
        assert not set(gone) & set(await hub.canonical_values())
        [run] = await hub.store.rows("run")
        assert run["state"] == "computed"

    _run(journey)


def test_no_employee_number_name_or_secret_stands_in_the_open() -> None:
    """Keys, headers and every text column are free of what the bodies hold."""

    async def journey() -> None:
        hub, script = await _played()
        open_text: list[bytes] = []
        for topic in hub.log.topics():
            for record in await hub.records(topic):
                open_text += [record.key, *(f"{k}={v}".encode() for k, v in record.headers.items())]
        for table in ("fact", "message", "message_event", "dead_letter", "run", "run_signal", "delivery"):
            for row in await hub.store.rows(table):
                open_text += [str(v).encode() for v in row.values() if not isinstance(v, bytes)]
        whole = b"\n".join(open_text)
        assert SECRET.encode() in whole
        for person in script.month.world.people:
            for word in (person.employee_id, person.national_id, person.name, person.account, person.serial):
                assert word.encode() not in whole

    _run(journey)
