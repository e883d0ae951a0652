"""Laws of pay runs over made-up months: order, repeats and strangers change nothing; money behaves."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.records import Ms
from hub.runs.allowance import price
from hub.runs.compute import RunResult, compute_run
from hub.runs.leaves import Replacement
from hub.runs.selection import Fact
from schemas.contracts import checker
from schemas.rulesets import load
from tests.soak import rounds
from tests.unit.runs import records as r
from tests.unit.runs.records import Ordered, fact

RULES = load("permenaker-15-2024")
PEOPLE = [f"1985031520100110{n:02d}" for n in range(3)]
DAYS = [day.isoformat() for day in r.weekdays()]
TIMES = ["07:05:00", "07:05:20", "08:45:00", "11:40:00", "13:20:00", "15:30:00", "16:40:00", "23:50:00", "02:10:00"]
PREDICATES = ["sangat-baik", "baik", "butuh-perbaikan", "kurang", "sangat-kurang"]
SERIALS = [r.SERIAL, "CONTOH0000002"]
person = st.sampled_from(PEOPLE)
day = st.sampled_from(DAYS)


def made(
    contract: str, build: Callable[..., dict[str, Any]], **parts: st.SearchStrategy[Any]
) -> st.SearchStrategy[Fact]:
    """Facts of one contract, admitted at few distinct moments and places so that ties happen."""
    return st.builds(
        lambda time, order, assurance, members: fact(
            contract, build(**members), time=time, order=order, assurance=assurance
        ),
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from(["signed", "signed", "device", "file", "polled"]),
        st.fixed_dictionaries(parts),
    )


def tap(day: str, time: str, **members: Any) -> dict[str, Any]:
    return r.punch(f"{day}T{time}", **members)


def spell(kind: str, days: tuple[str, str], **members: Any) -> dict[str, Any]:
    return r.leave(kind, *sorted(days), **members)


def part_outage(day: str, span: tuple[str | None, str | None], **members: Any) -> dict[str, Any]:
    return r.outage(day, **{"from": span[0], "to": span[1]}, **members)


pin = st.sampled_from(["0042", "42", "7"])
serial = st.sampled_from(SERIALS)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    made("employee", r.employee, employee_id=person, status=st.sampled_from(["active", "active", "inactive"])),
    made(
        "payee",
        r.payee,
        employee_id=person,
        tariff=st.sampled_from(["5079200", "8757600", "100.5", "0"]),
        validFrom=st.sampled_from(["2026-01", "2026-10", "2026-11"]),
    ),
    made(
        "enrolment",
        r.enrolment,
        employee_id=person,
        pin=pin,
        serial=serial,
        validFrom=st.sampled_from([None, "2026-10-12"]),
        validTo=st.sampled_from([None, "2026-10-20"]),
    ),
    made("calendar", r.calendar, unit=st.sampled_from([None, "SETJEN-CONTOH"]), ceremonies=st.lists(day, max_size=2)),
    made("performance.review", r.review, employee_id=person, predicate=st.sampled_from(PREDICATES)),
    made(
        "leave",
        spell,
        kind=st.sampled_from(["annual", "sick", "long", "maternity", "miscarriage", "important-reason"]),
        days=st.tuples(*[st.sampled_from(["2026-08-03", "2026-10-01", *DAYS, "2026-10-31", "2026-12-01"])] * 2),
        employeeId=person,
        cancelled=st.booleans(),
    ),
    made("sanction", r.sanction, employeeId=person, level=st.sampled_from(["light", "medium", "heavy"])),
    made(
        "device-outage",
        part_outage,
        day=day,
        span=st.tuples(*[st.sampled_from([None, "07:00:00", "12:00:00", "17:00:00"])] * 2),
        serial=st.sampled_from([None, *SERIALS]),
    ),
    made(
        "attendance.punch",
        tap,
        day=day,
        time=st.sampled_from(TIMES),
        pin=pin,
        serial=serial,
        state=st.sampled_from([None, 0, 1, 2, 3, 255]),
    ),
)


@st.composite
def months(draw: st.DrawFn) -> list[Fact]:
    """A month that mostly works, with anything thrown in; record ids are distinct, as in the store."""
    base: list[Fact] = []
    for number, employee_id in enumerate(PEOPLE[: draw(st.integers(1, 3))]):
        base += r.month(employee_id, f"10{number}")
    facts = [*base, *draw(st.lists(FACTS, max_size=25))]
    dropped = draw(st.sets(st.integers(0, len(facts) - 1), max_size=8))
    return list({f.record_id: f for n, f in enumerate(facts) if n not in dropped}.values())


def run(facts: list[Fact]) -> RunResult:
    return compute_run(Ordered(), facts)


@settings(max_examples=rounds(40), deadline=None)
@given(months(), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(facts: list[Fact], rng: Any) -> None:
    """A run is a function of the set."""
    shuffled = facts.copy()
    rng.shuffle(shuffled)
    assert run(shuffled) == run(facts)


@settings(max_examples=rounds(40), deadline=None)
@given(months(), st.data())
def test_a_repeated_punch_changes_nothing(facts: list[Fact], data: st.DataObject) -> None:
    """The same device, PIN, time and key under another record id, admitted later."""
    punches = [f for f in facts if f.contract == "attendance.punch"]
    repeats = data.draw(st.lists(st.sampled_from(punches), max_size=5)) if punches else []
    again = [
        f._replace(record_id=f"{n:064x}", time=Ms(f.time + 1 + n), assurance="file") for n, f in enumerate(repeats)
    ]
    assert run(facts + again) == run(facts)


@settings(max_examples=rounds(40), deadline=None)
@given(months(), st.lists(FACTS.filter(lambda f: f.contract != "attendance.punch"), min_size=1, max_size=10))
def test_records_of_another_institution_change_nothing(facts: list[Fact], others: list[Fact]) -> None:
    """Even about the same employee, PIN, day and id, and admitted last."""
    foreign = [
        f._replace(record_id=f"{n:064x}", time=Ms(f.time + 99), value={**f.value, "institution": "KEMLAIN"})
        for n, f in enumerate(others)
    ]
    assert run(facts + foreign) == run(facts)


@settings(max_examples=rounds(60), deadline=None)
@given(months())
def test_every_active_employee_has_one_signal_and_all_of_it_is_valid(facts: list[Fact]) -> None:
    """Counts agree with the signals, sums with their parts, every value with its contract, ids are unique."""
    result = run(facts)
    latest: dict[str, Fact] = {}
    for f in sorted((f for f in facts if f.contract == "employee"), key=lambda f: f.age):
        latest[f.value["employeeId"]] = f
    active = sorted(e for e, f in latest.items() if f.value["status"] == "active")
    ready = [s for s in result.signals if s["status"] == "ready"]
    assert sorted(s["employeeId"] for s in result.signals) == active
    assert result.run["counts"]["employees"] == len(active)
    assert result.run["counts"]["ready"] == len(ready)
    assert result.run["counts"]["held"] == len(active) - len(ready)
    assert result.run["totals"] == {m: str(sum(int(s[m]) for s in ready)) for m in ("gross", "cut", "net")}
    breaches = [b for s in result.signals for b in checker("pay.signal").breaches(s)]
    breaches += [b for d in result.days for b in checker("attendance.day").breaches(d)]
    assert breaches + checker("pay.run").breaches(result.run) == []
    ids = [*result.day_ids, *(s["signalId"] for s in result.signals), result.run_id]
    assert len(set(ids)) == len(ids)
    assert len(result.day_ids) == len(result.days)


@settings(max_examples=rounds(60), deadline=None)
@given(months())
def test_held_has_reasons_and_no_amounts_ready_has_amounts_and_no_reasons(facts: list[Fact]) -> None:
    """Nothing in between."""
    for signal in run(facts).signals:
        amounts = [signal[m] for m in ("gross", "exact", "cut", "net")]
        if signal["status"] == "held":
            assert (amounts, signal["steps"], signal["reasons"] != []) == ([None] * 4, [], True)
        else:
            assert (None in amounts, signal["reasons"], signal["steps"] != []) == (False, [], True)
            gross, cut, net = (int(signal[m]) for m in ("gross", "cut", "net"))
            assert (cut, 0 <= net <= gross) == (gross - net, True)


@settings(max_examples=rounds(60), deadline=None)
@given(months())
def test_days_add_up_to_the_counts_of_the_signal(facts: list[Fact]) -> None:
    """The days that are told are the days that were priced."""
    result = run(facts)
    for signal in result.signals:
        days = [d for d in result.days if d["employeeId"] == signal["employeeId"] and d["working"]]
        counted = signal["facts"]
        if counted is None:
            assert days == []
        else:
            told = [counted[m] for m in ("presentDays", "absentDays", "leaveDays", "outageDays")]
            assert (len(days), sum(told)) == (counted["workingDays"], counted["workingDays"])
            assert counted["lateMinutes"] == sum(d["lateMinutes"] for d in days)


COUNTS = st.fixed_dictionaries(
    {
        "workingDays": st.just(22),
        "presentDays": st.just(22),
        "absentDays": st.integers(0, 40),
        "leaveDays": st.just(0),
        "outageDays": st.just(0),
        "missingTaps": st.integers(0, 44),
        "lateMinutes": st.integers(0, 12_000),
        "earlyMinutes": st.integers(0, 12_000),
        "awayMinutes": st.integers(0, 12_000),
        "missedCeremonies": st.integers(0, 5),
    }
)
TARIFFS = st.decimals(min_value="0.01", max_value="999999999999.99", places=2).map(str)


def priced(counts: dict[str, int], tariff: str, predicate: str, **more: Any) -> dict[str, Any]:
    return price(counts, r.review(predicate=predicate), r.payee(tariff=tariff), RULES, **more)


@given(COUNTS, TARIFFS, st.sampled_from(PREDICATES))
def test_the_exact_result_is_the_formula(counts: dict[str, int], tariff: str, predicate: str) -> None:
    """Worked out again in fractions, from the figures of the regulation and not from the rule set."""
    percent = {"sangat-baik": 100, "baik": 100, "butuh-perbaikan": 85, "kurang": 60, "sangat-kurang": 60}[predicate]
    cut = Fraction(3, 100) * (counts["absentDays"] + counts["missedCeremonies"]) + Fraction(counts["missingTaps"], 100)
    cut += Fraction(counts["lateMinutes"] + counts["earlyMinutes"] + counts["awayMinutes"], 10_000)
    share = Fraction(30, 100) * max(Fraction(0), 1 - cut) + Fraction(70, 100) * Fraction(percent, 100)
    found = priced(counts, tariff, predicate)
    assert Fraction(found["exact"]) == Fraction(tariff) * share
    assert found["net"] == str(Decimal(found["exact"]).quantize(Decimal(1), ROUND_HALF_UP))


@given(COUNTS, TARIFFS, st.sampled_from(PREDICATES), st.integers(0, 500))
def test_more_of_anything_bad_never_raises_net(counts: dict[str, int], tariff: str, predicate: str, more: int) -> None:
    """Late, early and away minutes, absences, missing taps, missed ceremonies: each only lowers."""
    before = int(priced(counts, tariff, predicate)["net"])
    bad = ("lateMinutes", "earlyMinutes", "awayMinutes", "absentDays", "missingTaps", "missedCeremonies")
    after = [int(priced({**counts, m: counts[m] + more}, tariff, predicate)["net"]) for m in bad]
    assert [net <= before for net in after] == [True] * len(bad)


@given(COUNTS, TARIFFS, st.integers(0, 100), st.sampled_from(["0", "25", "33.33", "100"]))
def test_leave_and_sanction_keep_net_within_gross(counts: dict[str, int], tariff: str, pays: int, cut: str) -> None:
    """Whatever replaces and whatever cuts, nothing is paid beyond the tariff or below zero."""
    leave = Replacement("leave-sick", Decimal(pays), "leave")
    found = price(counts, None, r.payee(tariff=tariff), RULES, leave=leave, sanctions=[r.sanction(cutPercent=cut)])
    exact = Fraction(tariff) * Fraction(pays, 100) * (1 - Fraction(cut) / 100)
    gross, taken, net = (int(found[m]) for m in ("gross", "cut", "net"))
    assert (Fraction(found["exact"]), taken, 0 <= net <= gross) == (exact, gross - net, True)


@settings(max_examples=rounds(40), deadline=None)
@given(st.sampled_from(DAYS), st.integers(0, 500), st.integers(0, 500))
def test_arriving_later_never_raises_net(on: str, first: int, second: int) -> None:
    """From the tap to the amount: of two arrivals on one day the later one never pays more."""
    nets = []
    for minutes in sorted((first, second)):
        facts = [f for f in r.month() if not (f.contract == "attendance.punch" and f.value["at"].startswith(on))]
        arrive = f"{on}T{7 + (30 + minutes) // 60:02d}:{(30 + minutes) % 60:02d}:00"
        facts += [fact("attendance.punch", r.punch(at), assurance="device") for at in (arrive, f"{on}T16:45:00")]
        nets.append(int(run(facts).signals[0]["net"]))
    assert nets == sorted(nets, reverse=True)
