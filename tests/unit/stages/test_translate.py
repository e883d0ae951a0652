"""Translate: every message becomes records or dead letters, and one bad sender or adapter hurts nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit import AdapterError, Canonical, KitError, MessageContext, Refused
from adapters.kit.registry import Adapter
from hub.errors import Halt
from hub.gateway.bodies import esb_body
from hub.records import CONTROL_POSITION, DERIVED, ORIGIN, PARENT, Record
from hub.stages.runner import Runner
from hub.stages.translate import Translate
from signing.jsontext import parse, render
from tests.simulator.hub import HUB_KEYS, SimHub, push_envelope
from tests.simulator.month import PERIOD, Script, preset

CALENDAR = {
    "institution": preset().institution.code,
    "unit": None,
    "period": PERIOD,
    "zone": "Asia/Jakarta",
    "workingDays": ["2026-10-01"],
    "ceremonies": [],
}


class Told:
    """An adapter that returns or raises what it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.contexts: list[MessageContext] = []

    def translate(self, exchange: str, body: Any, message: MessageContext) -> Any:
        self.contexts.append(message)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _canonical(row: int, **changed: Any) -> Canonical:
    value = CALENDAR | changed
    return Canonical("calendar", ("institution", value["institution"]), value, PERIOD, row)


async def _translated(answer: Any, *, push: int = 1) -> tuple[SimHub, Told, Runner]:
    """A hub whose calendar adapter does what it is told, after `push` messages were admitted and taken."""
    hub, script = SimHub(), Script()
    await script.do(hub, script.onboarding())
    for n in range(push):
        calendar = CALENDAR | {"workingDays": ["2026-10-01", f"2026-10-{n % 20 + 2:02d}"]}
        await hub.push("KEMCONTOH-DATA", push_envelope("JSON-CAL", render({"records": [calendar]})))
    told = Told(answer)
    adapters = {"generic_json": cast("Adapter", told)}
    stage = Translate(hub.log, hub.follower, adapters, HUB_KEYS.hmac, hub.log.topics)
    return hub, told, Runner(stage, hub.log, hub.store, "test")


async def _letters(hub: SimHub) -> list[tuple[str, str, str]]:
    return sorted(
        (r.headers["ce_errorcode"], r.headers["ce_reason"], r.headers["ce_row"])
        for r in await hub.records("deadletters")
    )


def test_rows_are_refused_one_by_one() -> None:
    """A refused row and a row that breaks its contract are dead letters; the row between them is a record."""

    async def go() -> None:
        rows = [Refused(0, "date-odd", "text"), _canonical(1), _canonical(2, workingDays=["tomorrow"])]
        hub, _, runner = await _translated(rows)
        await runner.step()
        [record] = await hub.records("records.calendar")
        assert await _letters(hub) == [
            ("AMANA-TRANS-001", "date-odd", "0"),
            ("AMANA-TRANS-002", "calendar", "2"),
        ]
        [inbox] = await hub.records("inbox.generic_json")
        assert record.headers[PARENT] == inbox.headers["ce_id"]
        assert record.headers[DERIVED] == record.headers[ORIGIN] + "/1"

    asyncio.run(go())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AdapterError("file-damaged", "text"), "AMANA-TRANS-001"),
        (KitError("raised", "ValueError at x.py:1"), "AMANA-TRANS-003"),
        (KitError("institution", "another one"), "AMANA-TRANS-004"),
    ],
)
def test_an_adapter_that_fails_costs_one_message(error: Exception, code: str) -> None:
    """Whatever an adapter does with a message, it is a dead letter of that message with a fitting code."""

    async def go() -> None:
        hub, _, runner = await _translated(error)
        await runner.step()
        [(found, _, row)] = await _letters(hub)
        assert (found, row) == (code, "")
        assert await hub.records("records.calendar") == []

    asyncio.run(go())


def test_a_code_whose_adapter_is_gone_is_a_dead_letter() -> None:
    """Uninstalling an adapter does not stop the stage."""

    async def go() -> None:
        hub, _, _ = await _translated([])
        runner = Runner(Translate(hub.log, hub.follower, {}, HUB_KEYS.hmac, hub.log.topics), hub.log, hub.store, "t")
        await runner.step()
        assert [code for code, _, _ in await _letters(hub)] == ["AMANA-TRANS-003"]

    asyncio.run(go())


def test_a_broken_adapter_halts_its_partition() -> None:
    """The brake keeps it from draining its topic into the dead letters; what was decided is stored."""

    async def go() -> None:
        hub, _, runner = await _translated(KitError("raised", "ValueError at x.py:1"), push=20)
        runner.brake.run = 10
        await runner.step()
        assert [topic for topic, _ in runner.brake.halted] == ["inbox.generic_json"]
        assert [code for code, _, _ in await _letters(hub)] == ["AMANA-TRANS-003"] * 20

    asyncio.run(go())


@pytest.mark.parametrize("answer", [AdapterError("file-damaged", "text"), [_canonical(0, workingDays=["tomorrow"])]])
def test_one_sender_cannot_stop_the_others(answer: Any) -> None:
    """A system whose every message fails gets its dead letters and is told of; the next system's message is taken."""

    async def go() -> None:
        hub, told, runner = await _translated(answer, push=150)
        await runner.step()
        assert (len(await _letters(hub)), runner.brake.failing) == (150, frozenset({"KEMCONTOH-DATA"}))
        told.answer = [_canonical(0)]
        message = render({"records": [CALENDAR | {"workingDays": ["2026-10-30"]}]})
        await hub.push("KEMCONTOH-DATA", push_envelope("JSON-CAL", message))
        await runner.step()
        assert (len(await hub.records("records.calendar")), runner.brake.failing) == (1, frozenset())

    asyncio.run(go())


def test_an_erased_message_is_counted_and_skipped() -> None:
    """Nothing is made of it, and the next message is taken."""

    async def go() -> None:
        hub, told, runner = await _translated([_canonical(0)], push=2)
        first = (await hub.records("inbox.generic_json"))[0]
        await hub.log.erase([first.headers["ce_id"]])
        await runner.step()
        assert (runner.tally.erased, len(told.contexts)) == (1, 1)
        assert len(await hub.records("records.calendar")) == 1

    asyncio.run(go())


def test_a_tampered_body_stops_the_stage() -> None:
    """A body that does not open under its own secret is no bad message: the log was touched."""

    async def go() -> None:
        hub, _, runner = await _translated([_canonical(0)])
        for partition in hub.disk.partitions.values():
            for batch in partition.batches:
                for n, record in enumerate(batch.records):
                    if record.headers.get("ce_type") == "inbox":
                        batch.records[n] = Record(
                            record.key, record.headers, record.value[:-1] + bytes([record.value[-1] ^ 1])
                        )
        with pytest.raises(Halt, match="AMANA-SEAL-001"):
            await runner.step()

    asyncio.run(go())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(value=JSON)
def test_the_faster_parser_reads_what_the_gateway_read(value: Any) -> None:
    """Of every text that the strict parser takes, translate sees the same value, integers of any size included."""
    text = json.dumps({"records": value}).encode()  # noqa: TID251 -- escapes and big integers as clients write them
    envelope = push_envelope("JSON-CAL", text)
    assert esb_body(envelope) == parse(text)
    assert repr(esb_body(envelope)) == repr(parse(text))


def test_a_message_is_read_under_the_directory_of_its_admission() -> None:
    """A message that was admitted before its code existed does not get the code's meaning of today."""

    async def go() -> None:
        hub, told, runner = await _translated([_canonical(0)])
        for partition in hub.disk.partitions.values():
            for batch in partition.batches:
                for n, record in enumerate(batch.records):
                    if record.headers.get("ce_type") == "inbox":
                        batch.records[n] = Record(record.key, record.headers | {CONTROL_POSITION: "0"}, record.value)
        await runner.step()
        assert told.contexts == []
        assert [code for code, _, _ in await _letters(hub)] == ["AMANA-TRANS-003"]

    asyncio.run(go())


def test_the_options_of_system_and_grant_reach_the_adapter_of_a_push() -> None:
    """The grant's go before the system's, what the hub itself reads is left out, and a message is read by the options of
    its time: later ones change nothing of it."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        named = {"system": "KEMCONTOH-DATA", "code": "JSON-CAL"}
        calendars = [CALENDAR | {"workingDays": [f"2026-10-0{n}"]} for n in (1, 2, 5)]
        for n, calendar in enumerate(calendars):
            if n:
                changed = hub.signed("grant.options", named | {"options": {"zone": str(n), "layout": "a"}})
                assert (await hub.change(changed)).accepted
            await hub.push("KEMCONTOH-DATA", push_envelope("JSON-CAL", render({"records": [calendar]})))
        told = Told([])
        adapters = {"generic_json": cast("Adapter", told)}
        await Runner(
            Translate(hub.log, hub.follower, adapters, HUB_KEYS.hmac, hub.log.topics), hub.log, hub.store, "t"
        ).step()
        assert [dict(context.options) for context in told.contexts] == [
            {},
            {"zone": "1", "layout": "a"},
            {"zone": "2", "layout": "a"},
        ]

    asyncio.run(go())
