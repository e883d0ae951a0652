"""Contracts in force: what a version's state and its rules do to a message on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hub.control.contracting import ends
from hub.gateway.admission import Refusal
from hub.gateway.receipts import render_receipt
from hub.ports import Admitted
from hub.reads.payloads import open_payload
from hub.records import NOTICE, Ms, RecordId
from schemas.datarules import MASK
from signing import envelope, jsontext
from signing.jsontext import render
from tests.simulator.contracting import CODE, PINNED, contracted, register, rule
from tests.simulator.hub import PEOPLE, SimHub, push_envelope
from tests.simulator.relaying import FIRST, SENDER, change, message_states, relaying, send, subscribe

GOOD = render({"nomor": 1, "perihal": "Undangan"})


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def _refused(hub: SimHub, body: bytes = GOOD) -> tuple[str, str]:
    answer = await hub.push(SENDER, push_envelope(CODE, body))
    assert isinstance(answer, Refusal), answer
    return answer.code, answer.detail


def _state(to: str, **more: Any) -> dict[str, Any]:
    return {"contract": PINNED, "state": to, "reason": "version 2 is there"} | more


def test_a_registered_version_is_the_contract_of_a_code() -> None:
    """What keeps it is passed on under its name; what breaks it is refused with the place and the rule."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await subscribe(hub, FIRST)
        sent = await send(hub, GOOD)
        await hub.settle()
        assert list(hub.receiver.taken.values()) == [{"nomor": 1, "perihal": "Undangan"}]
        rows = await hub.store.rows("message", {"contract": PINNED})
        assert {(row["kind"], row["system"]) for row in rows} == {("inbox", SENDER), ("out", FIRST)}
        assert sent.id in {row["id"] for row in rows}
        assert await _refused(hub, render({"nomor": "1"})) == (
            "AMANA-CONTRACT-001",
            "/: required member perihal; /nomor: type integer",
        )

    _run(journey)


def test_a_deprecated_version_is_taken_with_a_notice_and_a_retired_one_is_not() -> None:
    """The sender reads the last day and what to use instead, in every answer; after that day it is refused with it."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await change(hub, "contract.state", _state("deprecated", until="2026-12-31", instead="subject:surat-value:2"))
        await send(hub, GOOD)
        [record] = await hub.records("inbox.relay")
        notice = f"{PINNED} is deprecated, its last day is 2026-12-31; use subject:surat-value:2"
        assert record.headers[NOTICE] == notice
        hub.clock.move_to(ends("2026-12-31"))
        await change(hub, "contract.state", _state("retired"))
        assert await _refused(hub) == ("AMANA-CONTRACT-002", f"{PINNED}; use subject:surat-value:2")

    _run(journey)


def test_the_receipt_carries_the_notice() -> None:
    """In both languages of the engine, signed with the rest."""
    outcome = Admitted(RecordId("ab" * 32), 0, 0, Ms(0), "sha256:" + "0" * 64)
    sealed = render_receipt(outcome, PEOPLE.hub, notice='employee:1 is a "draft"')
    data = jsontext.parse(envelope.frame(sealed).data)
    assert data["esbBody"]["notice"] == 'employee:1 is a "draft"'
    assert b"notice" not in render_receipt(outcome, PEOPLE.hub)
    assert b"<notice>employee:1" in render_receipt(outcome, PEOPLE.hub, media="xml", notice="employee:1")


def test_a_draft_is_for_trials() -> None:
    """Until it is active only a system whose grant is a trial may use it."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await change(hub, "contract.state", _state("draft"))
        assert await _refused(hub) == ("AMANA-CONTRACT-003", PINNED)
        await change(hub, "grant.revoke", {"system": SENDER, "code": CODE})
        await change(hub, "grant.add", {"system": SENDER, "code": CODE, "trial": True})
        await send(hub, GOOD)

    _run(journey)


def test_a_rule_for_senders_refuses_with_its_words() -> None:
    """ERROR: the sender reads the rule's name and what its author wrote."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub, rule("numbered", "message.nomor > 0", doc="Letters are numbered from 1"))
        await send(hub, GOOD)
        refused = await _refused(hub, render({"nomor": 0, "perihal": "x"}))
        assert refused == ("AMANA-RULE-001", "numbered: Letters are numbered from 1")

    _run(journey)


def test_a_rule_may_want_a_message_set_aside() -> None:
    """DLQ: it has a receipt, reaches nobody, and is a dead letter that names the rule."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub, rule("numbered", "message.nomor > 0", onFailure="DLQ"))
        await subscribe(hub, FIRST)
        sent = await send(hub, render({"nomor": 0, "perihal": "x"}))
        await hub.settle()
        assert hub.receiver.taken == {}
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["code"], letter["detail"]) == ("AMANA-RULE-002", "numbered: it does not hold")
        assert (await message_states(hub, "inbox"))[sent.id] == "refused"

    _run(journey)


def test_a_rule_for_receivers_stops_what_it_does_not_hold_for() -> None:
    """READ: what was taken from the sender is not passed on, and says why."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub, rule("public", "message.perihal != 'rahasia'", mode="READ"))
        await subscribe(hub, FIRST)
        await send(hub, render({"nomor": 1, "perihal": "rahasia"}))
        await send(hub, GOOD)
        await hub.settle()
        assert [body["perihal"] for body in hub.receiver.taken.values()] == ["Undangan"]
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["code"], letter["detail"]) == ("AMANA-RULE-003", "public: it does not hold")

    _run(journey)


def test_what_was_admitted_keeps_the_version_of_then() -> None:
    """A code that moves to another version changes nothing for what was admitted before."""

    async def journey() -> None:
        hub = SimHub()
        await contracted(hub)
        await subscribe(hub, FIRST)
        await send(hub, GOOD)
        rules = {"domainRules": [rule("none", "false", mode="READ")]}
        await register(hub.registry, hub.clock.now(), rules=rules)
        await change(hub, "api.contract", {"code": CODE, "contract": "subject:surat-value:2"})
        await send(hub, render({"nomor": 2, "perihal": "y"}))
        await hub.settle()
        assert [body["nomor"] for body in hub.receiver.taken.values()] == [1]

    _run(journey)


def test_what_is_shown_is_masked_by_the_tags_of_its_contract() -> None:
    """Tagged values are masked, all of them where nobody tagged; unmasked only when that is asked for."""

    async def journey() -> None:
        hub = SimHub()
        await register(hub.registry, hub.clock.now(), metadata={"tags": {"perihal": ["PII"]}})
        await relaying(hub, contract=PINNED)
        await change(hub, "api.add", {"code": "BEBAS", "direction": "relay"})
        await change(hub, "grant.add", {"system": SENDER, "code": "BEBAS"})
        tagged = await send(hub, GOOD)
        other = await hub.push(SENDER, push_envelope("BEBAS", GOOD))
        assert isinstance(other, Admitted)
        await hub.settle()

        async def shown(name: str, *, full: bool = False) -> Any:
            view, registry = hub.follower.directory.now(), hub.registry.registry
            found = await open_payload(hub.store, hub.log, hub.log, view, registry, PEOPLE.hub, name, full=full)
            return found["body"]

        assert await shown(tagged.id) == {"nomor": 1, "perihal": MASK}
        assert await shown(tagged.id, full=True) == {"nomor": 1, "perihal": "Undangan"}
        assert await shown(other.id) == {"nomor": MASK, "perihal": MASK}

    _run(journey)
