"""The law of device times finds each way of breaking it, so that a pass of every adapter means something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.kit.cases import read_cases
from adapters.kit.laws import broken_by
from adapters.kit.registry import Adapter, find, load
from adapters.kit.timelaw import PUNCH, device_time_kept, faults_of
from adapters.kit.values import Canonical

ATTLOG = load("zkteco_attlog")
CASE = next(case for case in read_cases(ATTLOG) if case.name == "001-confirmed-layout")
TEXT = CASE.input.decode()
OF_PUNCHES = sorted(
    adapter.id for adapter in find().values() if any(PUNCH in e.contracts for e in adapter.manifest.exchanges)
)


def punch() -> dict[str, Any]:
    """The first punch of a golden case, which keeps the law."""
    item = ATTLOG.translate("attlog", CASE.input, CASE.message)[0]
    assert isinstance(item, Canonical)
    return item.value


def test_every_attendance_adapter_is_under_the_law() -> None:
    """The law is one of the suite's, and each system that gives punches is held against it."""
    assert {"biostar2", "fingerspot", "hikvision", "zkteco_adms", "zkteco_attlog"} <= set(OF_PUNCHES)
    assert all(broken_by(load(name), "device_time_kept") == [] for name in OF_PUNCHES)


def test_a_punch_that_keeps_the_law() -> None:
    """Nothing is found where nothing is wrong."""
    assert list(faults_of(punch(), TEXT, CASE)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"at": "2026-10-05T07:21:10", "instant": "2026-10-05T00:21:10Z"},
            "the local time does not stand in the input",
        ),
        ({"zoneWhy": " "}, "nothing says why this zone"),
        ({"instant": "2026-10-05T07:21:09Z"}, "the instant is not the local time in its zone"),
        ({"zone": "+08:00"}, "the instant is not the local time in its zone"),
        ({"flags": ["clock-before-2015"]}, "clock-before-2015 is not what the instant says"),
        ({"flags": ["clock-ahead"]}, "a clock ahead of the admission is not flagged as it should be"),
        ({"flags": ["clock-odd"]}, "clock-odd is no flag of a clock that is listed"),
    ],
)
def test_a_punch_that_breaks_it(change: dict[str, Any], fault: str) -> None:
    """A time that was moved, a zone without a reason, an instant of another zone and a wrong flag are each found."""
    assert list(faults_of(punch() | change, TEXT, CASE)) == [fault]


def test_a_clock_ahead_without_its_flag_is_found() -> None:
    """The same punch, admitted before it happened, has to be flagged."""
    early = replace(CASE, message=replace(CASE.message, admitted_at=0))
    assert list(faults_of(punch(), TEXT, early)) == ["a clock ahead of the admission is not flagged as it should be"]


@pytest.mark.parametrize("name", OF_PUNCHES)
def test_how_far_a_clock_is_watched_is_a_gap_that_each_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is translated by itself, so none sees a clock that was set back between two; one that is silent about it
    breaks the law."""
    adapter = load(name)
    gaps = [gap for gap in adapter.manifest.gaps if "set back" not in gap]
    assert len(gaps) < len(adapter.manifest.gaps)
    monkeypatch.setattr(adapter, "manifest", adapter.manifest.model_copy(update={"gaps": gaps}))
    assert "no gap says how far a clock that was set back is seen" in device_time_kept(adapter)


def test_an_adapter_that_moves_times_with_the_admission_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that puts the hub's time in place of the device's breaks the law."""
    real = Adapter.translate

    def moving(self: Adapter, exchange: str, body: Any, message: Any) -> list[Any]:
        items = real(self, exchange, body, message)
        return [
            item._replace(value=item.value | {"workcode": str(message.admitted_at)})
            if isinstance(item, Canonical)
            else item
            for item in items
        ]

    monkeypatch.setattr(Adapter, "translate", moving)
    assert any("admission time changes more than flags" in fault for fault in device_time_kept(ATTLOG))
