"""A rural office on the simulator: a device that is on no network, its folder, an interface that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from adapters.kit.registry import Adapter
from hub.feeds.admitting import Ground
from hub.feeds.feeds import Feeds
from hub.feeds.files import DONE, REFUSED, TAKING
from hub.ports import Answer, Call
from hub.records import Ms, Record
from tests.simulator.clock import ManualClock
from tests.simulator.hub import HUB_KEYS, SimHub
from tests.simulator.month import onboarding_changes

INSTITUTION: Final = "KANTORCONTOH"
SYSTEM: Final = "KANTORCONTOH-DESA"
CODE: Final = "ATTLOG-ATT"
SERIAL: Final = "CONTOHDESA1"
LINES: Final = b"        1\t2026-10-05 07:21:09\t101\t0\t1\t0\r\n     0042\t2026-10-05 07:22:00\t101\t0\t15\t0\r\n"
MORE: Final = b"        1\t2026-10-05 16:21:09\t101\t1\t1\t0\r\n"


class Asked:
    """The `Caller` of the tests: answers by a function of the call, and keeps what was asked."""

    def __init__(self, answer: Callable[[Call], Answer]) -> None:
        self.answer = answer
        self.calls: list[Call] = []

    async def call(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.answer(call)

    async def close(self) -> None:
        """Nothing is open."""


class Office:
    """A hub with feeds on `root`. `reached` strikes where a test wants a crash."""

    def __init__(self, root: Path) -> None:
        self.hub = SimHub(partitions=1)
        self.root = root
        self.caller = Asked(lambda _: Answer(None, reason="nobody"))
        self.reached: Callable[[str], None] = lambda _: None
        self.feeds: Feeds | None = None

    @property
    def clock(self) -> ManualClock:
        return self.hub.clock

    @property
    def folder(self) -> Path:
        return self.root / "folders" / "desa"

    async def onboard(self, feed: Mapping[str, Any] | None = None, api: Mapping[str, Any] | None = None) -> None:
        """The directory: an institution, its system, a device, a code with its grant, a feed."""
        first, args = onboarding_changes("json")[0]
        await self.hub.change(self.hub.signed(first, args), first=True)
        changes: list[tuple[str, Mapping[str, Any]]] = [
            ("institution.add", {"code": INSTITUTION, "name": "Kantor Contoh"}),
            (
                "system.add",
                {"institution": INSTITUTION, "code": SYSTEM, "clientId": SYSTEM, "secretSha256": "0" * 64},
            ),
            (
                "device.add",
                {
                    "adapter": "zkteco_attlog",
                    "serial": SERIAL,
                    "institution": INSTITUTION,
                    "id": "gate",
                    "zone": "Asia/Jakarta",
                    "networks": ["192.0.2.1/32"],
                },
            ),
            (
                "api.add",
                {
                    "code": CODE,
                    "adapter": "zkteco_attlog",
                    "exchange": "attlog",
                    "dedupe": "natural-key",
                    "fields": ["pin", "time", "state"],
                    "assurance": "file",
                    **(api or {}),
                },
            ),
            ("grant.add", {"system": SYSTEM, "code": CODE}),
            (
                "feed.add",
                {
                    "kind": "folder",
                    "system": SYSTEM,
                    "code": CODE,
                    "part": "attlog",
                    "id": "desa",
                    "device": "gate",
                    **(feed or {}),
                },
            ),
        ]
        for kind, arguments in changes:
            await self.change(kind, arguments)

    async def change(self, kind: str, args: Mapping[str, Any]) -> None:
        """A change that has to be accepted."""
        outcome = await self.hub.change(self.hub.signed(kind, args))
        assert outcome.accepted, (kind, outcome.code, outcome.detail)

    async def start(self, owner: str = "one", adapters: Mapping[str, Adapter] | None = None) -> Feeds:
        """The feeds of a process that has just begun."""
        await self.hub.running()
        self.feeds = Feeds(
            folders=self.root / "folders",
            credentials=self.root / "credentials",
            admissions=self.hub.log,
            store=self.hub.store,
            caller=self.caller,
            clock=self.clock,
            follower=self.hub.follower,
            adapters=adapters or self.hub.adapters,
            ground=Ground(HUB_KEYS.hmac, lambda topic: self.hub.log.topics()[topic], self.hub.registry.registry),
            owner=owner,
            reached=self._tell,
            registry=self.hub.registry,
        )
        return self.feeds

    def _tell(self, step: str) -> None:
        """What strikes may change while the process runs."""
        self.reached(step)

    async def look(self, times: int = 2) -> int:
        """Look so often, two seconds apart; returns how many messages came."""
        feeds = self.feeds or await self.start()
        came = 0
        for _ in range(times):
            came += await feeds.step()
            self.clock.move_to(Ms(self.clock.now() + 2000))
        return came

    async def crash(self) -> None:
        """The process is gone; what is on disk and in the log stays."""
        await self.hub.crash()
        self.feeds = None

    def drop(self, name: str, content: bytes) -> None:
        """What a clerk does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def lies(self, where: str = "") -> list[str]:
        """Names of the files in a part of the folder, notes left out."""
        place = self.folder / where
        return sorted(p.name for p in place.iterdir() if p.is_file() and p.suffix != ".txt") if place.is_dir() else []

    async def punches(self) -> list[Record]:
        """The punches that came of it all."""
        await self.hub.settle()
        return await self.hub.records("records.attendance.punch")


__all__ = ["DONE", "LINES", "MORE", "REFUSED", "TAKING", "Asked", "Office"]
