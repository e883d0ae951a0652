"""From a message with a claim to a message with its body: fetch the bytes, examine again, and destroy the copy once the
log has them.

Rule: so many large bodies at a time as memory is meant for; whoever comes later waits. Where a place is held for as long
as somebody outside takes, nobody waits for ever, and no one system and no one code holds them all. A reference whose bytes a message
has already got is answered with that message's receipt and nothing is examined, for the sender only missed the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.delivery.lanes import Lanes
from hub.errors import BadMessage, HubError, TryAgain
from hub.gateway.admission import Refusal, Wanted
from hub.gateway.bodies import Claimed
from hub.logs import logger
from hub.ports import Admitted, Conflict, Duplicate

if TYPE_CHECKING:
    from hub.ports import Answered, Clock
    from hub.uploads import Upload, Uploads

AT_ONCE: Final = 2
"""Claimed bodies in memory at one time, from their fetching to their commit."""

PULLED_AT_ONCE: Final = 8
"""Of pulls, which wait for their providers: a place of their own, so that a slow provider holds up no push."""

EACH: Final = 2
"""Places of pulls that one system holds, and one code: so that who asks a slow provider holds up no other."""

PATIENCE: Final = 10.0
"""Seconds that a pull waits for its place."""

log = logger()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An upload that a message claims; `claimed` None: an earlier message has it, and this is its receipt."""

    upload: Upload
    code: str
    claimed: Claimed | None

    @property
    def receipt(self) -> Duplicate | None:
        return self.upload.receipt if self.claimed is None else None


class Claiming:
    """Of one gateway process. `each`: places of one system, and of one code; None: as many as there are, waited for as
    long as it takes."""

    def __init__(self, uploads: Uploads, clock: Clock, at_once: int = AT_ONCE, each: int | None = None) -> None:
        self._uploads = uploads
        self._clock = clock
        self._room = asyncio.Semaphore(at_once)
        self._lanes = None if each is None else Lanes(each)

    @asynccontextmanager
    async def fetched(self, wanted: Wanted) -> AsyncIterator[Fetched | Refusal]:
        """The bytes that a message claims, for as long as it is being admitted. Raises `TryAgain` AMANA-PULL-011 when
        there was no place for a pull in time."""
        async with AsyncExitStack() as held:
            await self._enter(held, wanted)
            yield await self._fetch(wanted)

    async def _enter(self, held: AsyncExitStack, wanted: Wanted) -> None:
        if self._lanes is None:
            await held.enter_async_context(self._room)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await held.enter_async_context(self._lanes.place(("system", wanted.system.code, 0)))
                await held.enter_async_context(self._lanes.place(("code", wanted.code, 0)))
                await held.enter_async_context(self._room)
        except TimeoutError:
            raise TryAgain("AMANA-PULL-011", "uploaded bodies", after=PATIENCE) from None

    async def _fetch(self, wanted: Wanted) -> Fetched | Refusal:
        system, code = wanted.system, wanted.code
        try:
            upload, claimed = await self._uploads.redeem(system.code, wanted.claim, code, self._clock.now())
        except BadMessage as refused:
            return Refusal(refused.code, refused.detail, system, code)
        return Fetched(upload, code, claimed)

    async def consume(self, fetched: Fetched) -> None:
        """After a pull that claimed it was answered: a question is never a repeat, so there is no receipt to keep."""
        try:
            await self._uploads.drop(fetched.upload)
        except HubError as error:
            log.warning("upload.unsettled", code=error.code)

    async def settle(self, fetched: Fetched, outcome: Answered) -> None:
        """After the outcome is durable. Never fails the message: what is not destroyed now is when it expires."""
        if fetched.claimed is None or isinstance(outcome, Conflict):
            return
        assert isinstance(outcome, Admitted | Duplicate)
        try:
            await self._uploads.settle(fetched.upload, fetched.code, outcome)
        except HubError as error:
            log.warning("upload.unsettled", code=error.code)
