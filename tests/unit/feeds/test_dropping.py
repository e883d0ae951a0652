"""File drop: whole files only, each once, and whatever a process dies at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hub.errors import TryAgain
from hub.reads.messages import TRACE_LIMIT, trace_message
from hub.records import ID, Ms
from tests.simulator.contracting import register, rule
from tests.simulator.hub import Crash
from tests.unit.feeds.office import CODE, DONE, LINES, MORE, REFUSED, SYSTEM, TAKING, Office

STEPS = ("file in taking", "file admitted", "file moved")


def run(tmp_path: Path, act: Callable[[Office], Awaitable[None]]) -> Office:
    office = Office(tmp_path)

    async def whole() -> None:
        await office.onboard()
        await act(office)

    asyncio.run(whole())
    return office


def test_a_whole_file_becomes_punches_and_lies_in_done(tmp_path: Path) -> None:
    """A file that lay unchanged from one look to the next is admitted as `file`, and a receipt lies beside it."""

    async def act(office: Office) -> None:
        office.drop("1_attlog.dat", LINES)
        assert await office.look(1) == 0
        assert await office.look(1) == 1
        punches = await office.punches()
        assert [p.headers["ce_assurance"] for p in punches] == ["file", "file"]
        assert (office.lies(), office.lies(TAKING), len(office.lies(DONE))) == ([], [], 1)
        [note] = (office.folder / DONE).glob("*.txt")
        assert '"outcome":"admitted"' in note.read_text()

    run(tmp_path, act)


def test_the_trace_of_a_large_file_counts_every_punch(tmp_path: Path) -> None:
    """It lists the first thousand records, each of them once, and says how many there are."""
    people = TRACE_LIMIT // 4 + 1
    lines = [
        b"%d\t2026-10-05 %02d:00:00\t101\t0\t1\t0\r\n" % (n % people + 1, 7 + n // people) for n in range(people * 5)
    ]

    async def act(office: Office) -> None:
        office.drop("1_attlog.dat", b"".join(lines))
        await office.look()
        made = {record.headers[ID] for record in await office.punches()}
        hub = office.hub
        [message] = await hub.store.rows("message", {"kind": "inbox", "code": CODE})
        found = await trace_message(hub.store, hub.log, message["id"])
        assert found["steps"] == [{"what": "records.attendance.punch", "count": len(lines), "states": {}}]
        listed = {record["id"] for record in found["records"]}
        assert (len(made), len(found["records"]), len(listed)) == (len(lines), TRACE_LIMIT, TRACE_LIMIT)
        assert listed < made

    run(tmp_path, act)


def test_a_file_that_grows_or_is_unfinished_is_left_alone(tmp_path: Path) -> None:
    """What is still written, has the name of a draft, or is no attlog stays where it is."""

    async def act(office: Office) -> None:
        for number in range(4):
            office.drop("1_attlog.dat", LINES * (number + 1))
            office.drop("2_attlog.dat.part", LINES)
            office.drop(".3_attlog.dat", LINES)
            office.drop("holiday.jpg", LINES)
            assert await office.look(1) == 0
        assert len(office.lies()) == 4

    run(tmp_path, act)


def test_a_file_dropped_again_has_no_second_effect(tmp_path: Path) -> None:
    """The same file under another name, and the same file with a day more: each punch is there once."""

    async def act(office: Office) -> None:
        for name, content in (("1_attlog.dat", LINES), ("copy_attlog.dat", LINES), ("1_attlog.dat", LINES + MORE)):
            office.drop(name, content)
            assert await office.look() == 1
        assert len(await office.punches()) == 3
        assert (len(office.lies(DONE)), office.lies(REFUSED)) == (3, [])

    run(tmp_path, act)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"name,time\n", "AMANA-FEED-003: A file cannot be taken (file-unsuitable: The file is no attlog.dat."),
        (b"", "AMANA-FEED-003"),
        (b"x" * (16_777_216 + 1), "AMANA-FEED-003"),
    ],
)
def test_a_refused_file_has_its_reason_beside_it(tmp_path: Path, content: bytes, code: str) -> None:
    """It lies in `refused/` with the code, what was expected and what to do, and nothing reached the log."""

    async def act(office: Office) -> None:
        office.drop("1_attlog.dat", content)
        await office.look()
        assert len(office.lies(REFUSED)) == 1
        [note] = (office.folder / REFUSED).glob("*.txt")
        assert note.read_text().startswith(code)
        assert await office.punches() == []

    run(tmp_path, act)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_changes_nothing(tmp_path: Path, step: str) -> None:
    """Whatever step the process dies at, the next one ends with each punch once and the file in `done/`."""

    async def act(office: Office) -> None:
        def strike(reached: str) -> None:
            if reached == step:
                raise Crash

        office.drop("1_attlog.dat", LINES)
        office.reached = strike
        with pytest.raises(Crash):
            await office.look()
        await office.crash()
        office.reached = lambda _: None
        await office.look()
        assert len(await office.punches()) == 2
        assert (office.lies(), office.lies(TAKING), len(office.lies(DONE))) == ([], [], 1)

    run(tmp_path, act)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_log_that_cannot_store_keeps_the_file(tmp_path: Path, how: str) -> None:
    """When the log refuses the write, or stored it and could not say so, the file waits and is admitted once."""

    async def act(office: Office) -> None:
        office.drop("1_attlog.dat", LINES)
        await office.look(1)
        office.hub.faults.error = lambda: TryAgain("AMANA-BUS-001", "planned")
        office.hub.faults.at_write(0, how)  # type: ignore[arg-type]
        assert await office.look(1) == 0
        assert office.lies(TAKING) == ["1_attlog.dat"]
        assert await office.look(1) == 1
        assert len(await office.punches()) == 2

    run(tmp_path, act)


def test_a_file_of_the_same_name_that_comes_meanwhile_is_another_one(tmp_path: Path) -> None:
    """Dropped between reading and moving, it is neither lost nor taken for the first."""

    async def act(office: Office) -> None:
        def meanwhile(reached: str) -> None:
            if reached == "file admitted" and not (office.folder / "1_attlog.dat").exists():
                office.reached = lambda _: None
                office.drop("1_attlog.dat", MORE)

        office.drop("1_attlog.dat", LINES)
        office.reached = meanwhile
        await office.look(4)
        assert len(await office.punches()) == 3
        assert len(office.lies(DONE)) == 2

    run(tmp_path, act)


def test_a_file_that_is_written_to_after_it_was_read_is_read_again(tmp_path: Path) -> None:
    """Somebody who kept it open and went on writing loses nothing."""

    async def act(office: Office) -> None:
        def append(reached: str) -> None:
            if reached == "file admitted":
                office.reached = lambda _: None
                with (office.folder / TAKING / "1_attlog.dat").open("ab") as file:
                    file.write(MORE)

        office.drop("1_attlog.dat", LINES)
        office.reached = append
        await office.look(4)
        assert len(await office.punches()) == 3
        assert len(office.lies(DONE)) == 1

    run(tmp_path, act)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in the folder leads nowhere: what it names stays unread."""

    async def act(office: Office) -> None:
        secret = tmp_path / "secret.dat"
        secret.write_bytes(LINES)
        office.folder.mkdir(parents=True)
        (office.folder / "1_attlog.dat").symlink_to(secret)
        assert await office.look(3) == 0
        assert await office.punches() == []

    run(tmp_path, act)


def test_a_feed_stands_still_without_its_grant_and_goes_on_with_it(tmp_path: Path) -> None:
    """Nothing is refused and nothing lost while the system may not send; the listing says why."""

    async def act(office: Office) -> None:
        await office.change("grant.revoke", {"system": SYSTEM, "code": "ATTLOG-ATT"})
        office.drop("1_attlog.dat", LINES)
        await office.look(3)
        [row] = await office.hub.store.rows("feed_state")
        assert (row["code"], office.lies(REFUSED)) == ("AMANA-FEED-001", [])
        await office.change("grant.add", {"system": SYSTEM, "code": "ATTLOG-ATT"})
        office.clock.move_to(Ms(office.clock.now() + 31_000))
        await office.look(1)
        assert len(await office.punches()) == 2
        [row] = await office.hub.store.rows("feed_state")
        assert row["code"] == ""

    run(tmp_path, act)


def test_two_processes_take_turns_not_files(tmp_path: Path) -> None:
    """A second process takes a folder only when the first has not renewed its claim; then the first is fenced."""

    async def act(office: Office) -> None:
        first = await office.start("one")
        await first.step()
        second = await office.start("two")
        office.drop("1_attlog.dat", LINES)
        for _ in range(3):
            assert await second.step() == 0
            office.clock.move_to(Ms(office.clock.now() + 2000))
        office.clock.move_to(Ms(office.clock.now() + 31_000))
        assert [await second.step(), await second.step()] == [0, 1]
        assert await first.step() == 0
        [row] = await office.hub.store.rows("feed_state")
        assert row["owner"] == "two"

    run(tmp_path, act)


def test_rules_of_a_wire_format_hold_for_files(tmp_path: Path) -> None:
    """ERROR refuses the file and says which rule in the note beside it; DLQ takes it and sets it aside."""

    async def act(office: Office) -> None:
        rules = [
            rule("short", "size(message) < 200", doc="At most 200 characters"),
            rule("one", "!message.contains('0042')", onFailure="DLQ"),
        ]
        subject = "amana.wire.zkteco_attlog.attlog"
        given = {"domainRules": rules}
        await register(office.hub.registry, office.clock.now(), {"type": "string"}, subject=subject, rules=given)
        office.drop("1_attlog.dat", MORE)
        office.drop("2_attlog.dat", LINES)
        office.drop("3_attlog.dat", MORE * 9)
        await office.look(3)
        await office.hub.settle()
        assert len(await office.punches()) == 1
        [letter] = await office.hub.store.rows("dead_letter")
        assert (letter["code"], letter["detail"]) == ("AMANA-RULE-002", "one: it does not hold")
        assert (len(office.lies(DONE)), len(office.lies(REFUSED))) == (2, 1)
        [note] = (office.folder / REFUSED).glob("*.txt")
        assert "AMANA-RULE-001" in note.read_text()

    run(tmp_path, act)
