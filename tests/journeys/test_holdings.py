"""What the hub itself answers, page by page: employees and signals of a snapshot that nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

from hub.pull.snapshots import DAY, KEPT
from schemas.contracts import checker
from tests.simulator.asking import ask, body_of, code_of, question
from tests.simulator.hub import SimHub, open_store
from tests.simulator.month import PERIOD, Script, month, preset, settle
from tests.simulator.relaying import FIRST, SECOND, add_receiver, change

PEOPLE: Final = 7
EMPLOYEES: Final = "PEGAWAI"
SIGNALS: Final = "SINYAL"


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def _holding(**more: Any) -> tuple[SimHub, Script]:
    """A hub that has read a month of records, and two systems that may ask for what it holds."""
    hub, script = SimHub(), Script(month(PEOPLE))
    await script.do(hub, script.onboarding())
    for system in (FIRST, SECOND):
        await add_receiver(hub, system)
    own = {"institution": preset().institution.code} | more
    for code, holding in ((EMPLOYEES, "employees"), (SIGNALS, "signals")):
        await change(hub, "api.add", {"code": code, "direction": "pull", "holding": holding} | own)
        for system in (FIRST, SECOND):
            await change(hub, "grant.add", {"system": system, "code": code})
    await script.do(hub, [*script.records(), settle])
    return hub, script


async def _page(hub: SimHub, code: str = EMPLOYEES, page: int = 1, size: int = 3, **members: Any) -> dict[str, Any]:
    asked = {"pager": {"page": page, "pageSize": size}} | members
    found: dict[str, Any] = await body_of(hub, FIRST, code, asked)
    return found


async def _all(hub: SimHub, code: str, size: int, **members: Any) -> list[dict[str, Any]]:
    """Every page, by following `nextPage`."""
    pages = [await _page(hub, code, 1, size, **members)]
    while (following := pages[-1]["pager"]["nextPage"]) is not None:
        pages.append(await _page(hub, code, following, size, snapshot=pages[0]["snapshot"]))
    return pages


def _ids(pages: list[dict[str, Any]], rows: str = "employees", name: str = "employeeId") -> list[str]:
    return [row[name] for page in pages for row in page[rows]]


async def _resend(hub: SimHub, script: Script) -> None:
    """The personnel registry sends its employees again, a day later: newer records of the same people."""
    hub.clock.advance(DAY + 1)
    await script.do(hub, [script.records()[0], settle])


def test_every_employee_stands_on_one_page() -> None:
    """The pages together hold each person once, with the pager's names as the registry has them."""

    async def journey() -> None:
        hub, script = await _holding()
        pages = await _all(hub, EMPLOYEES, 3)
        assert [page["pager"] for page in pages] == [
            {"pageSize": 3, "page": 1, "total": PEOPLE, "nextPage": 2},
            {"pageSize": 3, "page": 2, "total": PEOPLE, "nextPage": 3},
            {"pageSize": 3, "page": 3, "total": PEOPLE, "nextPage": None},
        ]
        ids = _ids(pages)
        assert len(set(ids)) == len(ids) == PEOPLE
        assert set(ids) == {person.employee_id for person in script.month.world.people}
        assert all(checker("employee").ok(row) for page in pages for row in page["employees"])
        assert {page["erased"] for page in pages} == {0}

    _run(journey)


def test_the_latest_record_of_each_person_counts_and_a_snapshot_keeps_the_one_before() -> None:
    """Newer records make no second row; pages of a snapshot that was made before show what they showed."""

    async def journey() -> None:
        hub, script = await _holding()
        before = await _page(hub)
        rows = await hub.store.rows("fact_latest")
        await _resend(hub, script)
        after = await hub.store.rows("fact_latest")
        assert len(after) == len(rows) == PEOPLE
        assert {row["record_id"] for row in after}.isdisjoint({row["record_id"] for row in rows})
        hub.clock.move_to(hub.clock.now() - DAY)  # type: ignore[arg-type]  # within the day of the snapshot
        again = await _page(hub, snapshot=before["snapshot"])
        assert again == before
        assert (await _page(hub))["snapshot"] != before["snapshot"]

    _run(journey)


def test_the_erased_are_left_out_and_counted() -> None:
    """A snapshot made before an erasure has fewer rows after it, and says how many are gone; its total stays."""

    async def journey() -> None:
        hub, _ = await _holding()
        first = await _page(hub, size=500)
        [gone] = {row["secret_id"] for row in await hub.store.rows("fact", {"contract": "employee"})}
        await change(hub, "message.erase", {"ids": [gone], "reason": "withdrawn"})
        await hub.settle()
        page = await _page(hub, size=500, snapshot=first["snapshot"])
        assert (page["employees"], page["erased"], page["pager"]["total"]) == ([], PEOPLE, PEOPLE)

    _run(journey)


def test_signals_leave_once_their_run_is_approved() -> None:
    """Before the approval there is no such run; after it the pages hold the very signals, with the run's digest."""

    async def journey() -> None:
        hub, script = await _holding()
        await script.do(hub, [script.open_run(), settle])
        asked = {"period": PERIOD, "institution": preset().institution.code}
        assert await code_of(hub, FIRST, SIGNALS, asked) == "AMANA-HOLD-004"
        await script.do(hub, [script.approve(), settle])
        pages = await _all(hub, SIGNALS, 4, **asked)
        named = await _all(hub, SIGNALS, 4, run=script.run)
        [run] = await hub.store.rows("run")
        assert [len(page["signals"]) for page in pages] == [4, 3]
        assert _ids(pages, "signals", "signalId") == _ids(named, "signals", "signalId")
        assert set(_ids(pages, "signals", "signalId")) == {r["signal_id"] for r in await hub.store.rows("run_signal")}
        assert {page["run"]["digest"] for page in pages} == {run["digest"]}
        assert pages[0]["run"]["totals"] == run["totals"]

    _run(journey)


def test_a_code_of_one_institution_shows_no_other() -> None:
    """Neither its employees nor its runs."""

    async def journey() -> None:
        hub, script = await _holding(institution=preset().payroll.code)
        await script.do(hub, [script.open_run(), settle, script.approve(), settle])
        page = await _page(hub)
        assert (page["employees"], page["pager"]) == ([], {"pageSize": 3, "page": 1, "total": 0, "nextPage": None})
        own = preset().institution.code
        assert await code_of(hub, FIRST, EMPLOYEES, {"institution": own}) == "AMANA-HOLD-004"
        assert await code_of(hub, FIRST, SIGNALS, {"run": script.run}) == "AMANA-HOLD-004"

    _run(journey)


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        (EMPLOYEES, {"pager": {"pageSize": 0}}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"pager": {"pageSize": 501}}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"pager": {"page": 0}}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"pager": {"page": 2}}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"pager": {"page": 1.5}}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"pager": [1]}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"limit": 1}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"period": PERIOD}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"snapshot": "latest"}, "AMANA-HOLD-001"),
        (EMPLOYEES, {"snapshot": "0" * 32}, "AMANA-HOLD-002"),
        (SIGNALS, {}, "AMANA-HOLD-001"),
        (SIGNALS, {"period": "2026-13"}, "AMANA-HOLD-001"),
        (SIGNALS, {"run": "NONE"}, "AMANA-HOLD-004"),
    ],
)
def test_what_cannot_be_meant_is_refused(code: str, body: Any, expected: str) -> None:
    """A question that is not well formed, or about what is not there, gets a signed refusal with its code."""

    async def journey() -> None:
        hub, _ = await _holding()
        assert await code_of(hub, FIRST, code, body) == expected

    _run(journey)


def test_a_snapshot_is_its_systems_own_and_lives_a_day() -> None:
    """Another system, another code, the day after, a page behind the last: each is refused."""

    async def journey() -> None:
        hub, _ = await _holding()
        name = (await _page(hub))["snapshot"]
        assert await code_of(hub, SECOND, EMPLOYEES, {"snapshot": name}) == "AMANA-HOLD-002"
        assert await code_of(hub, FIRST, SIGNALS, {"snapshot": name}) == "AMANA-HOLD-002"
        late = {"snapshot": name, "pager": {"page": 4, "pageSize": 3}}
        assert await code_of(hub, FIRST, EMPLOYEES, late) == "AMANA-HOLD-003"
        hub.clock.advance(DAY)
        assert await code_of(hub, FIRST, EMPLOYEES, {"snapshot": name}) == "AMANA-HOLD-002"

    _run(journey)


def test_a_system_has_few_snapshots_and_takes_nobody_elses_place() -> None:
    """The oldest goes when there are too many, with its parts; those that are past their day go whoever made them."""

    async def journey() -> None:
        hub, _ = await _holding()
        kept = (await body_of(hub, SECOND, EMPLOYEES, {}))["snapshot"]
        names = []
        for _ in range(KEPT + 2):
            hub.clock.advance(1)
            names.append((await _page(hub))["snapshot"])
        assert {row["id"] for row in await hub.store.rows("snapshot")} == {kept, *names[2:]}
        assert {row["snapshot"] for row in await hub.store.rows("snapshot_part")} == {kept, *names[2:]}
        hub.clock.advance(DAY)
        last = (await _page(hub))["snapshot"]
        assert [row["id"] for row in await hub.store.rows("snapshot")] == [last]

    _run(journey)


def test_who_is_the_latest_does_not_depend_on_the_order_of_reading() -> None:
    """A store that is lost and read again from the log has the same latest record of each person."""

    async def journey() -> None:
        hub, script = await _holding()
        await _resend(hub, script)
        before = await hub.store.rows("fact_latest", order=("subject",))
        await hub.crash()
        hub.store = open_store(hub._store_fault)
        await hub.settle()
        assert await hub.store.rows("fact_latest", order=("subject",)) == before

    _run(journey)


def test_what_was_answered_is_recorded_by_its_digest_alone() -> None:
    """The record of the pull holds no copy of the employees that would outlive their erasure."""

    async def journey() -> None:
        hub, _ = await _holding()
        data = await ask(hub, FIRST, question(EMPLOYEES, {}))
        [outcome] = [r for r in await hub.records("pulls") if r.headers["ce_type"] == "pull.outcome"]
        assert outcome.headers["ce_requestid"] == data["requestId"]
        assert outcome.headers["ce_digest"].startswith("sha256:")
        assert outcome.value == b""

    _run(journey)
