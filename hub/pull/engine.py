"""The edge of a pull: durable, forwarded, verified, recorded, answered.

Rule: nothing is forwarded before it is durable, and nothing is answered before its outcome is. An exchange that has
begun is carried through to its recorded outcome, whoever goes away meanwhile. The caller's bearer token goes nowhere:
what is forwarded is made anew from what the caller signed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub.delivery.states import Event
from hub.errors import CODES, BadMessage, HubError, TryAgain
from hub.logs import logger
from hub.ports import Admitted, Answer, Answered, Append, Bus, Call, Caller, Candidate, Clock, Store, Vault
from hub.pull.answerers import Answerer, name_of
from hub.pull.breaker import Breaker, Denied, Phase
from hub.pull.envelopes import CONTENT_TYPES, Media, media_of, say
from hub.pull.exchange import Finding, failure, read_answer
from hub.pull.records import EXCHANGE, Asked, asked_of, outcome_record
from hub.records import Record
from hub.topics import PULLS
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.control.view import View
    from hub.pull.question import Question
    from schemas.contracts import Checker
    from signing.keys import PrivateKey

RETRY_WAITS: Final = (0.05, 0.25)
"""Seconds before a request is sent again that can have reached nobody."""

KEEP_TRIES: Final = 600
"""How often an outcome is tried to be stored that the log did not take; its caller was told to try again."""

log = logger()


@dataclass(frozen=True, slots=True)
class PullPorts:
    """What the engine needs. `admit`: as `Admissions.admit`, for one; `contract`: the checker of a contract's name."""

    admit: Callable[[Candidate], Awaitable[Answered]]
    bus: Bus
    vault: Vault
    store: Store
    caller: Caller
    clock: Clock
    view: View
    signing: PrivateKey
    contract: Callable[[str], Checker | None]
    answerers: Mapping[str, Answerer] = field(default_factory=dict)


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
    kept: bool = True
    after: float | None = None


class PullEngine:
    """One per gateway process."""

    def __init__(self, ports: PullPorts, breaker: Breaker | None = None) -> None:
        self._ports = ports
        self.breaker = breaker or Breaker(_note_phase)
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def ports(self) -> PullPorts:
        return self._ports

    async def ask(self, question: Question) -> Spoken:
        """The answer to a checked question. Raises `TryAgain` when it is not known to be stored, request or outcome."""
        return await asyncio.shield(self._start(self._carry(question)))

    async def close(self) -> None:
        """Wait for what is under way; bounded by the deadlines of the exchanges."""
        while self._running:
            await asyncio.wait(self._running)

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
        asked = asked_of(question.candidate, admitted)
        ended = await self._settle(question, asked)
        media: Media = "json"
        body = b""
        if ended.found.event is Event.ANSWER:
            try:
                body = self._say_answer(asked, ended.found.value, media)
            except SigningError as error:
                ended.found = failure("AMANA-PULL-014", error.detail)
        await self._keep(asked, await self._record(asked, ended, body))
        caller = self._ports.view.system(asked.system)
        if caller is None or caller.suspended:
            ended.found, body = failure("AMANA-AUTH-003"), b""
        if ended.found.event is Event.ANSWER:
            return Spoken(200, body)
        return Spoken(CODES[ended.found.code].status, self.say_finding(asked.name, ended.found, media), ended.after)

    async def _settle(self, question: Question, asked: Asked) -> _Ended:
        """What comes of it; raises nothing but a defect."""
        name = name_of(question)
        if name is None:
            return await self._forward(question, asked)
        answerer = self._ports.answerers.get(name)
        if answerer is None:
            return _Ended(failure("AMANA-CODE-001", "the hub does not answer it"))
        try:
            reply = await answerer.answer(question)
        except TryAgain as again:
            return _Ended(failure(again.code, again.detail), after=again.after)
        except HubError as error:
            return _Ended(failure(error.code, error.detail))
        return _Ended(Finding(Event.ANSWER, value=reply.value), kept=reply.kept)

    # a provider

    async def _forward(self, question: Question, asked: Asked) -> _Ended:
        ports, api = self._ports, question.api
        assert api is not None
        provider = ports.view.system(asked.provider)
        if provider is None or provider.suspended:
            return _Ended(failure("AMANA-PULL-012"))
        if not provider.url:
            return _Ended(failure("AMANA-PULL-013"))
        media = media_of(provider)
        try:
            request = say(_forwarded(question, asked), ports.signing, media, "request")
        except SigningError as error:
            return _Ended(failure("AMANA-PULL-015", error.detail))
        place = self.breaker.enter(asked.provider, ports.clock.now())
        if isinstance(place, Denied):
            return _Ended(failure(place.code), after=place.after)
        found: Finding | None = None
        try:
            answer = await self._call(Call(provider.url, request, CONTENT_TYPES[media], api.timeout_ms / 1000))
            provider = ports.view.system(asked.provider)
            if provider is None or provider.suspended:
                return _Ended(failure("AMANA-PULL-012"))
            checker = ports.contract(api.contract) if api.sealed == "no" else None
            found = read_answer(answer, provider.key_ring, asked.name, checker, ports.clock.now())
            return _Ended(found, answer.body, answer.status)
        except BadMessage as forbidden:
            return _Ended(failure("AMANA-PULL-013", forbidden.detail))
        finally:
            self.breaker.leave(place, ports.clock.now(), faulty=None if found is None else found.faulty)

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
        if not answer.reached and (clock.now() - began) / 1000 >= call.timeout:
            return Answer(None, reason="TimeoutError")
        return answer

    # recording and answering

    async def _record(self, asked: Asked, ended: _Ended, body: bytes) -> Record:
        ports = self._ports
        received = ended.received or (body if asked.provider == "hub" else b"")
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
        log.error("pull.unrecorded", request=append.records[0].headers["ce_requestid"])

    def _say_answer(self, asked: Asked, value: Any, media: Media) -> bytes:
        members = {"success": True, "requestId": asked.name, "esbBody": value}
        return say(members, self._ports.signing, media, "response")

    def say_finding(self, name: str, found: Finding, media: Media) -> bytes:
        """A failure, or that the answer follows. The provider's own words come behind the code."""
        text = BadMessage(found.code, found.detail).text()
        message = f"{found.code}: {found.said}" if found.said else text
        members = {"success": found.event is Event.DEFER, "requestId": name, "message": message}
        return say(members, self._ports.signing, media, "response")


def _forwarded(question: Question, asked: Asked) -> dict[str, Any]:
    """What the provider gets: nothing of the caller's data but the code, the user and the body."""
    members = {"apiCode": question.code, "userId": question.user, "requestId": asked.name}
    return members | ({"esbBody": question.wrapped} if question.given else {})


def _note_phase(provider: str, phase: Phase) -> None:
    log.warning("provider.rests" if phase == "open" else "provider.back", system=provider)
