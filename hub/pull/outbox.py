"""The reserved code OUTBOX: a system reads what waits for it in its outbox, and confirms what it took.

    {"cursor"?, "confirm"?: [requestId, ...], "limit"?: 1..100, "subscription"?}
    {"messages": [{"requestId", "code", "subscription", "time", "esbBody" | "bodyText", "notice"?}], "cursor", "more",
     "waiting", "erased", "withheld"?: [{"requestId", "code", "reason"}], "confirmed", "repeated", "unknown": [...]}

Rule: nothing is settled by being read. What is not confirmed is read again, from the beginning without a cursor; the
cursor only saves reading it again at once. It says how far each partition was read, so nothing that comes later is
passed over. What breaks its contract, a rule for receivers, or stands under a retired version is withheld and named
with the reason; it waits until somebody mends that, or until it is confirmed unread. One message never hides the others: a body that cannot be said in the answer (too deep, or nothing that XML
can hold) comes as `bodyText`, its JSON as one text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.checking import check_collected
from hub.delivery.collecting import CODE_NAME, Messages, confirmation
from hub.delivery.deliver import BODY
from hub.delivery.intake import NAME as INTAKE
from hub.delivery.receipts import SUBSCRIPTION
from hub.delivery.states import State
from hub.errors import BadMessage
from hub.gateway.receipts import format_time
from hub.ports import Append, Bus, Store, Vault
from hub.pull.answerers import Reply
from hub.pull.asking import Members
from hub.records import CODE, DATASCHEMA, ID, REQUEST, SECRET, SYSTEM, TIME, Record, partition_of
from hub.stages.bodies import open_body
from hub.topics import CONFIRMATIONS, outbox
from signing import xmltext
from signing.errors import SigningError
from signing.forms import BODY as BODY_MEMBER
from signing.jsontext import parse
from signing.portable import portable
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.view import View
    from hub.pull.question import Question
    from signing.forms import Media

MOST: Final = 100
MOST_CONFIRMED: Final = 1000
BYTES: Final = 524_288
"""Of bodies in one answer; a larger one comes alone."""

PENDING: Final = 25
"""Confirmations that the schedule has not read yet, and a question still looks at; what lies behind them is shown again."""

_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}")
_CURSOR: Final = re.compile(r"[0-9]{1,18}(-[0-9]{1,18}){0,999}")
_NO_XML: Final = re.compile("[\ufffe\uffff]")  # control characters are escaped in JSON anyhow
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an outbox. `cursor`: per partition, the offset to go on from."""

    cursor: tuple[int, ...] | None
    confirm: tuple[str, ...]
    limit: int
    subscription: str | None


def read_wanted(value: Any) -> Wanted:
    """Raises `BadMessage` AMANA-OUTBOX-001."""
    members = Members(value, ("cursor", "confirm", "limit", "subscription"), "AMANA-OUTBOX-001")
    cursor = members.text("cursor", _CURSOR, "a cursor as an earlier answer had it")
    return Wanted(
        cursor=None if cursor is None else tuple(int(part) for part in cursor.split("-")),
        confirm=tuple(members.texts("confirm", _REQUEST_ID, "request ids, 32 hex digits each,", MOST_CONFIRMED)),
        limit=members.number("limit", MOST, 1, MOST),
        subscription=members.text("subscription", _NAME, "the id of a subscription"),
    )


class Outbox:
    """The answerer."""

    name = CODE_NAME

    def __init__(self, bus: Bus, store: Store, vault: Vault, view: View, registry: Following | None = None) -> None:
        self._bus = bus
        self._store = store
        self._vault = vault
        self._view = view
        self._registry = registry

    async def answer(self, question: Question) -> Reply:
        if question.path != "/esb/request":
            raise BadMessage("AMANA-OUTBOX-001", "ask on /esb/request")
        wanted = read_wanted(question.body)
        system = question.system.code
        collected = [s for s in self._view.all_subscriptions() if s.system == system and s.collect]
        chosen = [s.id for s in collected if wanted.subscription in {None, s.id}]
        if not chosen:
            raise BadMessage("AMANA-OUTBOX-002")
        pending = await self._pending(system, question.candidate.key)  # before any row is looked at
        said = await self._confirm(question, wanted.confirm, {s.id for s in collected}, pending)
        active = [s.id for s in collected if s.id in chosen and not s.paused]
        page = await self._page(system, active, wanted, said.settled, question.media)
        return Reply(page | said.members, kept=False)

    async def _pending(self, system: str, key: bytes) -> frozenset[str]:
        """Request ids that this system has confirmed and the schedule does not know yet, by whatever gateway."""
        partition = partition_of(key, self._bus.topics()[CONFIRMATIONS])
        place = {"stage": INTAKE, "topic": CONFIRMATIONS, "partition": partition}
        position = next((row["position"] for row in await self._store.rows("stage_progress", place)), 0)
        if await self._bus.end(CONFIRMATIONS, partition) <= position:
            return frozenset()
        batches = await self._bus.read(CONFIRMATIONS, partition, position, max_records=PENDING)
        records = [record for batch in batches for record in batch.records][:PENDING]
        return frozenset(name for record in records if record.headers[SYSTEM] == system for name in parse(record.value))

    async def _confirm(
        self, question: Question, names: Sequence[str], collected: set[str], pending: frozenset[str]
    ) -> _Said:
        """Durable on return."""
        if not names:
            return _Said(pending, {"confirmed": 0, "repeated": 0, "unknown": []})
        system = question.system
        where = {"request_id": list(names), "system": system.code}
        rows = {r["request_id"]: r for r in await self._store.rows("delivery", where) if r["subscription"] in collected}
        open_ = rows.keys() - pending
        waiting = [name for name in names if name in open_ and rows[name]["state"] == State.WAITING]
        if waiting:
            digest = "sha256:" + hashlib.sha256(question.candidate.received).hexdigest()
            key = question.candidate.key
            record = confirmation(system.code, system.institution, key, digest, question.now, waiting)
            partition = partition_of(key, self._bus.topics()[CONFIRMATIONS])
            await self._bus.append([Append(CONFIRMATIONS, partition, [record])])
        unknown = [name for name in names if name not in rows]
        return _Said(
            pending.union(waiting),
            {"confirmed": len(waiting), "repeated": len(rows) - len(waiting), "unknown": unknown},
        )

    async def _page(
        self, system: str, subscriptions: Sequence[str], wanted: Wanted, settled: frozenset[str], media: Media
    ) -> dict[str, Any]:
        topic = outbox(system)
        partitions = self._bus.topics().get(topic, 0)
        ends = [0] * partitions if wanted.cursor is None else list(wanted.cursor)
        if len(ends) != partitions:
            raise BadMessage("AMANA-OUTBOX-001", "esbBody.cursor: a cursor as an earlier answer had it expected")
        where = {"topic": topic, "state": str(State.WAITING), "subscription": list(subscriptions)}
        rows = await self._rows(where, ends, wanted.limit + 1 + len(settled)) if subscriptions else []
        waiting = await self._count(where, settled) if subscriptions else 0
        rows = [row for row in rows if row["request_id"] not in settled]
        page = await self._open(rows[: wanted.limit], ends, media)
        return {
            "messages": page.messages,
            "cursor": "-".join(str(end) for end in ends) if partitions else None,
            "more": len(rows) > page.taken,
            "waiting": waiting,
            "erased": page.erased,
            **({"withheld": page.withheld} if page.withheld else {}),
        }

    async def _count(self, where: dict[str, Any], settled: frozenset[str]) -> int:
        found = (await self._store.count("delivery", where)).get((), 0)
        if settled:
            found -= (await self._store.count("delivery", where | {"request_id": sorted(settled)})).get((), 0)
        return found

    async def _rows(self, where: dict[str, Any], ends: Sequence[int], limit: int) -> list[dict[str, Any]]:
        """Waiting rows behind the cursor: the oldest first, and each partition in its order."""
        queues = []
        for partition, end in enumerate(ends):
            found = await self._store.rows(
                "delivery",
                where | {"partition": partition, "offset": (">=", end)},
                order=("offset",),
                limit=limit,
            )
            queues.append(found[::-1])
        merged: list[dict[str, Any]] = []
        while len(merged) < limit and any(queues):
            first = min((queue for queue in queues if queue), key=lambda q: (q[-1]["updated"], q[-1]["partition"]))
            merged.append(first.pop())
        return merged

    async def _open(self, rows: Sequence[Mapping[str, Any]], ends: list[int], media: Media) -> _Page:
        """As many of the messages as an answer holds. Moves `ends` past them."""
        messages = Messages(self._bus)
        page, size = _Page([], 0, 0, []), 0
        for row in rows:
            record = await messages.find(row)
            found = None if record is None else await self._body(record)
            if found is not None and page.messages and size + len(found) > BYTES:
                break
            page.taken += 1
            ends[row["partition"]] = row["offset"] + 1
            if record is None or found is None:
                page.erased += 1
                continue
            try:
                schema = record.headers.get(DATASCHEMA, "")
                notice = await check_collected(schema, found, self._registry, self._view)
            except BadMessage as bad:
                withheld = {"requestId": record.headers[REQUEST], "code": bad.code, "reason": bad.detail}
                page.withheld.append(withheld)
                continue
            size += len(found)
            page.messages.append(_shown(record, found, media) | ({"notice": notice} if notice else {}))
        return page

    async def _body(self, record: Record) -> bytes | None:
        h = record.headers
        secret = (await self._vault.open([h[SECRET]])).get(h[SECRET])
        return None if secret is None else open_body(BodyKey(secret, BODY), h[ID], record.value)


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of the confirmations. `settled`: request ids that are not to be shown again."""

    settled: frozenset[str]
    members: dict[str, Any]


@dataclass(slots=True)
class _Page:
    messages: list[dict[str, Any]]
    erased: int
    taken: int
    withheld: list[dict[str, str]]


def _shown(record: Record, body: bytes, media: Media) -> dict[str, Any]:
    h = record.headers
    said = {
        "requestId": h[REQUEST],
        "code": h.get(CODE, ""),
        "subscription": h[SUBSCRIPTION],
        "time": format_time(int(h[TIME])),
    }
    value = parse(body)
    return said | ({"esbBody": value} if _can_say(value, media) else {"bodyText": _text(body)})


def _can_say(value: Any, media: Media) -> bool:
    """Whether an answer can hold this body at its place among the messages."""
    answer = {"messages": [{"esbBody": value}]}
    try:
        if media == "xml":
            xmltext.render("root", {BODY_MEMBER: answer})
        else:
            portable({BODY_MEMBER: answer})
    except SigningError:
        return False
    return True


def _text(body: bytes) -> str:
    """JSON as a text that every format can hold: the characters that XML forbids are escaped in it."""
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", body.decode())
