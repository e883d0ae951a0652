"""What goes out from canonical records: who gets it, when, in which order, and what erasing the source takes along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from adapters.kit.registry import load
from hub.ports import Write
from signing.jsontext import parse, render
from tests.simulator.hub import SimHub, push_envelope
from tests.simulator.month import PERIOD, Script, preset
from tests.simulator.relaying import FIRST, SECOND, add_receiver, change

SENDER = "KEMCONTOH-DATA"
NOTICE = "HASIL-HR"


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def _ready(hub: SimHub, *, institution: str | None = None) -> None:
    """A performance system that pushes appeals, and a receiver of the same records."""
    script = Script()
    await script.do(hub, script.onboarding())
    await add_receiver(hub, FIRST)
    await change(hub, "api.add", {"code": "BANDING-IN", "adapter": "pepmis", "exchange": "appeals"})
    await change(hub, "grant.add", {"system": SENDER, "code": "BANDING-IN"})
    out = {"code": "BANDING-OUT", "adapter": "pepmis", "exchange": "appeals-out", "direction": "out"}
    await change(hub, "api.add", out)
    more = {} if institution is None else {"institution": institution}
    await change(hub, "subscription.add", {"system": FIRST, "code": "BANDING-OUT"} | more)


def _appeals() -> dict[str, Any]:
    folder = load("pepmis").folder / "cases"
    name = next(path for path in sorted(folder.glob("*/in.appeals.json")) if (path.parent / "out.json").is_file())
    body: dict[str, Any] = parse(name.read_bytes())
    return body


async def _send(hub: SimHub, body: dict[str, Any]) -> Any:
    return await hub.push(SENDER, push_envelope("BANDING-IN", render(body)))


def test_a_subscriber_gets_one_message_of_all_records_of_a_message() -> None:
    """A page of appeals comes in, a page with as many rows goes out, checked and confirmed."""

    async def journey() -> None:
        hub = SimHub()
        await _ready(hub)
        body = _appeals()
        sent = await _send(hub, body)
        await hub.settle()
        assert len(await hub.records("records.performance.appeal")) >= 1
        [taken] = hub.receiver.taken.values()
        member = next(name for name, value in taken.items() if isinstance(value, list))
        assert len(taken[member]) == len(await hub.records("records.performance.appeal"))
        [copy] = await hub.store.rows("message", {"kind": "out"})
        assert (copy["parent"], copy["system"], copy["state"]) == (sent.id, FIRST, "confirmed")

    _run(journey)


def test_only_subscriptions_of_the_institution_get_records() -> None:
    """A subscription that asks for another institution's records gets none of this one's."""

    async def journey() -> None:
        hub = SimHub()
        await _ready(hub, institution=preset().payroll.code)
        await _send(hub, _appeals())
        await hub.settle()
        assert await hub.records("records.performance.appeal")
        assert await hub.records(f"outbox.{FIRST}") == []

    _run(journey)


def test_who_sent_the_records_does_not_get_them_back() -> None:
    """A system that subscribes to what it sends itself gets nothing of its own."""

    async def journey() -> None:
        hub = SimHub()
        await _ready(hub, institution=preset().payroll.code)
        await change(hub, "subscription.add", {"system": SENDER, "code": "BANDING-OUT", "collect": True})
        await _send(hub, _appeals())
        await hub.settle()
        assert await hub.records(f"outbox.{SENDER}") == []

    _run(journey)


def test_a_crash_makes_no_second_message() -> None:
    """The process ends behind the append and before its position is stored: the same requests stand, each once."""

    async def journey() -> None:
        hub = SimHub()
        await _ready(hub)
        await _send(hub, _appeals())
        await hub.settle()
        before = await hub.outgoing()
        rows = await hub.store.rows("stage_progress", {"stage": "outward"})
        assert rows
        assert before
        for row in rows:
            epoch, _ = await hub.store.claim("outward", row["topic"], row["partition"], "test")
            again = {**row, "position": 0, "watermarks": {}, "epoch": epoch}
            await hub.store.write([Write("stage_progress", [again])])
        await hub.crash()
        await hub.settle()
        assert await hub.outgoing() == before
        assert len(hub.receiver.taken) == 1

    _run(journey)


def test_the_outcomes_of_an_approved_run_reach_hr() -> None:
    """Results and attendance of each ready signal become notices; they leave for HR only once the run is approved, and a
    draft threshold makes none."""

    async def journey() -> None:
        hub = SimHub()
        script = Script()
        await script.do(hub, script.onboarding())
        await add_receiver(hub, SECOND)
        out = {"code": NOTICE, "adapter": "hcmis", "exchange": "notices", "direction": "out"}
        await change(hub, "api.add", out)
        await change(hub, "subscription.add", {"system": SECOND, "code": NOTICE})
        acts = script.whole()
        await script.do(hub, acts[:-2])
        assert await hub.records("signals.hr") == []
        await script.do(hub, acts[-2:])
        told = await hub.records("signals.hr")
        ready = await hub.store.rows("run_signal", {"run": script.run, "status": "ready"})
        assert ready
        assert len(told) == 2 * len(ready)
        ids = {record.headers["ce_id"] for record in told}
        values = [parse(text) for id_, text in (await hub.canonical_values()).items() if id_ in ids]
        assert {value["kind"] for value in values} == {"performance-result", "attendance-total"}
        assert {value["span"]["first"] for value in values} == {f"{PERIOD}-01"}
        assert len(await hub.records(f"outbox.{SECOND}")) == 1
        [page] = [body for body in hub.receiver.taken.values() if "pager" in body]
        assert len(page["data"]) == len(told)

    _run(journey)
