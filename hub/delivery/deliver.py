"""Calls the receivers. Rule: the outcome of a call is first a record in `receipts` and only then a state; a crash in
between sends the same request again under the same `requestId`, and one outcome alone is ever recorded as final."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from hub.delivery.checking import check_outgoing
from hub.delivery.due import Due, Next
from hub.delivery.filing import OPTION, Filing, file_away
from hub.delivery.intake import NAME, Intake
from hub.delivery.outcomes import Outcome, Proof, read_answer, settle
from hub.delivery.publishing import Publishing
from hub.delivery.receipts import OUTCOME, PURPOSE, SUBSCRIPTION, receipt, receipt_id
from hub.delivery.recording import Made, Recording
from hub.delivery.sharing import Share
from hub.delivery.states import Event, State
from hub.delivery.wrapping import encrypt_text, wants_claim, wants_encryption
from hub.errors import BadMessage
from hub.gateway.bodies import claim_body
from hub.gateway.media import CONTENT_TYPES, kept_type
from hub.metrics.measures import Measures
from hub.ports import Answer, Bus, Call, Caller, Clock, Store, Vault
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
)
from hub.stages.bodies import open_body
from hub.stages.deadletters import dead_letter
from hub.stages.runner import Runner
from hub.topics import RECEIPTS
from hub.uploads import Origin, Uploads
from signing.envelope import seal
from signing.errors import SigningError
from signing.forms import seal_form
from signing.jsontext import parse, render
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.control.view import View
    from signing.forms import Media
    from signing.keys import KeyRing, PrivateKey

BODY: Final = "outbox"
"""Bodies of `outbox.*` are sealed by `BodyKey(secret, BODY)`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard delivery tries. Times in seconds. `at_once`, `per_system`: calls under way; `unrecorded`: with those that are
    answered and whose outcome is being recorded."""

    attempts: int = 8
    timeout: float = 10.0
    at_once: int = 32
    per_system: int = 4
    unrecorded: int = 512


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
    filing: Filing | None = None
    publishing: Publishing | None = None
    confirmed: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a call is over: another one may begin."""
    _flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _systems: dict[str, int] = field(default_factory=dict)  # calls under way
    _runner: Runner | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _due: Due = field(init=False)
    _recording: Recording = field(init=False)

    def __post_init__(self) -> None:
        self._due = Due(self.store, self.follower, self.clock)
        self._recording = Recording(self.bus, self.store, self.clock, self._taken, lambda: self.share is not None)

    @property
    def intake(self) -> Runner:
        if self._runner is None:
            alone = self.share is None
            intake = Intake(self.store, self.bus, self.follower, self.measures, alone=alone, noted=self._due.note)
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
        calling = sum(self._systems.values())
        room = min(self.policy.at_once - calling, self.policy.unrecorded - len(self._flying))
        found = await self._due.take(self.share, self._flying, self._free, room) if room > 0 else []
        try:
            messages = await self._messages(found)
            secrets = (
                await self.vault.open(sorted({message.headers[SECRET] for message in messages.values()}))
                if found
                else {}
            )
        except BaseException:
            self._due.put_back(found)
            raise
        for due in found:
            message = messages[due.id]
            self._systems[due.system] = self._systems.get(due.system, 0) + 1
            attempt = self._attempt(due, message, secrets.get(message.headers[SECRET]))
            self._flying[due.id] = asyncio.create_task(attempt)
        return len(found)

    def _free(self, system: str) -> int:
        return self.policy.per_system - self._systems.get(system, 0)

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
        return await self._due.next_at(self.share)

    async def close(self) -> None:
        """Stop; a call whose answer is not recorded is made again after the next start."""
        for task in self._flying.values():
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
        await self._recording.close()
        self._flying.clear()
        self._systems.clear()

    def _reap(self) -> None:
        for id_, task in list(self._flying.items()):
            if task.done():
                del self._flying[id_]
                task.result()

    async def _messages(self, found: Sequence[Next]) -> dict[str, Record]:
        """The records of these messages by id; what lies next to each other is read at once."""
        runs: list[list[Next]] = []
        for due in sorted(found, key=lambda due: (due.topic, due.partition, due.offset)):
            last = runs[-1][-1] if runs else None
            if last and (last.topic, last.partition, last.offset + 1) == (due.topic, due.partition, due.offset):
                runs[-1].append(due)
            else:
                runs.append([due])
        parts = await asyncio.gather(*map(self._read_run, runs))
        return {id_: record for part in parts for id_, record in part}

    async def _read_run(self, run: Sequence[Next]) -> list[tuple[str, Record]]:
        found: list[tuple[str, Record]] = []
        while len(found) < len(run):  # large messages come one by one
            at = run[len(found)]
            batches = await self.bus.read(at.topic, at.partition, at.offset, max_records=len(run) - len(found))
            records = [record for batch in batches for record in batch.records]
            found += [(due.id, record) for due, record in zip(run[len(found) :], records, strict=False)]
        return found

    async def _attempt(self, due: Next, message: Record, secret: bytes | None) -> None:
        place = (due.topic, due.partition)
        epoch = None if self.share is None else self.share.epoch(place)
        try:
            record, outcome = await self._exchange(message, secret, due.state, due.attempts + 1)
        finally:
            self._systems[due.system] -= 1
            self.freed.set()
        letter = _letter(message, record, outcome.error) if outcome.state is State.DEAD else None
        try:
            if await self._recording.record(Made(place, epoch, record, letter)):
                self._count(message, outcome)
        finally:
            self.freed.set()

    async def _exchange(
        self, message: Record, secret: bytes | None, state: State, attempt: int
    ) -> tuple[Record, Outcome]:
        h = message.headers
        answer = Answer(None)
        if secret is None:
            proof = Proof(Event.ERASE)
        else:
            body = open_body(BodyKey(secret, BODY), h[ID], message.value)
            answer, proof = await self._ask(message, secret, body)
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

    async def _ask(self, message: Record, secret: bytes, body: bytes) -> tuple[Answer, Proof]:
        """Call the receiver; what it answered, and what that proves."""
        headers = message.headers
        try:
            target = _target(self.follower.directory.now(), headers[SUBSCRIPTION])
        except BadMessage:
            return Answer(None), Proof(Event.FORBIDDEN)
        try:
            await check_outgoing(headers.get(DATASCHEMA, ""), body, self.registry)
        except BadMessage:
            return Answer(None), Proof(Event.BREACH)
        if (target.folder or target.topic) and wants_encryption(target.options):  # neither takes anything encrypted
            return Answer(None), Proof(Event.UNSEALABLE)
        if target.topic:
            if self.publishing is None:
                return Answer(None), Proof(Event.FORBIDDEN)
            return Answer(None), await self.publishing.write(target.system, message.key, headers, body)
        if target.folder:
            return Answer(None), Proof(await file_away(self.filing, target.folder, headers, body))
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


class _Target(NamedTuple):
    system: str
    url: str
    ring: KeyRing
    media: Media
    options: Mapping[str, str]
    folder: str = ""
    topic: bool = False


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
    """Where to send, whose signature proves the answer, and what it is to be written in; or the folder to put it in, or that
    it goes to the receiver's topic."""
    subscription = view.subscription(subscription_id)
    system = None if subscription is None else view.system(subscription.system)
    if subscription is not None and system is not None and OPTION in subscription.options:
        return _Target(system.code, "", system.key_ring, "json", system.options, subscription.options[OPTION])
    if subscription is not None and system is not None and subscription.leave is not None:
        return _Target(system.code, "", system.key_ring, "json", system.options, topic=True)
    url = None if subscription is None or system is None else subscription.url or system.url
    if system is None or not url:
        raise BadMessage("AMANA-OUT-004", "the receiver has no address")
    media: Media = "xml" if system.options.get("format") == "xml" else "json"
    return _Target(system.code, url, system.key_ring, media, system.options)


def _read_as(answer: Answer, proof: Proof) -> dict[str, str]:
    """Headers by which the kept answer is read again, and what ties it to the request; or where the message was written."""
    if proof.form is None:
        return dict(proof.place)
    return {
        BOUND: proof.bound,
        FORM: proof.form,
        CONTENT_TYPE: kept_type(answer.content_type.encode("latin-1", "replace")),
    }


def _letter(message: Record, made: Record, error: str) -> Record:
    """The dead letter of a message that will not be sent again by itself; its id is that of this attempt's."""
    stage, _, version = made.headers[STAGE].partition("/")
    letter = dead_letter(stage, int(version), RECEIPTS, 0, 0, made, code=error, reason=made.headers[OUTCOME])
    headers = {k: v for k, v in letter.headers.items() if k != DERIVED} | {PARENT: message.headers[ID]}
    return Record(message.key, headers, b"")
