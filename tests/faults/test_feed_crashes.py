"""The crash table of feeds: whoever takes files from a folder, or asks an interface, dies at each write to the log and to the
store, before it was stored or after, and at each step that it names; another process goes on with what is stored.

Rule: the folder is a real one; log and store are the simulator's. Every step that `hub/feeds` names has a row here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pytest

import hub.feeds
from hub.ports import Call
from hub.records import Ms
from tests.simulator.faults import How
from tests.simulator.hub import Crash
from tests.unit.feeds import test_asking as asking
from tests.unit.feeds.office import DONE, LINES, MORE, REFUSED, TAKING, Asked, Office

Where = Literal["log", "store", "step"]
Looking = Callable[[Office], Awaitable[None]]

EVENTS: Final = 5


@dataclass(slots=True)
class Taken:
    """All that must not depend on crashes, and what there was to die at."""

    result: dict[str, Any]
    writes: dict[Where, list[str]] = field(default_factory=dict)


async def folder(root: Path, where: Where | None, number: int, how: How) -> Taken:
    """Two files are dropped, and taken one after the other."""
    office = Office(root)
    await office.onboard()
    office.drop("1_attlog.dat", LINES)
    office.drop("2_attlog.dat", MORE)
    writes = await _insist(office, lambda one: _look(one, 3), where, number, how)
    result = await _result(office)
    result |= {place: len(office.lies(place)) for place in ("", TAKING, DONE, REFUSED)}
    return Taken(result, writes)


async def poll(root: Path, where: Where | None, number: int, how: How) -> Taken:
    """A device has three pages of events."""
    office, terminal = Office(root), asking.Terminal(EVENTS)
    office.caller = Asked(terminal.answer)
    credentials = root / "credentials" / "gate-poll"
    credentials.mkdir(parents=True)
    for name, text in (("user", "admin"), ("password", asking.PASSWORD)):
        (credentials / name).write_text(f"{text}\n")
        (credentials / name).chmod(0o600)
    await office.onboard(asking.FEED, asking.API)
    writes = await _insist(office, lambda one: _look(one, 1), where, number, how)
    asked: list[Call] = list(office.caller.calls)
    assert len(asked) < 30
    return Taken(await _result(office), writes)


async def _look(office: Office, times: int) -> None:
    await office.look(times)


async def _insist(office: Office, look: Looking, where: Where | None, number: int, how: How) -> dict[Where, list[str]]:
    """Look, and after a crash look as another process; returns what was written by then."""
    await office.start()
    hub, steps = office.hub, list[str]()
    faults = {"log": hub.faults, "store": hub.store_faults}
    before = {name: len(found.written) for name, found in faults.items()}
    if where in faults:
        faults[where].error = Crash
        faults[where].at_write(number, how)

    def reached(step: str) -> None:
        steps.append(step)
        if where == "step" and len(steps) == number + 1:
            raise Crash

    office.reached = reached
    try:
        await look(office)
        assert where is None, "nothing went wrong"
    except Crash:
        await office.crash()
        office.clock.move_to(Ms(office.clock.now() + 61_000))
        await look(office)
    return {
        "log": hub.faults.written[before["log"] :],
        "store": hub.store_faults.written[before["store"] :],
        "step": steps,
    }


async def _result(office: Office) -> dict[str, Any]:
    punches = await office.punches()
    [row] = await office.hub.store.rows("feed_state")
    return {
        "punches": sorted(punch.headers["ce_id"] for punch in punches),
        "values": await office.hub.canonical_values(),
        "cursor": row["cursor"],
        "code": row["code"],
    }


FEEDS: Final[dict[str, Callable[[Path, Where | None, int, How], Coroutine[Any, Any, Taken]]]] = {
    "folder": folder,
    "poll": poll,
}


@pytest.mark.parametrize(
    ("where", "how"),
    [*((where, how) for where in ("log", "store") for how in ("failed", "failed but stored")), ("step", "failed")],
)
@pytest.mark.parametrize("kind", sorted(FEEDS))
def test_a_feed_that_dies_at_any_write_changes_nothing(tmp_path: Path, kind: str, where: Where, how: How) -> None:
    """Each file and each event is there once, nothing is refused or left in between, and the cursor is at the end."""

    async def table() -> None:
        expected = await FEEDS[kind](tmp_path / "undisturbed", None, 0, how)
        assert len(expected.writes[where]) > 1
        for number, write in enumerate(expected.writes[where]):
            found = await FEEDS[kind](tmp_path / f"{number}", where, number, how)
            assert found.result == expected.result, f"{how} at {where} {number}: {write}"

    asyncio.run(table())


def test_every_step_that_feeds_name_is_in_the_table(tmp_path: Path) -> None:
    """Whoever adds a step to `hub/feeds` names it, and the table dies at it."""
    sources = [path.read_text() for path in Path(hub.feeds.__path__[0]).glob("*.py")]
    named = {name for text in sources for name in re.findall(r'_reached\("([a-z ]+)"\)', text)}
    found = [asyncio.run(take(tmp_path / kind, None, 0, "failed")).writes for kind, take in FEEDS.items()]
    assert {step for writes in found for step in writes["step"]} == named
    assert {write for writes in found for write in writes["log"]} == {"admissions.admit"}
