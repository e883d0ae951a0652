"""pulls -> the table `pull`, and late answers to the outboxes of those who subscribed to `pull.answer`.

Rule: deterministic. What counts is decided by the fold alone; what is sent on carries the secret of the request, so that
erasing it takes the copy along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.registered import ensure_known
from hub.delivery.deliver import BODY
from hub.delivery.receipts import NUMBER, OUTCOME, subscription_headers
from hub.delivery.states import Event
from hub.errors import TryAgain
from hub.keys import subject_key
from hub.ports import Append, Bus, Store, Vault, Write
from hub.pull.exchange import plain_words
from hub.pull.records import NAME, PURPOSE, VERSION
from hub.pull.standing import TABLE, Row, fold, pull_of
from hub.pull.wrapping import answer_reading, read_kept_answer, read_value
from hub.records import (
    CODE,
    CONTENT_TYPE,
    CONTROL_POSITION,
    DATASCHEMA,
    DERIVED,
    FORM,
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
    derived_id,
    parents_id,
    partition_of,
    request_id,
)
from hub.stages.bodies import open_with
from hub.stages.effects import Effects, Entry
from hub.topics import PULLS, outbox
from signing.forms import render_data_json
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Subscription
    from signing.keys import PrivateKey

PULL_ANSWER: Final = "pull.answer"
"""Contract that a system subscribes to for the late answers to its own pulls."""

_LATE: Final = frozenset({str(Event.LATE_ANSWER), str(Event.LATE_FAILURE)})


class Pulls:
    """The stage."""

    name = NAME
    version = VERSION
    batch = 500
    apart = True

    def __init__(
        self,
        bus: Bus,
        store: Store,
        vault: Vault,
        follower: DirectoryFollower,
        hmac: bytes,
        key: PrivateKey,
        registry: Following | None = None,
    ) -> None:
        self._bus = bus
        self._store = store
        self._vault = vault
        self._follower = follower
        self._hmac = hmac
        self._registry = registry
        self._key = key  # the hub's: opens what was encrypted for it

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == PULLS]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        ids = sorted({pull_of(entry.record) for entry in entries})
        rows: dict[str, Row] = {row["id"]: row for row in await self._store.rows(TABLE, {"id": ids})}
        effects = Effects()
        changed: dict[str, Row] = {}
        for entry in entries:
            id_ = pull_of(entry.record)
            before = rows.get(id_)
            after = fold(before, entry.record, partition, entry.offset)
            if after is None or after is before:
                continue
            rows[id_] = changed[id_] = after
            if entry.record.headers.get(OUTCOME) in _LATE:
                await self._send_on(after, partition, entry, effects)
        if changed:
            effects.writes.append(Write(TABLE, list(changed.values())))
        return effects

    async def _send_on(self, row: Row, partition: int, entry: Entry, effects: Effects) -> None:
        """The answer to each subscription of the system that asked."""
        record = entry.record
        position = int(record.headers[CONTROL_POSITION])
        if self._follower.directory.position < position:
            await self._follower.catch_up(position)
        view = self._follower.directory.at(position)
        subscriptions = [one for one in view.subscriptions(PULL_ANSWER) if one.system == row["system"]]
        if not subscriptions:
            return
        secret = (await self._vault.open([row["id"]])).get(row["id"])
        if secret is None:
            effects.erased += 1
            return
        members, claimed = read_kept_answer(open_with(secret, PURPOSE, record), record.headers)
        api = view.api(row["code"])
        if api is not None and "esbBody" in members:
            await ensure_known(self._registry, (api.contract,))
            reading = answer_reading(api, self._key, None if self._registry is None else self._registry.registry)
            members["esbBody"] = read_value(members["esbBody"], record.headers[FORM], reading, claimed)
        body = render_answer(row, members)
        topic = outbox(row["system"])
        partitions = self._bus.topics().get(topic)
        if partitions is None:
            raise TryAgain("AMANA-PULL-020", "a new system's outbox is still to be made", after=0.1)
        for n, subscription in enumerate(subscriptions):
            source = f"{PULLS}/{partition}/{entry.offset}/{n}"
            made = self._outgoing(row, record, subscription, source, secret, body)
            effects.publishes.append(Append(topic, partition_of(made.key, partitions), [made]))

    def _outgoing(
        self, row: Row, record: Record, subscription: Subscription, source: str, secret: bytes, body: bytes
    ) -> Record:
        rid = derived_id(parents_id([record.headers[ID], subscription.id]), NAME, VERSION, 0)
        headers = dict((SPECVERSION,))
        headers |= {
            ID: rid,
            SOURCE: f"stage/{NAME}",
            STAGE: f"{NAME}/{VERSION}",
            TYPE: "outbox",
            CONTENT_TYPE: "application/json",
            DATASCHEMA: PULL_ANSWER,
            TIME: record.headers[TIME],
            SYSTEM: row["system"],
            INSTITUTION: row["institution"],
            CODE: PULL_ANSWER,
            SECRET: row["id"],
            PARENT: row["id"],
            DERIVED: source,
            REQUEST: request_id(rid),
            NUMBER: "1",
            **subscription_headers(subscription),
        }
        key = subject_key(self._hmac, "pull", row["id"])  # no answer waits for another
        return Record(key, headers, BodyKey(secret, BODY).seal(rid, body))


def render_answer(row: Row, members: dict[str, Any]) -> bytes:
    """What a subscriber gets of a late answer."""
    success = members["success"] is True
    return render_data_json(
        {
            "requestId": row["request_id"],
            "apiCode": row["code"],
            "success": success,
            "message": None if success else plain_words(members.get("message")) or None,
            "esbBody": members.get("esbBody") if success else None,
        }
    )
