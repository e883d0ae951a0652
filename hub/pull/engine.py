"""The edge of a pull: durable, forwarded, verified, recorded, answered.

Rule: nothing is forwarded before it is durable, and nothing is answered before its outcome is. An exchange that has
begun is carried through to its recorded outcome, whoever goes away meanwhile. The caller's bearer token goes nowhere:
what is forwarded is made anew from what the caller signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub.delivery.states import Event
from hub.delivery.wrapping import ANSWERS, CLAIMS, ENCRYPT
from hub.errors import CODES, BadMessage, HubError, TryAgain
from hub.gateway.quota import HOUR, Budget
from hub.gateway.refusals import RECORD_BYTES
from hub.logs import logger
from hub.metrics.measures import Measures
from hub.ports import NO_PLACE, Admitted, Answer, Answered, Append, Bus, Call, Caller, Candidate, Clock, Store, Vault
from hub.pull.abandoned import end_abandoned
from hub.pull.afterwards import find_again, redeem, take_late, use_up
from hub.pull.answerers import Answerer, name_of
from hub.pull.breaker import Breaker, Denied, Phase
from hub.pull.envelopes import CONTENT_TYPES, media_of, say
from hub.pull.exchange import Finding, failure, read_answer
from hub.pull.late import LateAnswer
from hub.pull.records import EXCHANGE, THE_HUB, Asked, asked_of, outcome_record
from hub.pull.standing import find
from hub.pull.wrapping import answer_reading, answered_body, forwarded_body
from hub.records import NOTICE, REQUEST, Record
from hub.topics import PULLS
from hub.uploads import Origin
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.control.view import View
    from hub.gateway.bodies import Claimed
    from hub.pull.question import Question
    from hub.uploads import Upload, Uploads
    from signing.forms import Media
    from signing.keys import PrivateKey

RETRY_WAITS: Final = (0.05, 0.25)
"""Seconds before a request is sent again that can have reached nobody."""

KEEP_TRIES: Final = 600
"""How often an outcome is tried to be stored that the log did not take; its caller was told to try again."""

CLOSING: Final = 10.0
"""Seconds for what is under way when the process is to end."""

LARGE_AT_ONCE: Final = 2
"""Answers in memory at one time that may have been uploaded: from their fetching until they are recorded. Only work of
the hub's own is done meanwhile, so nobody outside can hold a place."""

FREE_BYTES: Final = 256 << 20
"""Of questions under reserved codes, from one system and hour: an outbox read five times a second needs a quarter."""

SWEEP: Final = 60_000
"""Milliseconds between looks for pulls whose process died."""

log = logger()


@dataclass(frozen=True, slots=True)
class PullPorts:
    """What the engine needs. `admit`: as `Admissions.admit`, for one."""

    admit: Callable[[Candidate], Awaitable[Answered]]
    bus: Bus
    vault: Vault
    store: Store
    caller: Caller
    clock: Clock
    view: View
    signing: PrivateKey
    uploads: Uploads
    registered: Registered | None = None
    answerers: Mapping[str, Answerer] = field(default_factory=dict)
    measures: Measures = field(default_factory=Measures)


class Spoken(NamedTuple):
    """What goes back: HTTP status, a signed envelope, and when to come back, in seconds."""

    status: int
    body: bytes
    retry_after: float | None = None


@dataclass(slots=True)
class _Ended:
    """How an exchange ended. `received`: the bytes that say so."""

    found: Finding
    received: bytes = b""
    status: int | None = None
    claimed: Claimed | None = None
    upload: Upload | None = None
    kept: bool = True
    after: float | None = None


class PullEngine:
    """One per gateway process."""

    def __init__(self, ports: PullPorts, breaker: Breaker | None = None) -> None:
        self._ports = ports
        self.breaker = breaker or Breaker(_note_phase)
        self._running: set[asyncio.Task[Any]] = set()
        ports.measures.probe(self._measure)
        self._swept = 0
        self.room = asyncio.Semaphore(LARGE_AT_ONCE)
        self._free = Budget(FREE_BYTES, HOUR)

    async def ask(self, question: Question) -> Spoken:
        """The answer to a checked question. Raises `TryAgain` when it is not known to be stored, request or outcome;
        `BadMessage` when it names an earlier pull of which there is nothing to tell."""
        if question.again is not None:
            async with self.room:
                found = await find_again(self._ports, question)
                return self._speak(question.again, await self._wrap(question, found, question.again), question.media)
        self._check_budget(question)
        return await asyncio.shield(self._start(self._carry(question)))

    def _check_budget(self, question: Question) -> None:
        """Reserved codes need no grant, so what is recorded for them is bounded. Raises `TryAgain` AMANA-PULL-022."""
        if question.api is not None:
            return
        candidate = question.candidate
        cost = len(candidate.received) + len(candidate.attached) + RECORD_BYTES
        if not self._free.spend(question.system.code, cost, question.now):
            raise TryAgain("AMANA-PULL-022", after=self._free.seconds_left(question.now))

    async def take_late(self, late: LateAnswer, media: Media) -> Spoken:
        """The receipt of a late answer. Raises `BadMessage`, `TryAgain`."""

        async def take() -> Spoken:
            async with self.room:
                return await take_late(self._ports, late, media)

        return await asyncio.shield(self._start(take()))

    async def tend(self) -> None:
        """Now and then: record the end of what nobody waits for any more. Raises `TryAgain`."""
        now = self._ports.clock.now()
        if now - self._swept >= SWEEP:
            self._swept = now
            ended = await end_abandoned(self._ports)
            if ended:
                log.warning("pull.abandoned", count=ended)

    async def close(self, seconds: float = CLOSING) -> None:
        """Wait for what is under way, but not for ever: what is given up has its end recorded by who starts next."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def _measure(self) -> None:
        """What of the breaker is to be looked at."""
        measures = self._ports.measures
        measures.set("amana_pulls_running", self.breaker.under_way)
        resting = self.breaker.resting(self._ports.clock.now())
        measures.replace("amana_provider_resting", {(provider,): 1 for provider in resting})

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked has it, or is gone

    async def _carry(self, question: Question) -> Spoken:
        admitted = await self._ports.admit(question.candidate)
        if not isinstance(admitted, Admitted):
            raise TypeError("a pull is no repeat")
        asked, began = asked_of(question.candidate, admitted), perf_counter()
        async with AsyncExitStack() as held:
            spoken = await self._finish(question, asked, await self._end(question, asked, held))
        self._ports.measures.observe("amana_pull_seconds", perf_counter() - began)
        return spoken

    async def _finish(self, question: Question, asked: Asked, ended: _Ended) -> Spoken:
        """Record how it ended, then say so."""
        media = question.media
        try:
            told = ended.found = await self._wrap(question, ended.found, asked.name)
        except TryAgain as again:  # the answer is there, and recorded; the caller asks for it again
            told, ended.after = failure(again.code, again.detail), again.after
        try:
            notice = question.candidate.headers.get(NOTICE, "")
            spoken = self._speak(asked.name, told, media, ended.after, notice)
        except SigningError as error:
            ended.found = failure("AMANA-PULL-014", error.detail)
            spoken = self._speak(asked.name, ended.found, media)
        self._ports.measures.inc("amana_pulls_total", asked.provider, ended.found.code or ended.found.event)
        await self._keep(asked, await self._record(asked, ended, spoken.body))
        await use_up(self._ports, ended.upload)
        caller = self._ports.view.system(asked.system)
        if caller is None or caller.suspended:
            return self._speak(asked.name, failure("AMANA-AUTH-003"), media)
        return spoken

    async def _end(self, question: Question, asked: Asked, held: AsyncExitStack) -> _Ended:
        """What comes of it. Whatever happens, it ends: a defect of ours leaves no pull without an outcome. `held`: the
        room that the answer takes until it is recorded."""
        try:
            return await self._settle(question, asked, held)
        except TryAgain as again:
            return _Ended(failure(again.code, again.detail), after=again.after)
        except HubError as error:
            return _Ended(failure(error.code, error.detail))
        except Exception:
            log.exception("pull.failed")
            return _Ended(failure("AMANA-HUB-001"))

    async def _settle(self, question: Question, asked: Asked, held: AsyncExitStack) -> _Ended:
        name = name_of(question)
        if name is None:
            return await self._forward(question, asked, held)
        answerer = self._ports.answerers.get(name)
        if answerer is None:
            return _Ended(failure("AMANA-CODE-001", "the hub does not answer it"))
        reply = await answerer.answer(question)
        return _Ended(Finding(Event.ANSWER, value=reply.value, form=question.media), kept=reply.kept)

    # a provider

    async def _forward(self, question: Question, asked: Asked, held: AsyncExitStack) -> _Ended:
        ports, api = self._ports, question.api
        assert api is not None
        provider = ports.view.system(asked.provider)
        if provider is None or provider.suspended:
            return _Ended(failure("AMANA-PULL-012"))
        if not provider.url:
            return _Ended(failure("AMANA-PULL-013"))
        media = media_of(provider)
        try:
            reading = answer_reading(api, ports.signing, ports.registered)
            body = forwarded_body(question.body, provider, ports.clock.now())
            request = say(_forwarded(question, asked, body), ports.signing, media, "request")
        except SigningError as error:
            return _Ended(failure("AMANA-PULL-015", error.detail))
        except BadMessage as unknown:
            return _Ended(failure(unknown.code, unknown.detail))
        place = self.breaker.enter(asked.provider, ports.clock.now(), asked.system)
        if isinstance(place, Denied):
            return _Ended(failure(place.code), after=place.after)
        found: Finding | None = None
        reached = True
        began = ports.clock.now()
        try:
            answer = await self._call(Call(provider.url, request, CONTENT_TYPES[media], api.timeout_ms / 1000))
            if answer.reason == NO_PLACE:
                return _Ended(failure("AMANA-PULL-011"), after=1.0)
            reached = answer.reached
            provider = ports.view.system(asked.provider)
            if provider is None or provider.suspended:
                return _Ended(failure("AMANA-PULL-012"))
            found = read_answer(answer, provider.key_ring, asked.name, reading, ports.clock.now())
            if found.claim is None:
                return _Ended(found, answer.body, answer.status)
            try:
                async with asyncio.timeout((api.timeout_ms - ports.clock.now() + began) / 1000):
                    await held.enter_async_context(self.room)
                upload, claimed = await redeem(ports, found.claim, provider, api.code)
            except TimeoutError:
                return _Ended(failure("AMANA-PULL-011"), answer.body, answer.status, after=1.0)
            except BadMessage as unknown:
                return _Ended(failure("AMANA-PULL-007", unknown.code), answer.body, answer.status)
            found = read_answer(answer, provider.key_ring, asked.name, reading, ports.clock.now(), claimed)
            return _Ended(found, answer.body, answer.status, claimed, upload)
        except BadMessage as forbidden:
            return _Ended(failure("AMANA-PULL-013", forbidden.detail))
        finally:
            faulty = None if found is None else found.faulty
            self.breaker.leave(place, ports.clock.now(), faulty=faulty, reached=reached)

    async def _call(self, call: Call) -> Answer:
        """One answer within the time of the call; sent again only while nothing can have reached the provider."""
        clock = self._ports.clock
        began = clock.now()
        answer = await self._ports.caller.call(call)
        for wait in RETRY_WAITS:
            left = call.timeout - (clock.now() - began) / 1000
            if answer.status is not None or answer.reached:
                return answer
            if left <= wait:
                break
            await clock.sleep(wait)
            answer = await self._ports.caller.call(Call(call.url, call.body, call.content_type, left - wait))
        if not answer.reached and answer.reason != NO_PLACE and (clock.now() - began) / 1000 >= call.timeout:
            return Answer(None, reason="TimeoutError")
        return answer

    # recording and answering

    async def _record(self, asked: Asked, ended: _Ended, body: bytes) -> Record:
        ports = self._ports
        received = ended.received or (body if asked.provider == THE_HUB else b"")
        secret = (await ports.vault.open([asked.id])).get(asked.id) if received and ended.kept else None
        return outcome_record(
            asked,
            ended.found,
            number=EXCHANGE,
            now=ports.clock.now(),
            position=ports.view.position,
            received=received,
            secret=secret,
            status=ended.status,
            kept=ended.kept,
            claimed=ended.claimed,
        )

    async def _keep(self, asked: Asked, record: Record) -> None:
        """Durable on return. What the log does not take now is tried again without the caller, who is told so."""
        append = Append(PULLS, asked.partition, [record])
        try:
            await self._ports.bus.append([append])
        except TryAgain:
            self._start(self._keep_trying(append))
            raise

    async def _keep_trying(self, append: Append) -> None:
        """Stored twice is stored once: readers know outcomes by their ids."""
        for _ in range(KEEP_TRIES):
            with suppress(TryAgain):
                await self._ports.bus.append([append])
                return
            await self._ports.clock.sleep(1.0)
        log.error("pull.unrecorded", request_id=append.records[0].headers[REQUEST])

    async def _wrap(self, question: Question, found: Finding, name: str) -> Finding:
        """An answer as who asked wants it. A later question for it says nothing of how the first one came, so it is
        taken to have been encrypted."""
        ports, caller = self._ports, question.system
        if found.event is not Event.ANSWER or not {ANSWERS, ENCRYPT, CLAIMS} & caller.options.keys():
            return found
        try:
            origin = await self._origin(name) if CLAIMS in caller.options and name_of(question) is None else None
            asked_sealed = question.sealed or question.again is not None
            now = ports.clock.now()
            value = await answered_body(found.value, caller, ports.uploads, origin, now, asked_sealed=asked_sealed)
        except BadMessage as unsealable:
            return failure(unsealable.code, unsealable.detail)
        return replace(found, value=value)

    async def _origin(self, name: str) -> Origin | None:
        """The pull called `name`, with the secret that its answer is sealed under; None when it was erased."""
        row = await find(self._ports.bus, self._ports.store, name)
        secret = None if row is None else (await self._ports.vault.open([row["id"]])).get(row["id"])
        return None if row is None or secret is None else Origin(name, row["id"], secret)

    def _speak(self, name: str, found: Finding, media: Media, after: float | None = None, notice: str = "") -> Spoken:
        """What the caller is told. The provider's own words come behind the code. `notice`: what it should know of the
        contracts that it asks under."""
        members: dict[str, Any] = {"success": found.event is not Event.FAIL, "requestId": name}
        if found.event is Event.ANSWER:
            members["esbBody"] = found.value
            members |= {"message": notice} if notice else {}
        else:
            text = BadMessage(found.code, found.detail).text()
            members["message"] = f"{found.code}: {found.said}" if found.said else text
        status = CODES[found.code].status if found.code else 200
        return Spoken(status, say(members, self._ports.signing, media, "response"), after)


def _forwarded(question: Question, asked: Asked, body: Any) -> dict[str, Any]:
    """What the provider gets: nothing of the caller's data but the code, the user and the body."""
    members = {"apiCode": question.code, "userId": question.user, "requestId": asked.name}
    return members | ({"esbBody": question.wrap(body)} if question.given else {})


def _note_phase(provider: str, phase: Phase) -> None:
    log.warning("provider.rests" if phase == "open" else "provider.back", system=provider)
