"""Canonical records -> outbox.<system>: what subscribers to exchanges with `source = "records"` get of each message.

Rule: one admitted message is one batch, whole and in the order of its rows. What is made depends on its records and on the
directory as of the position that the gateway stamped; it is sealed under the message's own secret, so erasing the message
erases it. Nobody gets back what they sent. A message waits until translate and collect have passed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.receipts import subscription_headers
from hub.errors import BadMessage, TryAgain
from hub.ports import Append, Bus, Store, Vault
from hub.records import (
    CODE,
    CONTENT_TYPE,
    CONTROL_POSITION,
    DATASCHEMA,
    DERIVED,
    ID,
    INSTITUTION,
    ORIGIN,
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
    derived_id,
    parents_id,
    partition_of,
    request_id,
)
from hub.stages.bodies import open_body, secrets_of
from hub.stages.brake import Verdict
from hub.stages.collect import NAME as COLLECT
from hub.stages.deadletters import dead_letter
from hub.stages.effects import Effects, Entry
from hub.stages.facts import TABLE, in_order
from hub.stages.rendering import Given, described, render_batch, seal_body, split
from hub.stages.translate import NAME as TRANSLATE
from hub.topics import DEADLETTERS, INBOX, INBOX_RELAY, RECORDS, outbox, partitions_of
from signing.jsontext import parse
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Subscription
    from hub.control.view import View
    from hub.signers import Signers

NAME: Final = "outward"
VERSION: Final = 1
WAIT: Final = 0.05
"""Seconds between two looks at how far translate and collect are."""

_VIEWS: Final = 64

Taker = tuple["Subscription", frozenset[str]]
"""A subscription and the contracts of its exchange."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A message that somebody gets records of."""

    entry: Entry
    view: View
    takers: Sequence[Taker]


class Outward:
    """The stage. `partitions`: of an outbox that is not there yet."""

    name = NAME
    version = VERSION
    batch = 256

    def __init__(
        self,
        bus: Bus,
        store: Store,
        vault: Vault,
        follower: DirectoryFollower,
        adapters: Mapping[str, Adapter],
        partitions: int,
        signers: Signers | None = None,
    ) -> None:
        self._bus = bus
        self._store = store
        self._vault = vault
        self._follower = follower
        self._adapters = adapters
        self._partitions = partitions
        self._signers = signers
        self._takers: dict[tuple[int, str], tuple[View, tuple[Taker, ...]]] = {}
        self._ends: dict[tuple[str, int], tuple[int, dict[tuple[str, int], int]]] = {}

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic.startswith(INBOX) and topic != INBOX_RELAY]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        needed = max(int(entry.record.headers[CONTROL_POSITION]) for entry in entries)
        if self._follower.directory.position < needed:
            await self._follower.catch_up()
        wanted = [found for entry in entries if (found := self._wanted(entry)) is not None]
        if not wanted:
            return Effects()
        ready = await self._ready(topic, partition, wanted)
        effects = Effects()
        if ready < len(wanted):
            effects.taken = next(n for n, entry in enumerate(entries) if entry is wanted[ready].entry)
            wanted = wanted[:ready]
        secrets = await secrets_of(self._vault, (one.entry.record for one in wanted))
        facts = await self._facts(topic, partition, wanted)
        made: list[tuple[str, Record]] = []
        for one in wanted:
            secret = secrets.get(one.entry.record.headers[SECRET])
            if secret is None:
                effects.erased += 1
                continue
            given = _open(facts.get(one.entry.offset, ()), secret)
            code = self._message(one, (topic, partition, one.entry.offset), secret, given, made)
            effects.verdicts.append(Verdict(code, ""))
        effects.publishes = await self._appends(made)
        return effects

    def _wanted(self, entry: Entry) -> _Wanted | None:
        h = entry.record.headers
        position, code = int(h[CONTROL_POSITION]), h[CODE]
        found = self._takers.get((position, code))
        if found is None:
            if len(self._takers) >= _VIEWS:
                self._takers.clear()
            view = self._follower.directory.at(position)
            found = self._takers[position, code] = (view, tuple(self._of_code(view, code)))
        view, takers = found
        own = [
            taker for taker in takers if taker[0].institution in {None, h[INSTITUTION]} and taker[0].system != h[SYSTEM]
        ]
        return _Wanted(entry, view, own) if own else None

    def _of_code(self, view: View, code: str) -> Iterable[Taker]:
        """Subscriptions to records that a message of `code` may become, oldest first, paused ones too."""
        incoming = described(view, code, self._adapters)
        made = frozenset(() if incoming is None else incoming.contracts)
        for subscription in view.all_subscriptions():
            going = None if subscription.code is None else described(view, subscription.code, self._adapters)
            if going is not None and going.source == "records" and made.intersection(going.contracts):
                yield subscription, frozenset(going.contracts)

    async def _ready(self, topic: str, partition: int, wanted: Sequence[_Wanted]) -> int:
        """How many of `wanted` translate and collect have passed, from the first. Raises `TryAgain` when none is.

        Where the records end is noted once for a message, when translate is past it; after a restart it is noted anew,
        further on.
        """
        place = (topic, partition)
        noted = self._ends.get(place)
        first = wanted[0].entry.offset
        if noted is None or noted[0] <= first:
            rows = await self._store.rows(
                "stage_progress", {"stage": TRANSLATE, "topic": topic, "partition": partition}
            )
            passed = next((row["position"] for row in rows), 0)
            if passed <= first:
                raise TryAgain("AMANA-RUN-001", f"{TRANSLATE} {topic}/{partition}", after=WAIT)
            ends = {
                (name, n): await self._bus.end(name, n)
                for name, number in self._bus.topics().items()
                if name.startswith(RECORDS)
                for n in range(number)
            }
            noted = self._ends[place] = (passed, ends)
        rows = await self._store.rows("stage_progress", {"stage": COLLECT})
        positions = {(row["topic"], row["partition"]): row["position"] for row in rows}
        for (name, n), end in noted[1].items():
            if positions.get((name, n), 0) < end:
                raise TryAgain("AMANA-RUN-001", f"{COLLECT} {name}/{n}", after=WAIT)
        return sum(1 for one in wanted if one.entry.offset < noted[0])

    async def _facts(self, topic: str, partition: int, wanted: Sequence[_Wanted]) -> dict[int, list[Mapping[str, Any]]]:
        """Rows of facts of each message that somebody gets, by its offset."""
        where = {
            "origin_topic": topic,
            "origin_partition": partition,
            "origin_offset": [one.entry.offset for one in wanted],
            "contract": sorted({name for one in wanted for _, contracts in one.takers for name in contracts}),
        }
        found: dict[int, list[Mapping[str, Any]]] = {}
        for row in await self._store.rows(TABLE, where):
            found.setdefault(int(row["origin_offset"]), []).append(row)
        return found

    def _message(
        self,
        one: _Wanted,
        place: tuple[str, int, int],
        secret: bytes,
        given: Sequence[Given],
        made: list[tuple[str, Record]],
    ) -> str:
        """Make what every taker gets of one message; returns "" or the code of the last that could not be made. One that
        cannot be rendered for is a dead letter; the others go on."""
        record = one.entry.record
        numbers = counting()
        failed = ""
        for subscription, contracts in one.takers:
            own = [item for item in given if item.contract in contracts]
            going = described(one.view, subscription.code or "", self._adapters)
            if not own or going is None:
                continue
            rid = parents_id([record.headers[ID], subscription.id])
            pages = counting()
            for batch in split(own, going.batch, record.key):
                try:
                    bodies, schema = render_batch(subscription, one.view, self._adapters, batch.records, self._signers)
                    ids = [derived_id(rid, NAME, VERSION, next(pages)) for _ in bodies]
                    sealed = [(id_, seal_body(secret, id_, body)) for id_, body in zip(ids, bodies, strict=True)]
                except BadMessage as bad:
                    failed = bad.code
                    letter = dead_letter(
                        NAME, VERSION, *place, record, code=bad.code, reason=subscription.id, n=next(numbers)
                    )
                    made.append((DEADLETTERS, letter))
                    continue
                for id_, value in sealed:
                    headers = _headers(record, place, subscription, schema, id_, next(numbers))
                    made.append((outbox(subscription.system), Record(batch.key, headers, value)))
        return failed

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


def _open(rows: Iterable[Mapping[str, Any]], secret: bytes) -> list[Given]:
    keys: dict[str, BodyKey] = {}
    found: list[Given] = []
    for row, kept in in_order(rows):
        contract = row["contract"]
        key = keys.get(contract)
        if key is None:
            key = keys[contract] = BodyKey(secret, contract)
        found.append(Given(contract, kept.subject, parse(open_body(key, kept.record_id, kept.body))))
    return found


def _headers(
    record: Record, place: tuple[str, int, int], subscription: Subscription, schema: str, id_: str, n: int
) -> dict[str, str]:
    h = record.headers
    topic, partition, offset = place
    origin = f"{topic}/{partition}/{offset}"
    return dict((SPECVERSION,)) | {
        ID: id_,
        SOURCE: f"stage/{NAME}",
        STAGE: f"{NAME}/{VERSION}",
        TYPE: "outbox",
        CONTENT_TYPE: "application/json",
        DATASCHEMA: schema,
        TIME: h[TIME],
        SYSTEM: subscription.system,
        INSTITUTION: h[INSTITUTION],
        CODE: subscription.code or "",
        SECRET: h[SECRET],
        PARENT: h[ID],
        ORIGIN: origin,
        DERIVED: f"{origin}/{n}",
        REQUEST: request_id(id_),
        **subscription_headers(subscription),
    }
