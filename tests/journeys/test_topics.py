"""What is written to a topic that its subscriber reads: what lies there, in which order, and what a crash does to it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.delivery.publishing import MAGIC, OPEN
from hub.records import CONTENT_TYPE, DATASCHEMA, ID, REQUEST, SPECVERSION, TIME, TYPE, partition_of
from hub.topics import subscriber
from signing.jsontext import render
from tests.simulator.contracting import SUBJECT, register
from tests.simulator.faults import How
from tests.simulator.hub import Crash, SimHub
from tests.simulator.outbox import put, states
from tests.simulator.reading import FIRST, NAMED, PINNED, let_read, once, read, reading, values
from tests.simulator.relaying import change, message_states, send, subscribe

URN = f"urn:amana:contract:{PINNED}"


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def _letter(n: int) -> bytes:
    return render({"nomor": n, "perihal": "Undangan rapat, 09:00 – aula"})


async def _tick(hub: SimHub) -> None:
    """Time goes on for whoever waits before it tries again."""
    while True:
        await asyncio.sleep(0)
        if hub.clock.sleepers:
            hub.clock.advance(1000)


def test_a_body_lies_opened_behind_the_id_of_its_schema() -> None:
    """The bytes are the receiver's body behind five bytes; the headers are CloudEvents, none of them the hub's own; nobody is
    called, and the receipt says where it lies."""

    async def journey() -> None:
        hub = SimHub()
        await reading(hub)
        await register(hub.registry, hub.clock.now(), {"type": "object"}, subject="other-value")
        sent = await send(hub, _letter(1))
        await hub.settle()
        [record] = await read(hub)
        row = hub.registry.registry.version(SUBJECT, 1)
        assert row is not None
        assert record.value == MAGIC + row.id.to_bytes(4, "big") + _letter(1)
        assert set(record.headers) <= {*OPEN, TYPE, TIME, CONTENT_TYPE, SPECVERSION[0]}
        assert (record.headers[DATASCHEMA], record.headers[TYPE]) == (URN, f"subject:{SUBJECT}")
        assert record.headers[TIME].endswith("+00:00")
        assert hub.receiver.calls.total() == 0
        [outgoing] = await hub.store.rows("message", {"parent": sent.id})
        assert outgoing["state"] == "confirmed"
        assert record.headers[ID] == outgoing["id"]
        [receipt] = await hub.records("receipts")
        assert receipt.headers["ce_outcome"] == "written"
        place = [receipt.headers[name] for name in ("ce_topic", "ce_partition", "ce_offset")]
        partition = partition_of(record.key, hub.partitions)
        assert place == [subscriber(FIRST), str(partition), "0"]
        events = await hub.store.rows("message_event", {"id": outgoing["id"]})
        assert f"written {'/'.join(place)}" in {event["detail"] for event in events}
        assert (await message_states(hub, "inbox"))[sent.id] == "relayed"

    _run(journey)


def test_from_the_signature_on_it_is_written_and_from_the_end_on_called() -> None:
    """What was asked for and not signed is called; what was ended is called again."""

    async def journey() -> None:
        hub = SimHub()
        await reading(hub)
        await send(hub, _letter(1))
        await hub.settle()
        await change(hub, "topic.close", {"subscription": NAMED, "reason": "enough"})
        await change(hub, "topic.open", {"subscription": NAMED, "reason": "again"})
        await send(hub, _letter(2))
        await hub.settle()
        assert [value["nomor"] for value in values(await read(hub))] == [1]
        assert [value["nomor"] for value in hub.receiver.taken.values()] == [2]

    _run(journey)


@pytest.mark.parametrize("seed", range(6))
def test_first_copies_keep_the_order_of_their_key(seed: int) -> None:
    """Whatever write fails, before or after it was stored, and whenever the process dies: a reader that drops second copies by
    their id has every message once, and those of a key in the order in which they were sent."""

    async def journey() -> None:
        hub = SimHub()
        await reading(hub)
        chance = random.Random(seed)
        keys = ["a", "b", "c"]
        expected: dict[str, list[str]] = {key: [] for key in keys}
        ticking = asyncio.create_task(_tick(hub))
        for n in range(18):
            key = chance.choice(keys)
            body = {"nomor": n, "perihal": key}
            await put(hub, f"m{n}", key, system=FIRST, subscription=NAMED, body=body, dataschema=URN)
            expected[key].append(f"{n}")
            if n % 6 == 5:
                hub.faults.at_random(seed * 31 + n, 0.25)
                await hub.settle()
                hub.faults.at_random(seed, 0.0)
                await hub.crash()
        await hub.settle()
        ticking.cancel()
        found: dict[str, list[str]] = {key: [] for key in keys}
        for value in values(once(await read(hub))):
            found[value["perihal"]].append(str(value["nomor"]))
        assert found == expected
        assert set((await states(hub)).values()) == {"confirmed"}

    _run(journey)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_crash_at_the_write_or_at_its_receipt_loses_nothing(how: How) -> None:
    """The process ends at each write between the outbox and the receipt: the message is confirmed once, and lies there once,
    or twice under one id."""

    async def journey() -> None:
        number = 0
        while True:
            hub = SimHub()
            await reading(hub)
            await put(
                hub, "m", "key", system=FIRST, subscription=NAMED, body={"nomor": 1, "perihal": "x"}, dataschema=URN
            )
            before = len(hub.faults.written)
            hub.faults.error = Crash
            hub.faults.at_write(number, how)
            try:
                await hub.settle()
            except Crash:
                await hub.crash()
                await hub.settle()
            copies = await read(hub)
            assert len({record.headers[ID] for record in copies}) == 1
            assert len(copies) <= 2
            assert list((await states(hub)).values()) == ["confirmed"]
            assert {record.headers[REQUEST] for record in await hub.records("receipts")} == set(await states(hub))
            if number >= len(hub.faults.written) - before:
                break
            number += 1
        assert number == 2, "the topic and the receipt"

    _run(journey)


def test_what_cannot_be_written_is_a_dead_letter_with_words() -> None:
    """No schema in the registry, a body that breaks its contract, or a hub that has no Kafka any more: nothing is written, and
    later messages of the key wait."""

    async def journey() -> None:
        hub = SimHub()
        await reading(hub)
        bodies: dict[str, tuple[Any, str]] = {
            "unknown": ({"nomor": 1, "perihal": "x"}, "urn:amana:contract:subject:nobody-value:1"),
            "broken": ({"nomor": "one", "perihal": "x"}, URN),
            "nameless": ({"nomor": 1}, ""),
        }
        for name, (body, schema) in bodies.items():
            await put(hub, name, name, system=FIRST, subscription=NAMED, body=body, dataschema=schema)
        await put(
            hub, "behind", "broken", system=FIRST, subscription=NAMED, body={"nomor": 1, "perihal": "x"}, dataschema=URN
        )
        await hub.settle()
        assert await read(hub) == []
        codes = {row["code"] for row in await hub.store.rows("dead_letter")}
        assert codes == {"AMANA-OUT-007", "AMANA-OUT-009"}
        assert sorted((await states(hub)).values()) == ["dead", "dead", "dead", "parked"]
        hub.publishing = False
        await hub.crash()
        await put(
            hub, "late", "late", system=FIRST, subscription=NAMED, body={"nomor": 1, "perihal": "x"}, dataschema=URN
        )
        await hub.settle()
        assert "AMANA-OUT-004" in {row["code"] for row in await hub.store.rows("dead_letter")}

    _run(journey)


def test_a_topic_has_what_all_signed_subscriptions_of_its_system_get() -> None:
    """Two subscriptions of one system lie in one topic, told apart by a header; one that nobody signed is called."""

    async def journey() -> None:
        hub = SimHub()
        await reading(hub)
        await subscribe(hub, FIRST, id="second")
        await subscribe(hub, FIRST, id="third")
        await let_read(hub, "second")
        await send(hub, _letter(1))
        await hub.settle()
        assert {record.headers["ce_subscription"] for record in await read(hub)} == {NAMED, "second"}
        assert hub.receiver.calls.total() == 1

    _run(journey)
