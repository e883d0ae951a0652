"""Polling: ask, take, admit, keep the cursor; in this order.

Rule: the adapter says what to ask and what came, as values; the call goes through the `Caller` with its allow-list. The
cursor is kept after everything up to it is admitted, so a crash asks again and the duplicate check makes that harmless.
What gives no usable answer is asked again ever more slowly, and never given up.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.kit.errors import AdapterError, KitError
from adapters.kit.polling import PollContext, PollRequest, PollResponse, Taken
from adapters.kit.requests import body_of, headers_of, target_of
from hub.errors import BadMessage, Halt
from hub.feeds import digest
from hub.feeds.admitting import Ground, make_candidate
from hub.feeds.holding import Held, Holder
from hub.feeds.secrets import Credentials
from hub.logs import logger
from hub.ports import Admissions, Answer, Call, Caller, Clock
from hub.records import Ms
from hub.urls import parse_url

if TYPE_CHECKING:
    from adapters.kit.manifest import Poll
    from adapters.kit.registry import Adapter
    from hub.control.objects import Feed
    from hub.control.view import View

TIMEOUT: Final = 30.0
LONGEST: Final = 3600
"""Seconds between two attempts at most."""

AT_ONCE: Final = 50
"""Requests of one feed in a row, until the others have their turn."""


class Asking:
    """Asks interfaces. `reached`: told after each step that leaves a trace, for tests."""

    def __init__(
        self,
        credentials: Path,
        admissions: Admissions,
        caller: Caller,
        clock: Clock,
        ground: Ground,
        holder: Holder,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._credentials = credentials
        self._admissions = admissions
        self._caller = caller
        self._clock = clock
        self._ground = ground
        self._holder = holder
        self._reached = reached

    async def step(self, feed: Feed, held: Held, adapter: Adapter, view: View) -> int:
        """Ask until there is no more for now; returns how many bodies were admitted. Raises `TryAgain` and `Halt`."""
        try:
            poll = adapter.manifest.poll(feed.part)
        except KitError:
            raise Halt("AMANA-FEED-002", f"{adapter.id}: no poll of that name") from None
        admitted = 0
        for _ in range(AT_ONCE):
            taken = await self._ask(feed, held, adapter, poll)
            if taken is None or not await self._admit(taken, feed, held, adapter, view):
                await self._back_off(held, poll)
                return admitted
            admitted += len(taken.bodies)
            wait = 0 if taken.again else max(poll.interval_seconds, taken.after_seconds or 0)
            held.cursor, held.session = dict(taken.cursor), dict(taken.session)
            held.failures, held.code = 0, ""
            held.due = Ms(self._clock.now() + wait * 1000)
            await self._holder.keep(held)
            self._reached("cursor kept")
            if not taken.again:
                break
        return admitted

    async def _ask(self, feed: Feed, held: Held, adapter: Adapter, poll: Poll) -> Taken | None:
        """What an answer came to; None: there was none that could be used."""
        context = _context(self._clock.now(), feed, poll)
        try:
            request = adapter.next_request(poll.name, held.cursor, held.session, context)
            answer = await self._call(feed, poll, request)
            if answer.status is None:
                _note(feed, answer.reason)
                return None
            response = PollResponse(answer.status, answer.headers, answer.body)
            self._reached("answer there")
            return adapter.take(poll.name, response, held.cursor, held.session, context)
        except AdapterError as error:
            held.session = {}
            _note(feed, error.kind)
            return None
        except BadMessage as bad:
            raise Halt(bad.code, bad.detail) from None
        except KitError as error:
            raise Halt("AMANA-FEED-002", f"{adapter.id}: {error.kind}") from None

    async def _call(self, feed: Feed, poll: Poll, request: PollRequest) -> Answer:
        reveal = Credentials(self._credentials, feed.id).reveal
        body, content_type = body_of(request, reveal)
        headers = headers_of(request, reveal)
        target = target_of(request)
        url = feed.options.get(request.address) or feed.url or ""
        call = Call(url.rstrip("/") + target, body, content_type, TIMEOUT, request.method, headers)
        if poll.auth == "none":
            return await self._caller.call(call)
        user, password = reveal("user"), reveal("password")
        if poll.auth == "basic":
            return await self._caller.call(_signed(call, digest.basic(user, password)))
        answer = await self._caller.call(call)
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status != 401 or not challenge:
            return answer
        path = parse_url(call.url).path
        proof = digest.answer(challenge, user, password, request.method, path, secrets.token_hex(8))
        return answer if proof is None else await self._caller.call(_signed(call, proof))

    async def _admit(self, taken: Taken, feed: Feed, held: Held, adapter: Adapter, view: View) -> bool:
        """Admit the bodies, all or none. False: one keeps no contract. The cursor then stays in front of it, so that
        nothing in it is passed by: the feed says so until the adapter or the other side is mended."""
        if not taken.bodies:
            return True
        now = self._clock.now()
        try:
            candidates = [
                await asyncio.to_thread(make_candidate, body, feed, adapter, view, self._ground)
                for body in taken.bodies
            ]
        except BadMessage as bad:
            held.refused += 1
            _note(feed, bad.code)
            return False
        await self._admissions.admit(candidates, now)
        self._reached("bodies admitted")
        held.taken += len(candidates)
        held.last = now
        return True

    async def _back_off(self, held: Held, poll: Poll) -> None:
        held.failures += 1
        held.code = "AMANA-FEED-005"
        wait = min(LONGEST, poll.interval_seconds * 2 ** min(held.failures - 1, 12))
        held.due = Ms(self._clock.now() + max(wait, poll.interval_seconds) * 1000)
        await self._holder.keep(held)


def _context(now: Ms, feed: Feed, poll: Poll) -> PollContext:
    page = _less(poll.page, feed.options.get("page"))
    window = _less(poll.window_seconds, feed.options.get("windowSeconds"))
    return PollContext(now, feed.options, page, window, poll.lag_seconds)


def _less(most: int | None, option: str | None) -> int | None:
    if option is None or not option.isdigit() or not 0 < int(option) <= (most or 0):
        return most
    return int(option)


def _signed(call: Call, authorization: str) -> Call:
    return replace(call, headers={**call.headers, "Authorization": authorization})


def _note(feed: Feed, reason: str) -> None:
    logger().warning("feed.unanswered", feed=feed.id, code="AMANA-FEED-005", reason=reason)
