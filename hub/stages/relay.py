"""inbox.relay -> outbox.<system>: what is passed on as it is, one copy for each subscription to its code.

Rule: a copy depends on the admitted bytes and on the directory as of the position that the gateway stamped; who
subscribes later gets what comes later. A copy is sealed under the message's own secret, so erasing the message erases
every copy. With no subscriber the message stays in its inbox, and the index says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.registered import ensure_known
from hub.delivery.deliver import BODY
from hub.delivery.receipts import subscription_headers
from hub.errors import BadMessage
from hub.gateway.bodies import value_again
from hub.gateway.contracts import answer_terms
from hub.ports import Append, Bus, Vault
from hub.records import (
    CHECKED,
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
from hub.stages.bodies import RECEIVED, open_body, secrets_of
from hub.stages.brake import Verdict
from hub.stages.deadletters import check_aside, dead_letter
from hub.stages.effects import Effects, Entry
from hub.stages.passing import render_body
from hub.topics import DEADLETTERS, INBOX_RELAY, outbox, partitions_of
from schemas.datarules import find_broken
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.directory import Directory
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Api, Subscription
    from hub.control.view import View
    from signing.keys import PrivateKey

NAME: Final = "relay"
VERSION: Final = 1


def takers(view: View, code: str, institution: str) -> list[Subscription]:
    """The subscriptions that get what a system of `institution` sends under `code`, oldest first, paused ones too."""
    return [s for s in view.subscriptions(code) if s.institution in {None, institution}]


def takers_of(directory: Directory, record: Record) -> list[Subscription]:
    """The same for a message of `inbox.relay`, as of the position that it was admitted at."""
    h = record.headers
    return takers(directory.at(int(h[CONTROL_POSITION])), h[CODE], h[INSTITUTION])


class Relay:
    """The stage. `partitions`: of an outbox that is not there yet. `key`: the hub's, for bodies encrypted for it."""

    name = NAME
    version = VERSION
    batch = 256
    apart = True

    def __init__(
        self,
        bus: Bus,
        vault: Vault,
        follower: DirectoryFollower,
        partitions: int,
        key: PrivateKey | None = None,
        registry: Following | None = None,
    ) -> None:
        self._bus = bus
        self._vault = vault
        self._follower = follower
        self._partitions = partitions
        self._key = key
        self._registry = registry

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == INBOX_RELAY]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        needed = max(int(entry.record.headers[CONTROL_POSITION]) for entry in entries)
        if self._follower.directory.position < needed:
            await self._follower.catch_up()
        pinned = {self._api(entry.record).contract for entry in entries}
        await ensure_known(self._registry, pinned)
        secrets = await secrets_of(self._vault, (entry.record for entry in entries))
        effects = Effects()
        made: list[tuple[str, Record]] = []
        for entry in entries:
            record = entry.record
            secret = secrets.get(record.headers[SECRET])
            if secret is None:
                effects.erased += 1
                continue
            found = takers_of(self._follower.directory, record)
            code = ""
            try:
                check_aside(record)
                if found:
                    body = render_body(self._value(record, secret))
                    made += _copies(record, (topic, partition, entry.offset), secret, body, found)
            except BadMessage as bad:
                code = bad.code
                letter = dead_letter(
                    NAME, VERSION, topic, partition, entry.offset, record, code=code, reason=bad.detail
                )
                made.append((DEADLETTERS, letter))
            effects.verdicts.append(Verdict(code, record.headers[SYSTEM]))
        effects.publishes = await self._appends(made)
        return effects

    def _api(self, record: Record) -> Api:
        """The code as it was when the message was admitted."""
        h = record.headers
        api = self._follower.directory.at(int(h[CONTROL_POSITION])).api(h[CODE])
        assert api is not None
        return api

    def _value(self, record: Record, secret: bytes) -> Any:
        """The body that the gateway admitted."""
        h = record.headers
        api = self._api(record)
        received = open_body(BodyKey(secret, RECEIVED), h[ID], record.value)
        terms = answer_terms(api, None if self._registry is None else self._registry.registry)
        value = value_again(received, h, api.sealed, self._key, terms.read_xml)
        broken = find_broken(terms.rules, "READ", value) if terms.rules.rules and CHECKED not in h else None
        if broken is not None:
            raise BadMessage("AMANA-RULE-003", broken.text)
        return value

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


def _copies(
    record: Record, place: tuple[str, int, int], secret: bytes, body: bytes, subscriptions: Sequence[Subscription]
) -> list[tuple[str, Record]]:
    """One record for each of `subscriptions`, with its topic."""
    h = record.headers
    key = BodyKey(secret, BODY)
    topic, partition, offset = place
    origin = f"{topic}/{partition}/{offset}"
    made: list[tuple[str, Record]] = []
    for n, subscription in enumerate(subscriptions):
        rid = derived_id(parents_id([h[ID], subscription.id]), NAME, VERSION, 0)
        headers = dict((SPECVERSION,))
        headers |= {
            ID: rid,
            SOURCE: f"stage/{NAME}",
            STAGE: f"{NAME}/{VERSION}",
            TYPE: "outbox",
            CONTENT_TYPE: "application/json",
            DATASCHEMA: h[DATASCHEMA],
            TIME: h[TIME],
            SYSTEM: subscription.system,
            INSTITUTION: h[INSTITUTION],
            CODE: h[CODE],
            SECRET: h[SECRET],
            PARENT: h[ID],
            ORIGIN: origin,
            DERIVED: f"{origin}/{n}",
            REQUEST: request_id(rid),
            **subscription_headers(subscription),
        }
        made.append((outbox(subscription.system), Record(record.key, headers, key.seal(rid, body))))
    return made
