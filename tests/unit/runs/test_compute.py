"""Runs: every active employee once, from the records that count and from nobody else's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from hub.runs.compute import RunResult, compute_run
from hub.runs.selection import Fact
from hub.runs.totals import add_up, signals_digest
from schemas.contracts import checker
from signing.jsontext import canonical
from tests.unit.runs import records as r
from tests.unit.runs.records import EMPLOYEE, PIN, SERIAL, Ordered, fact

OTHER = "199001012015012002"


def run(facts: Sequence[Fact], **order: Any) -> RunResult:
    return compute_run(Ordered(**order), facts)


def without(facts: Sequence[Fact], contract: str) -> list[Fact]:
    return [f for f in facts if f.contract != contract]


def only(result: RunResult) -> dict[str, Any]:
    (signal,) = result.signals
    return signal


def codes(result: RunResult) -> list[str]:
    return [reason["code"] for reason in only(result)["reasons"]]


def test_a_full_month_is_paid_in_full() -> None:
    """Everything there, every day worked: gross is net, and every value keeps its contract."""
    result = run(r.month())
    signal = only(result)
    assert (signal["status"], signal["gross"], signal["net"], signal["cut"]) == ("ready", "5079200", "5079200", "0")
    assert checker("pay.signal").breaches(signal) == []
    assert checker("pay.run").breaches(result.run) == []
    assert [checker("attendance.day").breaches(day) for day in result.days] == [[]] * 22


def test_first_published_vector_from_punches() -> None:
    """2 absences and 107 minutes late on one day, 60 of them tolerated: 4,980,612.728."""
    days = r.weekdays()
    punches = r.full_days(days[2:])
    late = next(p for p in punches if p["at"] == f"{days[3]}T07:20:00")
    punches[punches.index(late)] = r.punch(f"{days[3]}T09:17:00")
    facts = without(r.month(), "attendance.punch") + [fact("attendance.punch", p, assurance="device") for p in punches]
    signal = only(run(facts))
    assert (signal["facts"]["absentDays"], signal["facts"]["lateMinutes"]) == (2, 47)
    assert (signal["exact"], signal["net"]) == ("4980612.728", "4980613")


@pytest.mark.parametrize(
    ("contract", "code"),
    [
        ("performance.review", "HELD-REVIEW"),
        ("payee", "HELD-PAYEE"),
        ("calendar", "HELD-CALENDAR"),
    ],
)
def test_what_is_missing_holds_the_signal(contract: str, code: str) -> None:
    """No mark, no tariff and account, no schedule: held, without any amount, and valid all the same."""
    signal = only(run(without(r.month(), contract)))
    assert ([x["code"] for x in signal["reasons"]], [signal[m] for m in ("gross", "exact", "cut", "net")]) == (
        [code],
        [None] * 4,
    )
    assert checker("pay.signal").breaches(signal) == []


def test_without_enrolment_nobody_is_taken_for_absent() -> None:
    """No device knows the employee, so no tap is no proof: held, without counts and days; the taps are nobody's."""
    result = run(without(r.month(), "enrolment"))
    assert (codes(result), only(result)["facts"], result.days) == (["HELD-ENROLMENT"], None, [])
    assert result.run["counts"]["unmatchedPunches"] == 44


def test_an_enrolment_from_mid_month_does_not_make_absences_before() -> None:
    """Days before the first valid enrolment are unknown, not absent."""
    facts = [*without(r.month(), "enrolment"), fact("enrolment", r.enrolment(validFrom="2026-10-12"))]
    assert codes(run(facts)) == ["HELD-ENROLMENT"]


def test_a_late_enrolment_mends_the_past() -> None:
    """Who a PIN is gets resolved in the run: an enrolment that comes last counts for taps that came first."""
    facts = without(r.month(), "enrolment")
    assert run([*facts, fact("enrolment", r.enrolment(), time=10_000)]).run["counts"] == {
        "employees": 1,
        "ready": 1,
        "held": 0,
        "unmatchedPunches": 0,
    }


def test_a_pin_of_two_people_is_nobodys() -> None:
    """Both are held and every tap of it is unmatched; neither gets the other's attendance."""
    facts = [*r.month(), fact("employee", r.employee(OTHER)), fact("payee", r.payee(OTHER))]
    facts += [fact("performance.review", r.review(OTHER)), fact("enrolment", r.enrolment(OTHER))]
    result = run(facts)
    assert [[x["code"] for x in s["reasons"]] for s in result.signals] == [["HELD-ENROLMENT"], ["HELD-ENROLMENT"]]
    assert result.run["counts"]["unmatchedPunches"] == 44


def test_a_pin_handed_on_belongs_to_each_in_their_time() -> None:
    """Validity decides per tap: the first half is one person's, the second the other's."""
    facts = without(r.month(), "enrolment")
    facts += [fact("enrolment", r.enrolment(validTo="2026-10-15")), fact("employee", r.employee(OTHER))]
    facts += [fact("enrolment", r.enrolment(OTHER, validFrom="2026-10-16"))]
    facts += [fact("enrolment", r.enrolment(OTHER, pin="77")), fact("enrolment", r.enrolment(pin="78"))]
    result = run(facts)
    present = {s["employeeId"]: s["facts"]["presentDays"] for s in result.signals}
    assert (present, result.run["counts"]["unmatchedPunches"]) == ({EMPLOYEE: 11, OTHER: 11}, 0)


def test_leading_zeros_of_a_pin_matter() -> None:
    """PIN 42 is not PIN 0042."""
    facts = [*r.month(), fact("attendance.punch", r.punch("2026-10-05T09:00:00", pin="42"), assurance="device")]
    assert run(facts).run["counts"]["unmatchedPunches"] == 1


def test_unmatched_are_those_of_the_month_only() -> None:
    """A stranger's taps in September and November are another run's."""
    days = ("2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01", "2000-01-01")
    strangers = [fact("attendance.punch", r.punch(f"{day}T09:00:00", pin="777001"), assurance="device") for day in days]
    assert run([*r.month(), *strangers]).run["counts"]["unmatchedPunches"] == 2


def test_inactive_people_get_no_signal_and_their_taps_are_not_strange() -> None:
    """A retired employee who still taps is known."""
    facts = [*without(r.month(), "employee"), fact("employee", r.employee(status="inactive"))]
    result = run(facts)
    assert (result.signals, result.run["counts"]["employees"], result.run["counts"]["unmatchedPunches"]) == ([], 0, 0)


def test_the_latest_record_counts() -> None:
    """Of two tariffs for the same month of validity the one admitted last; of two validities the later one."""
    base = without(r.month(), "payee")
    later = fact("payee", r.payee(tariff="6000000"), time=5)
    facts = [*base, later, fact("payee", r.payee(tariff="1000000"), time=4)]
    assert only(run(facts))["gross"] == "6000000"
    raised = fact("payee", r.payee(tariff="7000000", validFrom="2026-10"), time=1)
    future = fact("payee", r.payee(tariff="9000000", validFrom="2026-11"), time=9)
    assert only(run([*facts, raised, future]))["gross"] == "7000000"


def test_a_correction_of_the_same_millisecond_wins() -> None:
    """Messages that are gathered share one admission time: the later in the inbox counts, whatever the hashes say."""
    base = without(r.month(), "payee")
    for tariffs in (("6000000", "1000000"), ("1000000", "6000000")):
        sent = [fact("payee", r.payee(tariff=tariff), order=n) for n, tariff in enumerate(tariffs, 9)]
        assert {only(run([*base, *given]))["gross"] for given in (sent, sent[::-1])} == {tariffs[1]}


def test_a_later_millisecond_wins_over_a_later_place() -> None:
    """Places in different partitions say nothing about time, so the time is asked first."""
    base = without(r.month(), "payee")
    first = fact("payee", r.payee(tariff="6000000"), order=500)
    later = fact("payee", r.payee(tariff="1000000"), order=2, time=1)
    assert only(run([*base, later, first]))["gross"] == "1000000"


def test_a_tie_goes_to_the_greater_record_id() -> None:
    """Two records of one message are decided by their ids, not by the order in which they are handed over."""
    base = without(r.month(), "payee")
    ties = [fact("payee", r.payee(tariff=t)) for t in ("6000000", "1000000")]
    expected = max(ties, key=lambda f: f.record_id).value["tariff"]
    assert {only(run([*base, *order]))["gross"] for order in (ties, ties[::-1])} == {expected}


def test_a_cancelled_leave_no_longer_excuses() -> None:
    """The cancellation comes later under the same id."""
    granted = r.leave("annual", "2026-10-05", "2026-10-06", leaveId="CUTI-1")
    facts = [*r.month(), fact("leave", granted)]
    assert only(run(facts))["facts"]["leaveDays"] == 2
    cancelled = fact("leave", {**granted, "cancelled": True}, time=1)
    assert only(run([*facts, cancelled]))["facts"]["leaveDays"] == 0


def test_a_leave_of_the_whole_month_needs_no_review_and_no_enrolment() -> None:
    """It replaces the result, so what it replaces cannot hold it; a sanction cuts it all the same."""
    facts = [f for f in r.month() if f.contract in {"employee", "payee", "calendar"}]
    facts += [fact("leave", r.leave("sick", "2026-09-01", "2026-10-31")), fact("sanction", r.sanction())]
    signal = only(run(facts))
    assert (signal["status"], signal["net"], signal["facts"]["leaveDays"]) == ("ready", "1904700", 22)


def test_a_unit_with_its_own_calendar_uses_it() -> None:
    """The institution's calendar is for units without one."""
    own = r.calendar(unit="SETJEN-CONTOH", workingDays=["2026-10-05", "2026-10-06"])
    elsewhere = r.calendar(unit="UNIT-LAIN", workingDays=["2026-10-07"])
    facts = [*r.month(), fact("calendar", own), fact("calendar", elsewhere, time=9)]
    assert only(run(facts))["facts"]["workingDays"] == 2


def test_an_outage_of_ones_own_device_excuses() -> None:
    """The outage of another device does not."""
    day = "2026-10-05"
    facts = [f for f in r.month() if not (f.contract == "attendance.punch" and f.value["at"].startswith(day))]
    counted = [
        only(run([*facts, fact("device-outage", r.outage(day, serial=serial))]))["facts"]["outageDays"]
        for serial in (SERIAL, "CONTOH0000002", None)
    ]
    assert counted == [1, 0, 1]


def test_the_departure_after_midnight_of_the_last_day_is_counted() -> None:
    """A tap of 1 November 00:30 ends Friday the 30th only where the day's taps say so; the 31st is a Saturday."""
    friday = "2026-10-30"
    facts = [f for f in r.month() if not (f.contract == "attendance.punch" and f.value["at"].startswith(friday))]
    night = [f"{friday}T07:00:00", "2026-10-31T00:30:00"]
    facts += [fact("attendance.punch", r.punch(at), assurance="device") for at in night]
    last = run(facts).days[-1]
    assert (last["date"], last["lastTap"], last["missingTaps"]) == (friday, "2026-10-31T00:30:00", 0)


@pytest.mark.parametrize(
    ("contract", "assurance", "held"),
    [
        ("payee", "device", True),
        ("performance.review", "polled", True),
        ("employee", "polled", False),
        ("attendance.punch", "file", True),
        ("attendance.punch", "signed", False),
    ],
)
def test_a_record_below_the_required_assurance_holds(contract: str, assurance: Any, held: bool) -> None:
    """The rule set says how sure each kind of record has to be."""
    facts = [f._replace(assurance=assurance) if f.contract == contract else f for f in r.month()]
    assert codes(run(facts)) == (["HELD-ASSURANCE"] if held else [])


def test_a_signal_shows_the_weakest_assurance_used() -> None:
    """Signed records and device punches make a signal of assurance device."""
    assert only(run(r.month()))["assurance"] == "device"


def test_a_leave_long_past_is_not_a_source() -> None:
    """An old record that changes nothing is not among the records used."""
    facts = r.month()
    old = fact("leave", r.leave("annual", "2025-01-06", "2025-01-10"), assurance="file")
    assert run([*facts, old]).signals == run(facts).signals


def test_every_record_used_is_a_source() -> None:
    """The explanation can be followed back to each record."""
    facts = r.month()
    result = run(facts)
    assert result.sources[only(result)["signalId"]] == tuple(sorted(f.record_id for f in facts))


def test_ids_follow_from_run_and_sources() -> None:
    """The same records give the same ids; another run gives others; days have ids of their own."""
    first, again = run(r.month()), run(r.month())
    second = run(r.month(), code="KEMCONTOH-2026-10-2")
    assert (first.signals, first.day_ids, first.run_id) == (again.signals, again.day_ids, again.run_id)
    assert only(first)["signalId"] != only(second)["signalId"]
    ids = [*first.day_ids, only(first)["signalId"], first.run_id, *second.day_ids]
    assert len(set(ids)) == 22 + 1 + 1 + 22


def test_totals_are_sums_over_ready_signals() -> None:
    """Each net is rounded first; held signals add nothing."""
    facts = r.month() + [f for f in r.month(OTHER, "0043") if f.contract != "performance.review"]
    result = run(facts)
    assert result.run["totals"] == {"gross": "5079200", "cut": "0", "net": "5079200"}
    assert (result.run["counts"]["ready"], result.run["counts"]["held"]) == (1, 1)


def test_totals_round_before_they_add() -> None:
    """Two nets of 100.5 are 101 each and 202 together, not 201."""
    result = run(
        [
            f._replace(value={**f.value, "tariff": "100.5"}) if f.contract == "payee" else f
            for f in [*r.month(), *r.month(OTHER, "0043")]
        ]
    )
    assert (result.run["totals"], add_up([])) == (
        {"gross": "202", "cut": "0", "net": "202"},
        {"gross": "0", "cut": "0", "net": "0"},
    )


def test_the_digest_can_be_recomputed_from_the_signals() -> None:
    """SHA-256 over the canonical signals, one a line, sorted by signal id; the order handed over changes nothing."""
    result = run([*r.month(), *r.month(OTHER, "0043")])
    lines = b"".join(canonical(s) + b"\n" for s in sorted(result.signals, key=lambda s: s["signalId"]))
    expected = "sha256:" + hashlib.sha256(lines).hexdigest()
    assert (result.run["signalsDigest"], signals_digest(result.signals[::-1])) == (expected, expected)


def test_hostile_but_valid_records_do_not_stop_a_run() -> None:
    """Values at the edges of the contracts, each valid, none of them a crash."""
    facts = [
        *r.month(),
        fact("leave", r.leave("sick", "1000-01-01", "1000-01-02")),
        fact("leave", r.leave("long", "2999-12-31", "2999-12-31")),
        fact("sanction", r.sanction(cutPercent="0.000000000001")),
        fact("enrolment", r.enrolment(serial="X", validFrom="2026-10-20", validTo="2026-10-10")),
        fact("device-outage", r.outage("2026-10-05", **{"from": "23:59:59", "to": "00:00:00"})),
        fact("attendance.punch", r.punch("2026-10-05T12:00:00", None), assurance="device"),
        fact("attendance.punch", r.punch("1001-01-01T00:00:00"), assurance="device"),
        fact("calendar", r.calendar(unit="LAIN", zone="Asia/Nowhere")),
    ]
    assert [checker(f.contract).breaches(f.value) for f in facts] == [[]] * len(facts)
    result = run(facts)
    assert (only(result)["status"], checker("pay.signal").breaches(only(result))) == ("ready", [])


def test_the_greatest_codes_and_amounts_fit() -> None:
    """An institution's longest code makes a run's code, and the largest tariffs make sums: all keep the contracts."""
    institution = "I" * 64
    facts = []
    for n in range(12):
        for f in r.month(f"{n:018d}", f"{n:04d}"):
            value = {**f.value, **({"institution": institution} if "institution" in f.value else {})}
            value |= {"tariff": "999999999999999.999999999999"} if f.contract == "payee" else {}
            facts.append(f._replace(value=value))
    result = run(facts, code=f"{institution}-2026-10-1000", institution=institution)
    assert result.run["totals"]["gross"] == "12000000000000000"
    assert checker("pay.run").breaches(result.run) == []
    assert [checker("pay.signal").breaches(signal) for signal in result.signals] == [[]] * 12


def test_a_calendar_in_an_unknown_zone_holds() -> None:
    """The contract cannot know every zone; the run says that the schedule is not usable."""
    facts = [*without(r.month(), "calendar"), fact("calendar", r.calendar(zone="Asia/Nowhere"))]
    assert codes(run(facts)) == ["HELD-CALENDAR"]


def test_records_of_the_tests_keep_their_contracts() -> None:
    """These tests start from what could really be admitted."""
    facts = [*r.month(), fact("leave", r.leave("annual", "2026-10-05", "2026-10-06"))]
    facts += [fact("sanction", r.sanction()), fact("device-outage", r.outage("2026-10-05"))]
    assert [checker(f.contract).breaches(f.value) for f in facts] == [[]] * len(facts)
    assert (PIN, len(facts)) == ("0042", 52)
