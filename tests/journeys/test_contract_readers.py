"""Contracts where something is read: what a system collects from its outbox, what it asks, and what it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.gateway.admission import Refusal
from hub.ports import Admitted
from hub.pull.edge import LATE
from hub.pull.question import REQUEST
from signing.jsontext import render
from tests.simulator.collecting import read
from tests.simulator.contracting import CODE, PINNED, contracted, register, rule
from tests.simulator.hub import SimHub
from tests.simulator.month import PAYROLL, Script, preset
from tests.simulator.outbox import put
from tests.simulator.pulls import PROVIDER, SimProvider, ask, asking, engine_of, post, said, send_late
from tests.simulator.relaying import FIRST, change, send, subscribe

GOOD = render({"nomor": 1, "perihal": "Undangan"})


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def _state(to: str, **more: Any) -> dict[str, Any]:
    return {"contract": PINNED, "state": to, "reason": "version 2 is there"} | more


def test_what_is_collected_keeps_its_contract_when_it_is_collected() -> None:
    """A rule for receivers, the schema and the state hold again there: what breaks one is withheld and named, with its
    reason; it hides nothing behind it, and may be confirmed unread."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await subscribe(hub, FIRST, collect=True)
        await send(hub, GOOD)
        await hub.settle()
        public = {"domainRules": [rule("public", "message.perihal != 'rahasia'", mode="READ")]}
        await register(hub.registry, hub.clock.now(), rules=public)
        second, closed = PINNED.replace(":1", ":2"), {"nomor": 2, "perihal": "rahasia"}
        urn, subscription = "urn:amana:contract:", f"{FIRST}.{CODE}"
        for name, body, schema in (
            ("stopped", closed, second),
            ("broken", {"nomor": "two"}, PINNED),
            ("well", {"nomor": 3, "perihal": "Undangan"}, second),
        ):
            await put(
                hub,
                name,
                name,
                body=body,
                dataschema=urn + schema,
                subscription=subscription,
                system=FIRST,
                collect=True,
            )
        await hub.settle()
        page = await read(hub)
        assert sorted(message["esbBody"]["nomor"] for message in page["messages"]) == [1, 3]
        assert sorted((one["code"], one["reason"]) for one in page["withheld"]) == [
            ("AMANA-OUT-007", PINNED),
            ("AMANA-RULE-003", "public: it does not hold"),
        ]
        assert "rahasia" not in str(page)
        confirmed = await read(hub, confirm=[one["requestId"] for one in page["withheld"]])
        assert (confirmed["confirmed"], "withheld" in confirmed, len(confirmed["messages"])) == (2, False, 2)

    _run(journey)


def test_a_retired_version_is_not_collected_and_a_deprecated_one_says_so() -> None:
    """The state of now counts: until the last day with a notice, afterwards not at all."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await subscribe(hub, FIRST, collect=True)
        await send(hub, GOOD)
        await change(hub, "contract.state", _state("deprecated", until="2026-11-10"))
        await hub.settle()
        [message] = [one for one in (await read(hub))["messages"] if one["code"] == CODE]
        assert message["notice"] == f"{PINNED} is deprecated, its last day is 2026-11-10"
        hub.clock.advance(20 * 86_400_000)
        await change(hub, "contract.state", _state("retired"))
        page = await read(hub)
        assert [one["code"] for one in page["messages"]] == []
        assert [one["code"] for one in page["withheld"]] == ["AMANA-CONTRACT-002"]

    _run(journey)


def test_rules_of_a_question_hold_for_who_asks_and_for_who_answers() -> None:
    """WRITE and READ alike, and DLQ is a refusal: nothing of it reaches the provider."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        rules = [
            rule("numbered", "message.n > 0"),
            rule("small", "message.n < 100", mode="READ"),
            rule("even", "message.n % 2 == 0", onFailure="DLQ"),
        ]
        await register(hub.registry, hub.clock.now(), {"type": "object"}, subject="tanya", rules={"domainRules": rules})
        await _pull_code(hub, requestContract="subject:tanya:1")
        provider = SimProvider()
        for n, broken in ((0, "numbered"), (102, "small"), (3, "even")):
            refusal = await post(
                hub, engine_of(hub, provider), REQUEST, {"apiCode": "RULED", "esbBody": {"n": n}}, PAYROLL
            )
            assert isinstance(refusal, Refusal)
            assert (refusal.code, refusal.detail) == ("AMANA-RULE-001", f"{broken}: it does not hold")
        assert provider.calls == 0
        assert (await ask(hub, provider, {"n": 2}, apiCode="RULED"))["success"] is True

    _run(journey)


@pytest.mark.parametrize("mode", ["WRITE", "READ", "WRITEREAD"])
def test_rules_of_an_answer_fail_the_pull(mode: str) -> None:
    """Both sides. In time, who asked reads that it failed and which rule; late, who answers is refused and may send a better one."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        rules = [rule("small", "message.of.n < 10", mode=mode, doc="At most nine")]
        schema = {"type": "object"}
        await register(hub.registry, hub.clock.now(), schema, subject="jawab", rules={"domainRules": rules})
        await _pull_code(hub, contract="subject:jawab:1")
        assert (await _answered(hub, SimProvider(), 2))["esbBody"] == {"of": {"n": 2}}
        failed = await _answered(hub, SimProvider(), 12)
        assert (failed["success"], "esbBody" in failed) == (False, False)
        assert "AMANA-PULL-007" in failed["message"]
        assert "small: At most nine" in failed["message"]
        provider = SimProvider(lambda _: "defer")
        name = (await _answered(hub, provider, 1))["requestId"]
        late = {"success": True, "requestId": name, "esbBody": {"of": {"n": 12}}}
        refusal = await post(hub, engine_of(hub, provider), LATE, late, PROVIDER)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.detail) == ("AMANA-RULE-001", "small: At most nine")
        assert (await send_late(hub, provider, name, {"of": {"n": 2}}))["success"] is True

    _run(journey)


async def _pull_code(hub: SimHub, **contracts: str) -> None:
    await change(hub, "api.add", {"code": "RULED", "direction": "pull", "provider": PROVIDER, **contracts})
    await change(hub, "grant.add", {"system": PAYROLL, "code": "RULED"})


async def _answered(hub: SimHub, provider: SimProvider, n: int) -> dict[str, Any]:
    return said(await post(hub, engine_of(hub, provider), REQUEST, {"apiCode": "RULED", "esbBody": {"n": n}}, PAYROLL))


def test_a_device_is_not_asked_to_mend_what_a_rule_forbids() -> None:
    """A rule of its wire format sets what it sends aside, ERROR too: it has its OK, and an operator sees why."""

    async def journey() -> None:
        hub = SimHub()
        script = Script()
        await script.do(hub, script.onboarding())
        device, subject = preset().devices[0].serial, "amana.wire.zkteco_adms.attlog"
        rules = {"domainRules": [rule("known", "!message.startsWith('99')")]}
        await register(hub.registry, hub.clock.now(), {"type": "string"}, subject=subject, rules=rules)
        query = {"SN": device, "table": "ATTLOG", "Stamp": "1"}
        for pin in ("99", "12"):
            line = f"{pin}\t2026-10-05 07:21:09\t0\t1\t0\t0\t0\n".encode()
            assert isinstance(await hub.punch(device, "/iclock/cdata", query, line), Admitted)
        await hub.settle()
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["code"], letter["detail"]) == ("AMANA-RULE-002", "known: it does not hold")
        assert len(await hub.records("records.attendance.punch")) == 1

    _run(journey)
