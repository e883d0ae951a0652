"""inbox.* -> records.<contract>: what each system said, in the canonical words.

Rule: a record depends on the admitted bytes, the directory as of the position that the gateway stamped, and the
versions of adapter and contract; nothing else. What a device's clock did since the message before is noted beside
(`hub.stages.clocks`). A row that cannot be taken is a dead letter, its neighbours go on. Hot
path: per record one dict and one `Record`, everything else is made once per message or per contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from adapters.kit import AdapterError, Canonical, DeviceContext, KitError, MessageContext, Refused, Translated
from hub.control.fields import SYSTEM_OPTIONS
from hub.errors import BadMessage
from hub.feeds.admitting import read_raw
from hub.gateway.bodies import value_again
from hub.keys import subject_key
from hub.log.inbox import parse_rows
from hub.ports import Append, Store, Vault
from hub.records import (
    ASSURANCE,
    CODE,
    CONTENT_TYPE,
    CONTROL_POSITION,
    DATASCHEMA,
    DERIVED,
    DEVICE,
    FEED,
    ID,
    INSTITUTION,
    ORIGIN,
    PARENT,
    PERIOD,
    ROWS,
    SECRET,
    SOURCE,
    SPECVERSION,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    derived_ids,
    partition_of,
)
from hub.stages.bodies import RECEIVED, open_body, secrets_of
from hub.stages.brake import Verdict
from hub.stages.clocks import Clocks
from hub.stages.deadletters import check_aside, dead_letter
from hub.stages.effects import Effects, Entry
from hub.stages.flags import MEMBER, Flagged
from hub.topics import DEADLETTERS, INBOX, INBOX_RELAY, RECORDS
from schemas.contracts import CONTRACTS, checker
from schemas.deviceflags import OPEN_FLAGS
from signing.jsontext import render
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.follow import DirectoryFollower
    from hub.control.view import View
    from hub.stages.hand import Hand
    from signing.keys import PrivateKey

NAME: Final = "translate"
VERSION: Final = 1
_VIEWS: Final = 64


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every record of one contract."""

    ok: Callable[[Any], bool]
    topic: str
    partitions: int
    headers: dict[str, str]
    flagged: bool  # has flags that may stand in the open


class _Out:
    """Records by target partition, in order."""

    __slots__ = ("_by_place",)

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, int], list[Record]] = {}

    def at(self, topic: str, partition: int) -> list[Record]:
        """Where the records of a partition come together."""
        return self._by_place.setdefault((topic, partition), [])

    def appends(self) -> list[Append]:
        return [Append(topic, partition, records) for (topic, partition), records in self._by_place.items()]


class Translate:
    """The stage. `adapters` by id; `hmac` is the hub's key for record keys; `topics` their numbers of partitions;
    `key` opens bodies that were encrypted for the hub; `store` has what devices said last; without it no two
    messages are compared."""

    name = NAME
    version = VERSION
    batch = 512
    apart = True

    def __init__(
        self,
        vault: Vault,
        follower: DirectoryFollower,
        adapters: Mapping[str, Adapter],
        hmac: bytes,
        topics: Callable[[], Mapping[str, int]],
        hand: Hand | None = None,
        key: PrivateKey | None = None,
        store: Store | None = None,
    ) -> None:
        self._vault = vault
        self._follower = follower
        self._adapters = adapters
        self._hmac = hmac
        self._topics = topics
        self._hand = hand
        self._key = key
        self._store = store
        self._plans: dict[str, _Plan] = {}
        self._views: dict[int, View] = {}

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic.startswith(INBOX) and topic != INBOX_RELAY]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        if self._hand is not None:
            self._hand.passed(topic, partition, entries[0].offset)
        secrets = await secrets_of(self._vault, (entry.record for entry in entries))
        await self._catch_up(entries)
        clocks = await Clocks.of(self._store, [entry.record for entry in entries if self._in_order(entry.record)])
        effects = Effects()
        out = _Out()
        for entry in entries:
            secret = secrets.get(entry.record.headers[SECRET])
            if secret is None:
                effects.erased += 1
                continue
            code = self._message(topic, partition, entry, secret, out, clocks)
            effects.verdicts.append(Verdict(code, entry.record.headers[SYSTEM]))
            await asyncio.sleep(0)  # deliveries run in this loop too
        effects.publishes = out.appends()
        effects.writes += clocks.writes()
        return effects

    def _message(self, topic: str, partition: int, entry: Entry, secret: bytes, out: _Out, clocks: Clocks) -> str:
        """Make the records of one message; returns "" when any row of it could be taken, else the code of the last."""
        record, source = entry.record, (topic, partition, entry.offset)
        try:
            check_aside(record)
            items = self._rows(record, secret, source)
        except BadMessage as bad:
            self._bury(out, source, record, 0, code=bad.code, reason=bad.detail)
            return bad.code
        h = record.headers
        parent = h[ID]
        shared = {
            **dict((SPECVERSION,)),
            SOURCE: f"stage/{NAME}",
            STAGE: f"{NAME}/{VERSION}",
            CONTENT_TYPE: "application/json",
            TIME: h[TIME],
            SYSTEM: h[SYSTEM],
            INSTITUTION: h[INSTITUTION],
            CODE: h[CODE],
            ASSURANCE: h[ASSURANCE],
            SECRET: h[SECRET],
            PARENT: parent,
            ORIGIN: f"{topic}/{partition}/{entry.offset}",
        }
        derived, record_id = f"{topic}/{partition}/{entry.offset}/", derived_ids(parent, NAME, VERSION)
        heads: dict[str, tuple[_Plan, BodyKey, dict[str, str]]] = {}
        places: dict[
            tuple[str, tuple[str, ...]], tuple[bytes, list[Record]]
        ] = {}  # a message names the same people often
        flagged = Flagged(h.get(DEVICE))
        taken, failed = 0, ""
        for n, item in enumerate(items):
            if not isinstance(item, Canonical):
                if isinstance(item, Refused):
                    self._bury(out, source, record, n, code="AMANA-TRANS-001", reason=item.code, row=item.row)
                    failed = "AMANA-TRANS-001"
                else:
                    taken += 1
                continue
            contract, subject, value, period, row = item
            head = heads.get(contract)
            if head is None:
                plan = self._plan(contract)
                head = heads[contract] = (plan, BodyKey(secret, contract), shared | plan.headers)
                head[1].expect(len(items) - n)
            plan, body_key, common = head
            if not plan.ok(value):
                self._bury(out, source, record, n, code="AMANA-TRANS-002", reason=contract, row=row)
                failed = "AMANA-TRANS-002"
                continue
            rid = record_id(n)
            headers = common.copy()
            headers[ID] = rid
            headers[DERIVED] = derived + str(n)
            if period is not None:
                headers[PERIOD] = period
            if plan.flagged and (value[MEMBER] or contract not in flagged.first):
                flagged.add(contract, headers, value[MEMBER])
            place = places.get((contract, subject))
            if place is None:
                key = subject_key(self._hmac, *subject)
                place = key, out.at(plan.topic, partition_of(key, plan.partitions))
                places[contract, subject] = place
            place[1].append(Record(place[0], headers, body_key.seal(rid, render(value))))
            taken += 1
        flagged.note()
        clocks.see(record, items)
        return "" if taken else failed

    def _rows(self, record: Record, secret: bytes, source: tuple[str, int, int]) -> Sequence[Translated]:
        """What the adapter makes of the message, under the directory that it was admitted under."""
        h = record.headers
        view = self._view(int(h[CONTROL_POSITION]))
        api = view.api(h[CODE])
        adapter = None if api is None else self._adapters.get(api.adapter)
        if api is None or adapter is None:
            raise BadMessage("AMANA-TRANS-003", "the code's adapter is not installed")
        received = open_body(BodyKey(secret, RECEIVED), h[ID], record.value)
        context = MessageContext(
            system=h[SYSTEM],
            institution=h[INSTITUTION],
            code=h[CODE],
            admitted_at=int(h[TIME]),
            rows=parse_rows(h.get(ROWS, "all")),
            device=_device(view, h.get(DEVICE)),
            options=options_of(view, h),
        )
        read_xml = partial(_read_xml, adapter, api.exchange)
        try:
            if DEVICE in h or FEED in h:
                body: Any = read_raw(received, adapter.manifest.exchange(api.exchange))
            else:
                body = value_again(received, h, api.sealed, self._key, read_xml)
        except KitError as error:
            raise BadMessage("AMANA-TRANS-003", error.kind) from error
        hand = self._hand
        if hand is not None:
            place = f"{source[0]}/{source[1]}/{source[2]}"
            if hand.killed(place):
                raise BadMessage("AMANA-TRANS-005", api.adapter)
            hand.take(place)
        try:
            return adapter.translate(api.exchange, body, context)
        except AdapterError as error:
            raise BadMessage("AMANA-TRANS-001", error.kind) from error
        except KitError as error:
            code = "AMANA-TRANS-004" if error.kind == "institution" else "AMANA-TRANS-003"
            raise BadMessage(code, error.kind) from error
        finally:
            if hand is not None:
                hand.lay_down()

    def _in_order(self, record: Record) -> bool:
        """Whether a device sent it in the order of its log."""
        h = record.headers
        if DEVICE not in h or FEED in h:
            return False
        api = self._view(int(h[CONTROL_POSITION])).api(h[CODE])
        adapter = None if api is None else self._adapters.get(api.adapter)
        if api is None or adapter is None:
            return False
        return any(found.in_order for found in adapter.manifest.exchanges if found.name == api.exchange)

    def _plan(self, contract: str) -> _Plan:
        plan = self._plans.get(contract)
        if plan is None:
            topic = RECORDS + contract
            spec = CONTRACTS[contract]
            headers = {TYPE: contract, DATASCHEMA: spec.urn}
            plan = self._plans[contract] = _Plan(
                checker(contract).ok, topic, self._topics()[topic], headers, contract in OPEN_FLAGS
            )
        return plan

    def _bury(
        self,
        out: _Out,
        source: tuple[str, int, int],
        record: Record,
        n: int,
        *,
        code: str,
        reason: str = "",
        row: int | None = None,
    ) -> None:
        letter = dead_letter(NAME, VERSION, *source, record, code=code, reason=reason, row=row, n=n)
        out.at(DEADLETTERS, partition_of(letter.key, self._topics()[DEADLETTERS])).append(letter)

    async def _catch_up(self, entries: Sequence[Entry]) -> None:
        """The gateway may have seen changes that this process has not read yet."""
        needed = max(int(entry.record.headers[CONTROL_POSITION]) for entry in entries)
        if self._follower.directory.now().position < needed:
            await self._follower.catch_up()

    def _view(self, position: int) -> View:
        view = self._views.get(position)
        if view is None:
            if len(self._views) >= _VIEWS:
                self._views.clear()
            view = self._views[position] = self._follower.directory.at(position)
        return view


def _read_xml(adapter: Adapter, exchange: str, value: Any) -> Any:
    return adapter.read_xml(exchange, value)


def _device(view: View, device_id: str | None) -> DeviceContext | None:
    if device_id is None:
        return None
    device = view.device_by_id(device_id)
    if device is None:
        raise BadMessage("AMANA-DEVICE-001", "the device is not in the directory of that time")
    return DeviceContext(device.id, device.serial, device.zone or "", device.options)


def options_of(view: View, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Options of the adapter: of what a feed brings the feed's, of what is pushed the system's and over them the grant's.
    A device has its own."""
    if FEED in headers:
        feed = view.feed(headers[FEED])
        return {} if feed is None else feed.options
    if DEVICE in headers:
        return {}
    system, grant = view.system(headers[SYSTEM]), view.grant(headers[SYSTEM], headers[CODE])
    found = (
        {} if system is None else {name: text for name, text in system.options.items() if name not in SYSTEM_OPTIONS}
    )
    return found if grant is None else {**found, **grant.options}
