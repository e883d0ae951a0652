"""All feeds of a hub: whoever holds one looks into its folder or asks its interface when it is due.

Rule: one process at a time for one feed; a feed that stands still says by which code and never stops the others. A folder
has no bell on every system that it may lie on, so it is looked into every two seconds; an idle look is one listing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.errors import Halt, TryAgain
from hub.feeds.admitting import Ground
from hub.feeds.asking import Asking
from hub.feeds.dropping import Dropping
from hub.feeds.holding import Held, Holder
from hub.logs import logger
from hub.ports import Admissions, Caller, Clock, Store
from hub.records import Ms

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Feed

LOOK: Final = 2.0
"""Seconds between two looks into a folder: a file that did not change in them is whole."""

_FENCED: Final = "AMANA-FENCE-001"


class Feeds:
    """Runs the feeds of the directory. `folders` and `credentials` are directories of this machine."""

    def __init__(
        self,
        *,
        folders: Path,
        credentials: Path,
        admissions: Admissions,
        store: Store,
        caller: Caller,
        clock: Clock,
        follower: DirectoryFollower,
        adapters: Mapping[str, Adapter],
        ground: Ground,
        owner: str,
        reached: Callable[[str], None] = lambda _: None,
        registry: Following | None = None,
    ) -> None:
        self._registry = registry
        self._holder = Holder(store, clock, owner)
        self._dropping = Dropping(folders, admissions, clock, ground, reached)
        self._asking = Asking(credentials, admissions, caller, clock, ground, self._holder, reached)
        self._clock = clock
        self._follower = follower
        self._adapters = adapters
        self._held: dict[str, Held] = {}

    async def step(self) -> int:
        """Look once at every feed that is due; returns how many messages came. Never raises for what one feed does."""
        view = self._follower.directory.now()
        wanted = {feed.id: feed for feed in view.feeds() if not feed.suspended}
        for gone in self._held.keys() - wanted.keys():
            del self._held[gone]
        came = 0
        for feed in wanted.values():
            try:
                if self._registry is not None:
                    await self._registry.catch_up()  # rules of wire formats stand there
                came += await self._one(feed)
            except TryAgain as again:
                logger().warning("feed.later", feed=feed.id, code=again.code)
            except Halt as halt:
                await self._stand_still(feed, halt.code, halt.detail)
            except Exception as error:  # noqa: BLE001 -- a defect in one feed must not take the others down
                logger().error("feed.failed", feed=feed.id, exc_info=error)
                await self._stand_still(feed, "AMANA-HUB-001", "")
        return came

    async def _one(self, feed: Feed) -> int:
        held = self._held.get(feed.id)
        if held is None:
            held = await self._holder.take(feed.id)
            if held is None:
                return 0
            self._held[feed.id] = held
        await self._holder.renew(held)
        if held.due > self._clock.now():
            return 0
        adapter = self._adapters.get(feed.adapter)
        if adapter is None:
            raise Halt("AMANA-FEED-002", "the adapter is not installed")
        view = self._follower.directory.at(self._follower.directory.position)
        if feed.kind == "poll":
            return await self._asking.step(feed, held, adapter, view)
        came = await self._dropping.step(feed, held, adapter, view)
        if came or held.code:
            held.code = ""
            await self._holder.keep(held)
        return came

    async def _stand_still(self, feed: Feed, code: str, detail: str) -> None:
        """Say it once, and look again after a while: whoever mends it need not tell the hub."""
        held = self._held.get(feed.id)
        if held is None or code == _FENCED:
            self._held.pop(feed.id, None)
            return
        if held.code != code:
            logger().error("feed.halted", feed=feed.id, code=code, detail=detail)
        held.code = code
        held.due = Ms(self._clock.now() + 30_000)
        try:
            await self._holder.keep(held)
        except (Halt, TryAgain):
            self._held.pop(feed.id, None)
