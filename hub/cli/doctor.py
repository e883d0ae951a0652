"""`amana doctor`: is this hub well, and what to do where it is not. Exit status 1 when something is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from hub.cli.command import command
from hub.cli.paging import target
from hub.cli.terminal import Column, Session

if TYPE_CHECKING:
    from hub.cli.checks import Finding

CLOCK_MS = 2000  # a hub and its operator on one machine, or with time from the network, differ less
LAG = 10_000  # records

COLUMNS = (
    Column("", lambda row: "ok" if row["ok"] else "FAILED"),
    Column("check", "name"),
    Column("found", "found"),
)


def register(app: typer.Typer) -> None:
    command(app, "doctor")(doctor)


def doctor(session: Session) -> None:
    """Check settings, keys, durability, disk, clock and how far every reader of the log is."""
    findings = [*_here(session), *_running(session)]
    rows = [{"ok": f.ok, "name": f.name, "found": f.found, "do": None if f.ok else f.remedy} for f in findings]
    failed = [row for row in rows if not row["ok"]]
    settings = session.settings.describe()
    if session.as_json:
        session.print_json({"ok": not failed, "settings": settings, "checks": rows})
    else:
        for name, value in settings.items():
            session.say(f"{name}={value}")
        session.say()
        session.table(rows, COLUMNS, empty="")
        for row in failed:
            session.say(f"{row['name']}: {row['do']}")
        session.say("all well" if not failed else f"{len(failed)} of {len(rows)} checks failed")
    if failed:
        raise typer.Exit(1)


def _here(session: Session) -> Iterator[Finding]:
    """What can be seen without a running hub."""
    from hub.cli import checks
    from hub.clock import SystemClock

    for warning in session.settings.warnings():
        yield checks.Finding("settings", False, warning, "mend it, unless you know why it is so")
    yield from checks.check_certificates(session.settings, SystemClock().now())
    yield checks.check_directory(session.data)
    if checks.is_usable(session.data):
        yield checks.check_files(session.data)
        yield checks.check_disk(session.data)
        yield from checks.check_keys(session.settings.keys)
        yield from checks.check_bus(session.settings)
        yield from checks.check_store(session.settings)


def _running(session: Session) -> Iterator[Finding]:
    """What the running hub says of itself."""
    from hub.cli.checks import Finding
    from hub.cli.failures import CommandError
    from hub.clock import SystemClock
    from hub.control.client import Refused, Unreachable

    try:
        status = session.client.get(target("status"))
    except (Unreachable, CommandError) as error:
        yield Finding("hub", False, error.happened, error.remedy)
        return
    except Refused as error:
        yield Finding("hub", False, str(error), error.remedy)
        return
    yield Finding("hub", status["health"] == "ready", status["health"], "look at its log for the part that is down")
    yield from _clocks(status, SystemClock().now())
    behind = status["controlEnd"] - 1 - status["directoryPosition"]
    yield Finding("directory", behind <= 0, f"{max(behind, 0)} changes behind", "restart the gateway if it stays so")
    yield from _stages(status)
    yield from _braked(status)


def _stages(status: dict[str, Any]) -> Iterator[Finding]:
    """Every stage of the worker: whether it runs, and how far it is."""
    from hub.cli.checks import Finding
    from hub.errors import CODES

    behind = {stage["stage"]: stage["behind"] for stage in status["stages"]}
    halted = status["halted"]
    for stage in sorted(behind.keys() | halted.keys()):
        lag = f"{behind.get(stage, 0)} records behind"
        if stage not in halted:
            remedy = "give it time; if it stays behind, look at the hub's log for what holds it up"
            yield Finding(f"stage {stage}", behind[stage] < LAG, lag, remedy)
            continue
        spec = CODES.get(halted[stage])
        why = f"{spec.happened}. {spec.remedy}. " if spec else ""
        remedy = why + "Once that is done, restart `amana serve`: the stage goes on where it was"
        yield Finding(f"stage {stage}", False, f"halted: {halted[stage]}, {lag}", remedy)


def _braked(status: dict[str, Any]) -> Iterator[Finding]:
    """What the dead-letter brake holds: partitions that are read no more, systems whose messages keep failing."""
    from hub.cli.checks import Finding
    from hub.errors import CODES

    for what, code in sorted(status["braked"].items()):
        spec = CODES[code]
        yield Finding(what, False, code, f"{spec.happened}. {spec.remedy}")


def _clocks(status: dict[str, Any], now: int) -> Iterator[Finding]:
    from hub.cli.checks import Finding

    apart = abs(now - status["timeMs"])
    yield Finding("clock", apart < CLOCK_MS, f"{apart} ms from the hub's", "synchronise the clocks (NTP)")
    last = status["lastRecordMs"]
    if last is not None:
        ahead = last - status["timeMs"]
        remedy = "the hub's clock went back: correct it before anything is admitted"
        yield Finding("clock of the log", ahead <= CLOCK_MS, f"last change {status['lastRecordAt']}", remedy)
