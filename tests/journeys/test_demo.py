"""`amana demo`: it reconciles, says so in the promised shape, fits in memory, and comes out the same again.

The demo is a process of its own with its hub, payroll, systems and devices; the tests see what a user sees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from hub.demo.preset import load
from tests.journeys.demo_run import PEOPLE, PERIOD, PRESET, DemoRun, run_demo
from tests.journeys.replay import replay
from tests.journeys.stored import pay_signals

MEMORY: Final = 700_000_000
"""Bytes that the demo's processes may have together."""

REPORT: Final[dict[str, type | tuple[type, ...]]] = {
    "reconciled": bool,
    "control_totals": dict,
    "sent": int,
    "admitted": int,
    "duplicates": int,
    "refused": dict,
    "records": dict,
    "signals": dict,
    "delivered": int,
    "seconds": (int, float),
}

pytestmark = pytest.mark.timeout(300)


def totals(report: dict[str, Any]) -> dict[str, Any]:
    """A report without its measurement."""
    return {name: value for name, value in report.items() if name != "seconds"}


def test_the_demo_ends_well_and_reconciled(demo: DemoRun) -> None:
    """Exit status 0, every total as the generator's own oracle has it, each signal delivered or held."""
    assert demo.status == 0, demo.printed.decode()[-2000:]
    report, expected = demo.report, demo.month().expected
    assert report["reconciled"] is True
    assert report["signals"] == {"ready": expected.ready, "held": expected.held}
    assert sum(report["signals"].values()) == PEOPLE
    for name in ("gross", "cut", "net"):
        assert report["control_totals"][name] == getattr(expected, name)
    assert report["sent"] == report["admitted"] + report["duplicates"] + sum(report["refused"].values())
    assert report["delivered"] > 0
    assert b"Every total reconciles" in demo.printed


def test_the_district_ends_well_and_reconciled(tmp_path: Path) -> None:
    """HCMIS, PEPMIS, devices and a late file give what the district's own oracle expects, to the shilling; the file lies
    in done/ twice, taken once, and the one that is none in refused/ with its reason beside it."""
    ran = run_demo(tmp_path / "district", people=40, preset="halmashauri")
    assert ran.status == 0, ran.printed.decode()[-2000:]
    report, month = ran.report, ran.month()
    assert report["reconciled"] is True
    assert report["signals"] == {"ready": month.expected.ready, "held": month.expected.held}
    assert {name: report["control_totals"][name] for name in ("gross", "cut", "net")} == {
        name: getattr(month.expected, name) for name in ("gross", "cut", "net")
    }
    assert report["records"]["attendance.punch"] == sum(
        len(batch) for device in month.world.devices for batch in device.batches
    )
    [place] = (ran.data / "folders").iterdir()
    assert (len([*(place / "done").glob("*.dat")]), len([*(place / "refused").glob("*.dat")])) == (2, 1)
    assert sorted(note.read_text()[:14] for note in (place / "refused").glob("*.txt")) == ["AMANA-FEED-003"]
    assert b"drafts may pay" in ran.printed
    assert len(pay_signals(ran.copy(tmp_path / "copy"))) == 40


def test_the_report_has_the_promised_members(demo: DemoRun) -> None:
    """Programs read it: exactly these members, each of its type."""
    report = demo.report
    assert sorted(report) == sorted(REPORT)
    assert [name for name, kind in REPORT.items() if not isinstance(report[name], kind)] == []


def test_every_refusal_of_the_demo_has_its_code(demo: DemoRun) -> None:
    """Tampered, foreign or revoked key, breach, no grant, oversized, no token: each is counted under its own code."""
    assert demo.report["refused"] == {
        "AMANA-AUTH-001": 1,
        "AMANA-CONTRACT-001": 1,
        "AMANA-GRANT-001": 1,
        "AMANA-SIG-001": 2,
        "AMANA-SIG-003": 1,
        "AMANA-SIZE-001": 1,
    }
    assert demo.report["duplicates"] == 2


def test_the_same_seed_gives_the_same_totals_and_signals(demo: DemoRun, tmp_path: Path) -> None:
    """A second run in a new directory, with keys and clocks of its own, pays everybody the same to the last byte."""
    again = run_demo(tmp_path / "again")
    assert again.status == 0, again.printed.decode()[-2000:]
    assert totals(again.report) == totals(demo.report)
    assert pay_signals(again.copy(tmp_path / "b")) == pay_signals(demo.copy(tmp_path / "a"))


def test_the_demo_fits_in_700_megabytes(demo: DemoRun) -> None:
    """Hub, payroll, systems and the display together, looked at five times a second."""
    assert demo.looks > 10
    assert 0 < demo.peak < MEMORY


def test_replaying_control_and_inbox_gives_the_same_signals(demo: DemoRun, tmp_path: Path) -> None:
    """Into an empty store, from what came from outside alone: the same signals, and the digest that was approved."""
    data = demo.copy(tmp_path / "data")
    before = pay_signals(data)
    after, run = replay(data, f"{load(PRESET).institution.code}-{PERIOD}-1")
    assert len(before) == PEOPLE
    assert after == before
    assert run["digest"] == demo.report["control_totals"]["digest"]
    assert run["state"] == "approved"
