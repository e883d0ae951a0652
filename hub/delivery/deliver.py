"""Calls the receivers. Rule: the outcome of a call is first a record in `receipts` and only then a state; a crash in
between sends the same request again under the same `requestId`, and one outcome alone is ever recorded as final."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub.delivery.checking import check_outgoing
from hub.delivery.intake import NAME, Intake
from hub.delivery.outcomes import Outcome, Proof, read_answer, settle
from hub.delivery.receipts import ATTEMPT, OUTCOME, PURPOSE, STATE, SUBSCRIPTION, receipt, receipt_id
from hub.delivery.sharing import Share, is_held
from hub.delivery.states import CALLABLE, FINAL, Event, State
from hub.delivery.wrapping import encrypt_text, wants_claim, wants_encryption
from hub.errors import BadMessage, TryAgain
from hub.gateway.bodies import claim_body
from hub.gateway.media import CONTENT_TYPES, kept_type
from hub.metrics.measures import Measures
from hub.ports import Answer, Append, Bus, Call, Caller, Clock, Store, Vault
from hub.records import (
    BOUND,
    CODE,
    CONTENT_TYPE,
    DATASCHEMA,
    DERIVED,
    FORM,
    ID,
    PARENT,
    REQUEST,
    SECRET,
    STAGE,
    SYSTEM,
    TIME,
    Ms,
    Record,
    partition_of,
)
from hub.stages.bodies import open_body
from hub.stages.deadletters import dead_letter
from hub.stages.runner import Runner
from hub.topics import DEADLETTERS, RECEIPTS, outbox
from hub.uploads import Origin, Uploads
from signing.envelope import seal
from signing.errors import SigningError
from signing.forms import seal_form
from signing.jsontext import parse, render
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import System
    from hub.control.view import View
    from signing.forms import Media
    from signing.keys import KeyRing, PrivateKey

BODY: Final = "outbox"
"""Bodies of `outbox.*` are sealed by `BodyKey(secret, BODY)`."""


_LOOKED_AT: Final = 100
"""Retries among which the next one of this worker's is looked for."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard delivery tries. Times in seconds."""

    attempts: int = 8
    timeout: float = 10.0
    at_once: int = 32
    per_system: int = 4


@dataclass(slots=True)
class Deliverer:
    """One per worker. `random` gives jitter in [0, 1). `share`: where several workers have one schedule, what this one
    has of it; somebody else then brings the schedule up to date."""

    bus: Bus
    store: Store
    vault: Vault
    follower: DirectoryFollower
    caller: Caller
    clock: Clock
    signing: PrivateKey
    random: Callable[[], float]
    owner: str
    policy: Policy = field(default_factory=Policy)
    uploads: Uploads | None = None
    measures: Measures = field(default_factory=Measures)
    share: Share | None = None
    registry: Following | None = None
    confirmed: int = 0
    _flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _systems: dict[str, int] = field(default_factory=dict)
    _runner: Runner | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def intake(self) -> Runner:
        if self._runner is None:
            intake = Intake(self.store, self.bus, self.follower, self.measures, alone=self.share is None)
            self._runner = Runner(intake, self.bus, self.store, self.owner, measures=self.measures)
        return self._runner

    async def catch_up(self) -> int:
        """Bring the schedule to the ends of `outbox.*` and `receipts`; returns how many records it took."""
        taken = 0
        if self.share is not None:
            return taken
        async with self._lock:
            while passed := await self.intake.step():
                taken += passed
        return taken

    async def step(self) -> int:
        """Take what is new and start the calls that are due, without waiting for their answers; returns how many
        were started. What a finished call raised is raised here."""
        self._reap()
        await self.catch_up()
        started = 0
        for row in await self._due():
            self._systems[row["system"]] = self._systems.get(row["system"], 0) + 1
            self._flying[row["id"]] = asyncio.create_task(self._attempt(row))
            started += 1
        return started

    async def settled(self) -> None:
        """Until every call that was started has its outcome recorded."""
        while self._flying:
            await asyncio.wait(list(self._flying.values()))
            self._reap()

    def measure(self) -> None:
        """What is only to be looked at."""
        self.measures.set("amana_deliveries_running", len(self._flying))

    def flying(self) -> list[asyncio.Task[None]]:
        return list(self._flying.values())

    async def next_at(self) -> Ms | None:
        """When the next retry is due, if any waits."""
        where: dict[str, Any] = {"state": str(State.RETRYING)}
        share = self.share
        if share is None:
            rows = await self.store.rows("delivery", where, order=("next_at",), limit=1)
            return Ms(rows[0]["next_at"]) if rows else None
        held = {topic: set(share.partitions(topic)) for topic in share.topics()}
        where |= {"topic": list(held), "partition": sorted(set[int]().union(*held.values()))}
        if not where["partition"]:
            return None
        rows = await self.store.rows("delivery", where, order=("next_at",), limit=_LOOKED_AT)
        return next((Ms(row["next_at"]) for row in rows if row["partition"] in held[row["topic"]]), None)

    async def close(self) -> None:
        """Stop; a call whose answer is not recorded is made again after the next start."""
        for task in self._flying.values():
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
        self._flying.clear()
        self._systems.clear()

    def _reap(self) -> None:
        for id_, task in list(self._flying.items()):
            if task.done():
                del self._flying[id_]
                task.result()

    async def _due(self) -> list[dict[str, Any]]:
        """Rows whose time has come, a few per system so that a slow one holds up nobody else."""
        view = self.follower.directory.now()
        active = [s.id for s in view.all_subscriptions() if not s.paused and not _suspended(view.system(s.system))]
        room = self.policy.at_once - len(self._flying)
        if not active or room <= 0:
            return []
        where = {
            "state": [str(s) for s in CALLABLE],
            "next_at": ("<=", self.clock.now()),
            "subscription": active,
        }
        rows: list[dict[str, Any]] = []
        for (system,) in sorted(await self.store.count("delivery", where, by=("system",))):
            free = self.policy.per_system - self._systems.get(system, 0)
            if free <= 0:
                continue
            held = {} if self.share is None else {"partition": list(self.share.partitions(outbox(system)))}
            if self.share is not None and not held["partition"]:
                continue
            found = await self.store.rows(
                "delivery",
                where | {"system": system} | held,
                order=("next_at", "topic", "partition", "offset"),
                limit=self.policy.per_system,
            )
            rows += [row for row in found if row["id"] not in self._flying and row["topic"]][:free]
        return rows[:room]

    async def _attempt(self, row: dict[str, Any]) -> None:
        try:
            place = (row["topic"], row["partition"])
            epoch = None if self.share is None else self.share.epoch(place)
            message = await self._message(row)
            attempt = int(row["attempts"]) + 1
            record, outcome = await self._exchange(message, State(row["state"]), attempt)
            if self.share is not None and not await is_held(self.store, place, epoch):
                return  # another worker calls under the same request id, and records what comes of it
            await self._record(message, record, outcome)
        finally:
            self._systems[row["system"]] -= 1

    async def _message(self, row: dict[str, Any]) -> Record:
        batches = await self.bus.read(row["topic"], row["partition"], row["offset"], max_records=1)
        return batches[0].records[0]

    async def _exchange(self, message: Record, state: State, attempt: int) -> tuple[Record, Outcome]:
        h = message.headers
        secret = (await self.vault.open([h[SECRET]])).get(h[SECRET])
        answer = Answer(None)
        if secret is None:
            proof = Proof(Event.ERASE)
        else:
            body = open_body(BodyKey(secret, BODY), h[ID], message.value)
            answer, proof = await self._ask(h, secret, body)
        now = self.clock.now()
        outcome = settle(state, proof.event, attempt=attempt, limit=self.policy.attempts, now=now, random=self.random)
        sealed = b""
        if secret is not None and answer.body:
            sealed = BodyKey(secret, PURPOSE).seal(receipt_id(h[ID], attempt), answer.body)
        record = receipt(
            message,
            attempt=attempt,
            now=now,
            outcome=str(outcome.event),
            state=str(outcome.state),
            error=outcome.error,
            next_at=outcome.next_at,
            status=answer.status,
            digest="sha256:" + hashlib.sha256(answer.body).hexdigest() if answer.body else "",
            sealed=sealed,
            extra=_read_as(answer, proof),
        )
        return record, outcome

    async def _ask(self, headers: Mapping[str, str], secret: bytes, body: bytes) -> tuple[Answer, Proof]:
        """Call the receiver; what it answered, and what that proves."""
        try:
            target = _target(self.follower.directory.now(), headers[SUBSCRIPTION])
        except BadMessage:
            return Answer(None), Proof(Event.FORBIDDEN)
        try:
            await check_outgoing(headers.get(DATASCHEMA, ""), body, self.registry)
        except BadMessage:
            return Answer(None), Proof(Event.BREACH)
        try:
            body = await self._wrap(target, headers, secret, body)
        except BadMessage:
            return Answer(None), Proof(Event.UNSEALABLE)
        try:
            push = render_push(headers.get(CODE, ""), headers[REQUEST], body, target.media, self.signing)
        except BadMessage:
            return Answer(None), Proof(Event.UNWRITABLE)
        content_type = CONTENT_TYPES[target.media].decode()
        began = perf_counter()
        try:
            answer = await self.caller.call(Call(target.url, push, content_type, self.policy.timeout))
        except BadMessage:
            return Answer(None), Proof(Event.FORBIDDEN)
        self.measures.observe("amana_delivery_seconds", perf_counter() - began)
        return answer, read_answer(answer, target.ring, headers[REQUEST], self.clock.now())

    async def _wrap(self, target: _Target, headers: Mapping[str, str], secret: bytes, body: bytes) -> bytes:
        """The body as this receiver wants it. Raises AMANA-OUT-006."""
        now = self.clock.now()
        api = self.follower.directory.now().api(headers.get(CODE, ""))
        sealed_already = api is not None and api.sealed == "recipient"  # by its sender, for this very receiver
        if wants_encryption(target.options) and not sealed_already:
            body = encrypt_text(body, target.ring, now)
        if self.uploads is None or not wants_claim(target.options, len(body)):
            return body
        origin = Origin(headers[REQUEST], headers[SECRET], secret)
        return render(claim_body(await self.uploads.offer(target.system, body, origin, now)))

    async def _record(self, message: Record, made: Record, outcome: Outcome) -> None:
        """Append the receipt (and the dead letter) once: after an append of unknown fate the topic is read first."""
        topics = self.bus.topics()
        place = (RECEIPTS, partition_of(message.key, topics[RECEIPTS]))
        appends = [Append(*place, [made])]
        if outcome.state is State.DEAD:
            letter = _letter(message, made, outcome.error)
            appends.append(Append(DEADLETTERS, partition_of(message.key, topics[DEADLETTERS]), [letter]))
        while True:
            try:
                at = (await self.bus.append(appends))[0]
                break
            except TryAgain as again:
                await self.clock.sleep(again.after)
                at = await self.bus.end(*place) - 1
                await self._taken(place, at)
                if await self._recorded(made):
                    break
        await self._taken(place, at)
        self._count(message, outcome)

    def _count(self, message: Record, outcome: Outcome) -> None:
        self.measures.inc("amana_delivered_total", message.headers[SYSTEM], outcome.event)
        if outcome.state is State.DEAD:
            self.measures.inc("amana_dead_letters_total", NAME, outcome.error)
        elif outcome.state is State.CONFIRMED:
            self.confirmed += 1
            self.measures.observe_age("amana_delivery_age_seconds", int(message.headers[TIME]))

    async def _taken(self, place: tuple[str, int], offset: int) -> None:
        """Until the schedule holds what lies there."""
        if self.share is None:
            await self.catch_up()
        else:
            await self.share.taken(place, offset)

    async def _recorded(self, made: Record) -> bool:
        rows = await self.store.rows("delivery", {"id": made.headers[PARENT]})
        row = rows[0]
        return bool(
            row["attempts"] >= int(made.headers[ATTEMPT])
            and (row["state"] == made.headers[STATE] or State(row["state"]) in FINAL)
        )


class _Target(NamedTuple):
    system: str
    url: str
    ring: KeyRing
    media: Media
    options: Mapping[str, str]


def render_push(code: str, request_id: str, body: bytes, media: Media, key: PrivateKey) -> bytes:
    """The signed push. `body` was rendered for clients when it was put in the outbox: JSON that every one of them prints
    alike. Raises `BadMessage` AMANA-OUT-005 for what XML cannot hold."""
    if media == "json":
        return seal(b'{"pushCode":%b,"requestId":%b,"esbBody":%b}' % (render(code), render(request_id), body), key)
    members = {"pushCode": code, "requestId": request_id, "esbBody": parse(body)}
    try:
        return seal_form(members, key, "xml", "request")
    except SigningError as error:
        raise BadMessage("AMANA-OUT-005", error.detail) from None


def _target(view: View, subscription_id: str) -> _Target:
    """Where to send, whose signature proves the answer, and what it is to be written in."""
    subscription = view.subscription(subscription_id)
    system = None if subscription is None else view.system(subscription.system)
    url = None if subscription is None or system is None else subscription.url or system.url
    if system is None or not url:
        raise BadMessage("AMANA-OUT-004", "the receiver has no address")
    media: Media = "xml" if system.options.get("format") == "xml" else "json"
    return _Target(system.code, url, system.key_ring, media, system.options)


def _read_as(answer: Answer, proof: Proof) -> dict[str, str]:
    """Headers by which the kept answer is read again, and what ties it to the request."""
    if proof.form is None:
        return {}
    return {
        BOUND: proof.bound,
        FORM: proof.form,
        CONTENT_TYPE: kept_type(answer.content_type.encode("latin-1", "replace")),
    }


def _suspended(system: System | None) -> bool:
    return system is None or system.suspended


def _letter(message: Record, made: Record, error: str) -> Record:
    """The dead letter of a message that will not be sent again by itself; its id is that of this attempt's."""
    stage, _, version = made.headers[STAGE].partition("/")
    letter = dead_letter(stage, int(version), RECEIPTS, 0, 0, made, code=error, reason=made.headers[OUTCOME])
    headers = {k: v for k, v in letter.headers.items() if k != DERIVED} | {PARENT: message.headers[ID]}
    return Record(message.key, headers, b"")
