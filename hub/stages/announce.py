"""control -> outbox.<system>: what was decided on a contract's version, for each system that uses it.

Rule: a function of the control record and of the directory as of its position, so reading the log again makes the same
messages; each announcement reaches a system once. Bodies are sealed under the secret of the control log: no person is in
them, so nothing is ever to be erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.names import pin
from hub.control.announcing import NOTICE, codes_of
from hub.control.follow import CONTROL_SECRET
from hub.delivery.deliver import BODY
from hub.delivery.receipts import subscription_headers
from hub.errors import Halt
from hub.keys import subject_key
from hub.ports import Append, Bus, Vault
from hub.records import (
    CODE,
    CONTENT_TYPE,
    DATASCHEMA,
    DERIVED,
    ID,
    INSTITUTION,
    PARENT,
    REQUEST,
    SECRET,
    SOURCE,
    SPECVERSION,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    RecordId,
    derived_id,
    parents_id,
    partition_of,
    request_id,
)
from hub.stages.effects import Effects, Entry
from hub.topics import CONTROL, outbox, partitions_of
from schemas.contracts import CONTRACTS
from signing.envelope import render_data
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import ContractState, Subscription
    from hub.control.view import View

NAME: Final = "announce"
VERSION: Final = 1
CHANGE: Final = "contract.state"


class Announce:
    """The stage. `hmac`: the hub's key for record keys; `partitions`: of an outbox that is not there yet."""

    name = NAME
    version = VERSION
    batch = 500

    def __init__(self, bus: Bus, vault: Vault, follower: DirectoryFollower, hmac: bytes, partitions: int) -> None:
        self._bus = bus
        self._vault = vault
        self._follower = follower
        self._hmac = hmac
        self._partitions = partitions

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == CONTROL]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        directory = self._follower.directory
        if directory.position < entries[-1].offset:
            await self._follower.catch_up()
        made: list[tuple[str, Record]] = []
        for entry in entries:
            outcome = directory.outcome(entry.offset)
            if outcome.kind != CHANGE or not outcome.accepted or outcome.repeated or not outcome.result.get("told"):
                continue
            view = directory.at(entry.offset)
            state = view.contract_state(outcome.result["contract"])
            assert state is not None
            made += announcements(state, entry.record.headers[ID], view, await self._key(), self._hmac)
        return Effects(publishes=await self._appends(made))

    async def _key(self) -> BodyKey:
        found = (await self._vault.open([CONTROL_SECRET])).get(CONTROL_SECRET)
        if found is None:
            raise Halt("AMANA-SEAL-001", "the secret of the control log is missing")
        return BodyKey(found, BODY)

    async def _appends(self, made: Iterable[tuple[str, Record]]) -> list[Append]:
        by_topic: dict[str, list[Record]] = {}
        for topic, record in made:
            by_topic.setdefault(topic, []).append(record)
        missing = by_topic.keys() - self._bus.topics().keys()
        if missing:
            await self._bus.ensure({topic: partitions_of(topic, self._partitions) for topic in sorted(missing)})
        topics = self._bus.topics()
        by_place: dict[tuple[str, int], list[Record]] = {}
        for topic, records in by_topic.items():
            for record in records:
                by_place.setdefault((topic, partition_of(record.key, topics[topic])), []).append(record)
        return [Append(topic, partition, records) for (topic, partition), records in by_place.items()]


def notice_id(change: str, subscription: str) -> RecordId:
    """Id of what is sent under a subscription for a decision."""
    return derived_id(parents_id([change, subscription]), NAME, VERSION, 0)


def announcements(state: ContractState, change: str, view: View, key: BodyKey, hmac: bytes) -> list[tuple[str, Record]]:
    """A record for each subscription that is told, with its topic. `change`: id of the control record."""
    made: list[tuple[str, Record]] = []
    for n, id_ in enumerate(state.told):
        subscription = view.subscription(id_)
        system = None if subscription is None else view.system(subscription.system)
        assert subscription is not None
        assert system is not None
        rid = notice_id(change, id_)
        headers = dict((SPECVERSION,))
        headers |= {
            ID: rid,
            SOURCE: f"stage/{NAME}",
            STAGE: f"{NAME}/{VERSION}",
            TYPE: "outbox",
            CONTENT_TYPE: "application/json",
            DATASCHEMA: CONTRACTS[NOTICE].urn,
            TIME: str(state.at),
            SYSTEM: system.code,
            INSTITUTION: system.institution,
            CODE: NOTICE,
            SECRET: CONTROL_SECRET,
            PARENT: change,
            DERIVED: f"{CONTROL}/0/{state.position}/{n}",
            REQUEST: request_id(rid),
            **subscription_headers(subscription),
        }
        sealed = key.seal(rid, render_data(_body(state, view, subscription)))
        made.append((outbox(system.code), Record(subject_key(hmac, "system", system.code), headers, sealed)))
    return made


def _body(state: ContractState, view: View, subscription: Subscription) -> Mapping[str, Any]:
    system = subscription.system
    mine = {s.code for s in view.all_subscriptions() if s.system == system}
    codes = [
        code
        for code in codes_of(view, pin(state.contract))
        if code in mine or view.granted(system, code) or _provides(view, system, code)
    ]
    return {
        "contract": state.contract,
        "state": state.state,
        "lastDay": state.until,
        "instead": state.instead,
        "codes": codes,
        "announcedAt": datetime.fromtimestamp(state.at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _provides(view: View, system: str, code: str) -> bool:
    api = view.api(code)
    return api is not None and api.provider == system
