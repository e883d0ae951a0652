"""Submitting changes to the log, and following them in another process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.control.directory import Outcome
from hub.control.follow import CONTROL_SECRET, DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.errors import Halt, TryAgain
from hub.keys import HubKeys
from hub.ports import Append
from hub.records import ID, Ms, Record
from hub.topics import CONTROL
from signing.keys import PrivateKey
from signing.sealing import LocalKeyWrapper
from tests.simulator.clock import ManualClock
from tests.simulator.faults import Faults
from tests.simulator.memory_log import MemoryLog
from tests.unit.control.signed_changes import ADMIN, HUB, NOW, SECOND, start_args

ADD = {"code": "KEMEN", "name": "A ministry"}


class Hub:
    """A log, one process that submits and one that follows."""

    def __init__(self) -> None:
        self.faults = Faults()
        wrapper = LocalKeyWrapper(b"w" * 32)
        self.log = MemoryLog(wrapper, ManualClock(NOW), self.faults)
        self.keys = HubKeys(HUB, wrapper, b"h" * 32, b"t" * 32)
        self.follower = DirectoryFollower(self.log, self.log)
        self.other = DirectoryFollower(self.log, self.log)

    async def start(self) -> None:
        outcome = await self.send("hub.start", start_args(), hub={"start": True})
        assert outcome.accepted, outcome

    async def send(
        self, change: str, args: dict[str, Any], *, by: PrivateKey = ADMIN, hub: dict[str, Any] | None = None
    ) -> Outcome:
        return await self.submit(sign_change(by, change, args, NOW), hub)

    async def submit(self, envelope: bytes, hub: dict[str, Any] | None = None, now: Ms = NOW) -> Outcome:
        return await submit(self.log, self.follower, self.keys, envelope, hub or {}, now)

    async def records(self) -> list[Record]:
        return [r for b in await self.log.read(CONTROL, 0, 0) for r in b.records]


def test_a_change_takes_effect_in_every_process() -> None:
    """Who submits learns the outcome at its position; who follows has the same directory."""

    async def story() -> tuple[Outcome, int, bool]:
        hub = Hub()
        await hub.start()
        outcome = await hub.send("institution.add", ADD)
        position = await hub.other.catch_up()
        return outcome, position, hub.other.directory.now().institution("KEMEN") is not None

    outcome, position, known = asyncio.run(story())
    assert (outcome.accepted, outcome.position, position, known) == (True, 1, 1, True)


def test_a_refused_change_stays_in_the_log() -> None:
    """An operator's change that conflicts is recorded and has no effect."""

    async def story() -> tuple[str, int, int]:
        hub = Hub()
        await hub.start()
        await hub.send("institution.add", ADD)
        outcome = await hub.send("institution.add", ADD)
        return outcome.code, outcome.position, len(await hub.records())

    assert asyncio.run(story()) == ("AMANA-CHANGE-003", 2, 3)


def test_what_no_operator_signed_gets_no_record() -> None:
    """Strangers, garbage, stale and oversized requests are answered without filling the disk."""

    async def story() -> tuple[list[str], int]:
        hub = Hub()
        await hub.start()
        await hub.send("operator.add", {"name": "two", "person": "Two", "publicKey": SECOND.public.pem()})
        await hub.send("operator.suspend", {"keyId": SECOND.public.key_id})
        late = sign_change(ADMIN, "institution.add", ADD, Ms(NOW - 400_000))
        codes = [
            (await hub.send("institution.add", ADD, by=HUB)).code,
            (await hub.send("institution.add", ADD, by=SECOND)).code,
            (await hub.submit(b"garbage")).code,
            (await hub.submit(b"\xff\xfe")).code,
            (await hub.submit(b" " * 300_000)).code,
            (await hub.submit(late)).code,
        ]
        return codes, len(await hub.records())

    expected = ["AMANA-OPER-001"] * 2 + ["AMANA-CHANGE-001"] * 2 + ["AMANA-SIZE-001", "AMANA-OPER-003"]
    assert asyncio.run(story()) == (expected, 3)


@pytest.mark.parametrize(("how", "records"), [("failed", 2), ("failed but stored", 2)])
def test_sending_again_after_an_unknown_answer_has_one_effect(how: Any, records: int) -> None:
    """When it is unknown whether a change is stored, the same envelope again gives one effect and its outcome."""

    async def story() -> tuple[bool, int, int]:
        hub = Hub()
        await hub.start()
        text = sign_change(ADMIN, "institution.add", ADD, NOW)
        hub.faults.at_point("bus.append", how)
        with pytest.raises(TryAgain):
            await hub.submit(text)
        outcome = await hub.submit(text)
        return outcome.accepted, outcome.position, len(await hub.records())

    assert asyncio.run(story()) == (True, 1, records)


def test_two_processes_that_submit_the_same_agree() -> None:
    """The fold decides which of two conflicting changes came first, the same for both."""

    async def story() -> tuple[list[bool], bool]:
        hub = Hub()
        await hub.start()
        outcomes = await asyncio.gather(
            submit(hub.log, hub.follower, hub.keys, sign_change(ADMIN, "institution.add", ADD, NOW), {}, NOW),
            submit(hub.log, hub.other, hub.keys, sign_change(ADMIN, "institution.add", ADD, NOW), {}, NOW),
        )
        await hub.follower.catch_up()
        await hub.other.catch_up()
        same = [hub.follower.directory.outcome(n) for n in range(3)] == [
            hub.other.directory.outcome(n) for n in range(3)
        ]
        return sorted(outcome.accepted for outcome in outcomes), same

    assert asyncio.run(story()) == ([False, True], True)


def test_control_records_are_sealed() -> None:
    """Neither key, headers nor value of a control record show what it says or who signed it."""

    async def story() -> list[str]:
        hub = Hub()
        await hub.start()
        await hub.send("institution.add", ADD)
        text = repr(await hub.records())
        return [word for word in ("KEMEN", "ministry", ADMIN.public.key_id) if word in text]

    assert asyncio.run(story()) == []


def test_callbacks_hear_of_changes_only() -> None:
    """A callback is called once per record that changed something, in order."""

    async def story() -> list[str]:
        hub = Hub()
        heard: list[str] = []
        hub.other.on_change(lambda outcome: heard.append(outcome.kind))
        await hub.start()
        await hub.send("institution.add", ADD)
        await hub.send("institution.add", ADD)
        await hub.send("institution.add", ADD | {"code": "B"})
        await hub.other.catch_up()
        await hub.other.catch_up()
        return heard

    assert asyncio.run(story()) == ["hub.start", "institution.add", "institution.add"]


def test_following_sees_what_is_appended_later() -> None:
    """A follower that waits on the log applies a change soon after it is stored, without being asked."""

    async def story() -> int:
        hub = Hub()
        await hub.start()
        heard = asyncio.Event()
        hub.other.on_change(lambda outcome: heard.set() if outcome.kind == "institution.add" else None)
        following = asyncio.create_task(hub.other.follow())
        await hub.send("institution.add", ADD)
        await asyncio.wait_for(heard.wait(), 10)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        return hub.other.position

    assert asyncio.run(story()) == 1


def test_catching_up_to_a_position_goes_no_further_than_the_log() -> None:
    """Waiting for a position that is not there yet returns what is there."""

    async def story() -> int:
        hub = Hub()
        await hub.start()
        return await hub.other.catch_up(9)

    assert asyncio.run(story()) == 0


def test_a_tampered_record_stops_everything() -> None:
    """A control record that does not open halts the follower at its place, and changes nothing."""

    async def story() -> tuple[str, str, int]:
        hub = Hub()
        await hub.start()
        record = (await hub.records())[0]
        forged = Record(record.key, record.headers | {ID: "0" * 64}, record.value)
        await hub.log.append([Append(CONTROL, 0, [forged])])
        with pytest.raises(Halt) as halted:
            await hub.other.catch_up()
        return halted.value.code, halted.value.detail, hub.other.position

    assert asyncio.run(story()) == ("AMANA-SEAL-001", "control/0/1", 0)


def test_without_the_secret_of_the_control_log_nothing_starts() -> None:
    """A control log whose secret is gone halts, and is never taken for an empty one."""

    async def story() -> str:
        hub = Hub()
        await hub.start()
        await hub.log.erase([CONTROL_SECRET])
        with pytest.raises(Halt) as halted:
            await hub.other.catch_up()
        return halted.value.code

    assert asyncio.run(story()) == "AMANA-SEAL-001"
