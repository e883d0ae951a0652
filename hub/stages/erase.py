"""Carries out erasures that the control log orders. Rule: the secrets go first, durably, then the position; a repeat
after a crash destroys what is left and changes nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from hub.ports import Vault
from hub.stages.effects import Effects, Entry
from hub.topics import CONTROL

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower

NAME: Final = "erase"


class Erase:
    """The stage. It reads no body: the directory says what was ordered at each position."""

    name = NAME
    version = 1
    batch = 500

    def __init__(self, vault: Vault, follower: DirectoryFollower) -> None:
        self._vault = vault
        self._follower = follower

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == CONTROL]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        if self._follower.directory.now().position < entries[-1].offset:
            await self._follower.catch_up()
        first, last = entries[0].offset, entries[-1].offset
        orders = self._follower.directory.now().erasures()
        ids = [id_ for order in orders if first <= order.position <= last for id_ in order.ids]
        return Effects(erased=await self._vault.erase(ids) if ids else 0)
