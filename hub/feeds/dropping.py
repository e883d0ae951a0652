"""File drop: each whole file of a watched folder becomes one message, and then lies in `done/` or `refused/`.

Rule: admit first, then move. A crash in between brings the same file again, and the log answers that it has it; so does
whoever drops a file twice. What is refused gets its reason beside it, with nothing out of the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.kit.errors import KitError
from hub.errors import BadMessage, Halt
from hub.feeds.admitting import Ground, body_of_file, make_candidate
from hub.feeds.files import DONE, REFUSED, Folder, Found
from hub.feeds.holding import Held
from hub.ports import Admissions, Admitted, Answered, Clock, Duplicate
from signing.jsontext import render

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.objects import Feed
    from hub.control.view import View


class Dropping:
    """Watches folders below `root`. `reached`: told before and after each step that leaves a trace, for tests."""

    def __init__(
        self,
        root: Path,
        admissions: Admissions,
        clock: Clock,
        ground: Ground,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._admissions = admissions
        self._clock = clock
        self._ground = ground
        self._reached = reached
        self._folders: dict[str, Folder] = {}

    async def step(self, feed: Feed, held: Held, adapter: Adapter, view: View) -> int:
        """Take what is whole; returns how many files were moved. Raises `TryAgain` and `Halt`: the file stays."""
        folder = self._folder(feed, adapter)
        names = await asyncio.to_thread(folder.look)
        moved = 0
        for name in names:
            self._reached("file in taking")
            found = await asyncio.to_thread(folder.read, name)
            if found is not None:
                moved += await self._take(folder, found, feed, held, adapter, view)
        return moved

    async def _take(self, folder: Folder, found: Found, feed: Feed, held: Held, adapter: Adapter, view: View) -> bool:
        try:
            outcome = await self._admit(found, feed, adapter, view)
        except BadMessage as bad:
            moved = await asyncio.to_thread(folder.finish, found, REFUSED, bad.text() + "\n")
            held.refused += moved
            return moved
        self._reached("file admitted")
        moved = await asyncio.to_thread(folder.finish, found, DONE, _receipt(outcome))
        self._reached("file moved")
        held.taken += moved
        held.last = self._clock.now()
        return moved

    async def _admit(self, found: Found, feed: Feed, adapter: Adapter, view: View) -> Admitted | Duplicate:
        if found.content is None:
            raise BadMessage("AMANA-FEED-003", "larger than the adapter takes")
        if not found.content:
            raise BadMessage("AMANA-FEED-003", "empty")
        api = view.api(feed.code)
        if api is None:
            raise Halt("AMANA-FEED-002", "the code")
        body = body_of_file(found.path.name, found.content, adapter.manifest.exchange(api.exchange))
        candidate = await asyncio.to_thread(make_candidate, body, feed, adapter, view, self._ground)
        [outcome] = await self._admissions.admit([candidate], self._clock.now())
        return _admitted(outcome)

    def _folder(self, feed: Feed, adapter: Adapter) -> Folder:
        folder = self._folders.get(feed.id)
        if folder is None:
            try:
                described = adapter.manifest.folder(feed.part)
            except KitError:
                raise Halt("AMANA-FEED-002", f"{adapter.id}: no folder of that name") from None
            folder = Folder(self._root / (feed.place or feed.id), described.pattern, described.max_bytes)
            try:
                folder.prepare()
            except OSError as error:
                raise Halt("AMANA-FEED-004", error.strerror or "folder") from None
            self._folders[feed.id] = folder
        return folder


def _admitted(outcome: Answered) -> Admitted | Duplicate:
    if isinstance(outcome, Admitted | Duplicate):
        return outcome
    raise BadMessage("AMANA-DUP-001")


def _receipt(outcome: Admitted | Duplicate) -> str:
    """What lies beside a file that is done."""
    fresh = isinstance(outcome, Admitted)
    said = {"outcome": "admitted" if fresh else "duplicate", "id": outcome.id, "digest": outcome.digest}
    if isinstance(outcome, Admitted) and outcome.rows is not None:
        said["newRows"] = str(len(outcome.rows))
    return render(said).decode() + "\n"
