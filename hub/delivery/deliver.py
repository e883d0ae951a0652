"""Calls the receivers. Rule: the outcome of a call is first a record in `receipts` and only then a state; a crash in
between sends the same request again under the same `requestId`, and one outcome alone is ever recorded as final."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.intake import Intake
from hub.delivery.outcomes import Outcome, read_answer, settle
from hub.delivery.receipts import ATTEMPT, OUTCOME, PURPOSE, STATE, SUBSCRIPTION, receipt, receipt_id
from hub.delivery.states import CALLABLE, FINAL, Event, State
from hub.errors import BadMessage, TryAgain
from hub.ports import Answer, Append, Bus, Call, Caller, Clock, Store, Vault
from hub.records import CODE, DERIVED, ID, PARENT, REQUEST, SECRET, STAGE, Ms, Record, partition_of
from hub.stages.bodies import open_body
from hub.stages.deadletters import dead_letter
from hub.stages.runner import Runner
from hub.topics import DEADLETTERS, RECEIPTS
from signing.envelope import seal
from signing.jsontext import render
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import System
    from hub.control.view import View
    from signing.keys import KeyRing, PrivateKey

BODY: Final = "outbox"
"""Bodies of `outbox.*` are sealed by `BodyKey(secret, BODY)`."""

CONTENT_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard delivery tries. Times in seconds."""

    attempts: int = 8
    timeout: float = 10.0
    at_once: int = 32
    per_system: int = 4


@dataclass(slots=True)
class Deliverer:
    """One per hub. `random` gives jitter in [0, 1)."""

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
    confirmed: int = 0
    _flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _systems: dict[str, int] = field(default_factory=dict)
    _runner: Runner | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def intake(self) -> Runner:
        if self._runner is None:
            self._runner = Runner(Intake(self.store), self.bus, self.store, self.owner)
        return self._runner

    async def catch_up(self) -> int:
        """Bring the schedule to the ends of `outbox.*` and `receipts`; returns how many records it took."""
        taken = 0
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

    def flying(self) -> list[asyncio.Task[None]]:
        return list(self._flying.values())

    async def next_at(self) -> Ms | None:
        """When the next retry is due, if any waits."""
        rows = await self.store.rows("delivery", {"state": str(State.RETRYING)}, order=("next_at",), limit=1)
        return Ms(rows[0]["next_at"]) if rows else None

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
            found = await self.store.rows(
                "delivery",
                where | {"system": system},
                order=("next_at", "topic", "partition", "offset"),
                limit=self.policy.per_system,
            )
            rows += [row for row in found if row["id"] not in self._flying and row["topic"]][:free]
        return rows[:room]

    async def _attempt(self, row: dict[str, Any]) -> None:
        try:
            message = await self._message(row)
            attempt = int(row["attempts"]) + 1
            record, outcome = await self._exchange(message, State(row["state"]), attempt)
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
            event = Event.ERASE
        else:
            body = open_body(BodyKey(secret, BODY), h[ID], message.value)
            try:
                url, ring = _target(self.follower.directory.now(), h[SUBSCRIPTION])
                push = seal(render_push(h.get(CODE, ""), h[REQUEST], body), self.signing)
                answer = await self.caller.call(Call(url, push, CONTENT_TYPE, self.policy.timeout))
                event = read_answer(answer, ring, h[REQUEST], self.clock.now())
            except BadMessage:
                event = Event.FORBIDDEN
        now = self.clock.now()
        outcome = settle(state, event, attempt=attempt, limit=self.policy.attempts, now=now, random=self.random)
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
        )
        return record, outcome

    async def _record(self, message: Record, made: Record, outcome: Outcome) -> None:
        """Append the receipt (and the dead letter) once: after an append of unknown fate the topic is read first."""
        topics = self.bus.topics()
        appends = [Append(RECEIPTS, partition_of(message.key, topics[RECEIPTS]), [made])]
        if outcome.state is State.DEAD:
            letter = _letter(message, made, outcome.error)
            appends.append(Append(DEADLETTERS, partition_of(message.key, topics[DEADLETTERS]), [letter]))
        while True:
            try:
                await self.bus.append(appends)
                break
            except TryAgain as again:
                await self.clock.sleep(again.after)
                await self.catch_up()
                if await self._recorded(made):
                    break
        await self.catch_up()
        self.confirmed += outcome.state is State.CONFIRMED

    async def _recorded(self, made: Record) -> bool:
        rows = await self.store.rows("delivery", {"id": made.headers[PARENT]})
        row = rows[0]
        return bool(
            row["attempts"] >= int(made.headers[ATTEMPT])
            and (row["state"] == made.headers[STATE] or State(row["state"]) in FINAL)
        )


def render_push(code: str, request_id: str, body: bytes) -> bytes:
    """The data node of a push. `body` was rendered for clients when it was put in the outbox."""
    return b'{"pushCode":%b,"requestId":%b,"esbBody":%b}' % (render(code), render(request_id), body)


def _target(view: View, subscription_id: str) -> tuple[str, KeyRing]:
    """Where to send, and whose signature proves the answer."""
    subscription = view.subscription(subscription_id)
    system = None if subscription is None else view.system(subscription.system)
    url = None if subscription is None or system is None else subscription.url or system.url
    if system is None or not url:
        raise BadMessage("AMANA-OUT-004", "the receiver has no address")
    return url, system.key_ring


def _suspended(system: System | None) -> bool:
    return system is None or system.suspended


def _letter(message: Record, made: Record, error: str) -> Record:
    """The dead letter of a message that will not be sent again by itself; its id is that of this attempt's."""
    stage, _, version = made.headers[STAGE].partition("/")
    letter = dead_letter(stage, int(version), RECEIPTS, 0, 0, made, code=error, reason=made.headers[OUTCOME])
    headers = {k: v for k, v in letter.headers.items() if k != DERIVED} | {PARENT: message.headers[ID]}
    return Record(message.key, headers, b"")
