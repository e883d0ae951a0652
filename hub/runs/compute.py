"""A run: the set of canonical records below its cut-off in; days, pay signals and the run's totals out.

Rule: pure, and a function of the set. Every active employee of the institution gets exactly one signal; its id
follows from the run and from the ids of the records that were used, so the same records give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from hub.records import RecordId, derived_id, parents_id
from hub.runs.allowance import price
from hub.runs.attendance import Schedule, derive_days, read_schedule, read_tap, work_day
from hub.runs.leaves import join_leaves, leave_days, matters, replace_result
from hub.runs.outages import excusing_windows
from hub.runs.scoring import Score, Scoring, score_person, scoring_of
from hub.runs.selection import Fact, Person, select
from hub.runs.totals import add_up, count, signals_digest
from schemas.canonical.pay import ASSURANCES, Assurance
from schemas.rulesets import RuleSet, load

VERSION: Final = 1
"""Version of this stage: part of every id that it makes."""


class Order(Protocol):
    """What a run is about. `hub.control.objects.RunOrder` is one."""

    @property
    def code(self) -> str: ...
    @property
    def institution(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def paid(self) -> str: ...
    @property
    def rule_set(self) -> str: ...
    @property
    def rule_version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to, as canonical values. Days in order of employee and date, signals of signal id.

    `day_ids` are the record ids of `days`, in the same order; a signal's record id is its `signalId`, the run's is
    `run_id`. `sources`: for each signal id the records that were used, sorted; `parents`: their digest.
    """

    days: list[dict[str, Any]]
    signals: list[dict[str, Any]]
    run: dict[str, Any]
    run_id: RecordId
    day_ids: list[RecordId]
    sources: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, RecordId]


def compute_run(
    order: Order, facts: Iterable[Fact], rules: RuleSet | None = None, *, drafts: bool = False
) -> RunResult:
    """Compute a run from the records below its cut-off. Linear in their number.

    `rules`: the rule set that the order names, when it is not one that comes with the hub. `drafts`: whether a draft may
    score performance. Raises `SchemaError` for rules that are not there or may not be applied.
    """
    rules = rules or load(order.rule_set, order.rule_version)
    scoring = scoring_of(rules, order.institution, drafts=drafts)
    selection = select(order.institution, order.period, facts)
    maker = f"runs/{order.code}"
    schedules: dict[str, Schedule | None] = {}
    days: list[dict[str, Any]] = []
    day_ids: list[RecordId] = []
    signals: list[dict[str, Any]] = []
    sources: dict[str, tuple[str, ...]] = {}
    parents: dict[str, RecordId] = {}
    for person in selection.people.values():
        own_days, parts, used = _price_person(order, person, rules, scoring, schedules)
        parent = parents_id(fact.record_id for fact in used)
        signal_id = derived_id(parent, maker, VERSION, 0)
        signals.append({"signalId": signal_id, **_heading(order, rules), **parts})
        days.extend(own_days)
        day_ids.extend(derived_id(parent, maker, VERSION, n) for n in range(1, len(own_days) + 1))
        sources[signal_id] = tuple(sorted({fact.record_id for fact in used}))
        parents[signal_id] = parent
    signals.sort(key=lambda signal: signal["signalId"])
    digest = signals_digest(signals)
    run = {
        **_heading(order, rules),
        "counts": {**count(signals), "unmatchedPunches": selection.unmatched},
        "totals": add_up(signals),
        "signalsDigest": digest,
        "kind": "regular",
    }
    return RunResult(days, signals, run, derived_id(digest, maker, VERSION, 0), day_ids, sources, parents)


def _heading(order: Order, rules: RuleSet) -> dict[str, Any]:
    return {
        "run": order.code,
        "institution": order.institution,
        "earned": order.period,
        "paid": order.paid,
        "ruleSet": {"id": rules.id, "version": rules.version},
    }


def _price_person(
    order: Order, person: Person, rules: RuleSet, scoring: Scoring | None, schedules: dict[str, Schedule | None]
) -> tuple[list[dict[str, Any]], dict[str, Any], list[Fact]]:
    """The days, the signal's own members and the records used, of one employee."""
    employee, payee = person.employee, person.payee
    used = [employee, *([payee] if payee else []), *person.sanctions, *person.links]
    days: list[dict[str, Any]] = []
    reasons: list[str] = ["HELD-IDENTITY"] if person.disputed else []
    facts = leave = None
    schedule = _schedule(person, schedules)
    if schedule is not None and person.calendar is not None:
        spells = join_leaves((fact.value for fact in person.leaves), rules)
        leave = replace_result(spells, schedule.working, rules)
        days, punches = _days(order, person, schedule, leave_days(spells, schedule.working), rules)
        first = schedule.working[0].replace(day=1)
        used += [fact for fact in person.leaves if matters(fact.value, spells, first)]
        used += [person.calendar, *person.enrolments, *person.outages, *punches]
        if leave is None and (person.shared or _unknown_days(person, days)):
            reasons.append("HELD-ENROLMENT")
            days = []
        else:
            facts = add_days(days)
    score: Score | None = None
    if leave is None and scoring is not None:
        score = score_person(person, scoring)
        used += score.used if score else ()
    elif leave is None and person.review is not None:
        used.append(person.review)
    if not all(rules.trusts(fact.contract, fact.assurance) for fact in used):
        reasons.append("HELD-ASSURANCE")
    parts = price(
        facts,
        person.review.value if person.review else None,
        payee.value if payee else None,
        rules,
        leave=leave,
        score=score,
        sanctions=[fact.value for fact in person.sanctions],
        reasons=reasons,
    )
    return (
        days,
        {
            "employeeId": employee.value["employeeId"],
            **parts,
            "assurance": _weakest(used),
            "payee": _destination(employee.value, payee.value) if payee else None,
        },
        used,
    )


def _schedule(person: Person, schedules: dict[str, Schedule | None]) -> Schedule | None:
    if person.calendar is None:
        return None
    key = person.calendar.record_id
    if key not in schedules:
        schedules[key] = read_schedule(person.calendar.value)
    return schedules[key]


def _days(
    order: Order, person: Person, schedule: Schedule, leave: Mapping[date, str], rules: RuleSet
) -> tuple[list[dict[str, Any]], list[Fact]]:
    """The employee's days, and the punches that belong to them (not those of neighbouring months)."""
    taps, punches = [], []
    for fact in person.punches:
        tap = read_tap(fact.value, schedule)
        if work_day(tap.at, rules).isoformat()[:7] == order.period:
            taps.append(tap)
            punches.append(fact)
    enrolments = (fact.value for fact in person.enrolments)
    windows = excusing_windows([fact.value for fact in person.outages], enrolments, rules)
    employee_id = person.employee.value["employeeId"]
    return derive_days(employee_id, order.institution, schedule, taps, leave, windows, rules), punches


def _unknown_days(person: Person, days: list[dict[str, Any]]) -> bool:
    """Whether an absence falls on a day on which no device could have known the employee."""
    return any(
        day["status"] == "absent"
        and not any(
            (fact.value["validFrom"] or day["date"]) <= day["date"] <= (fact.value["validTo"] or day["date"])
            for fact in person.enrolments
        )
        for day in days
    )


def add_days(days: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of a month that are priced, from its `attendance.day` values."""
    working = [day for day in days if day["working"]]
    statuses = [day["status"] for day in working]
    return {
        "workingDays": len(working),
        "presentDays": statuses.count("present"),
        "absentDays": statuses.count("absent"),
        "leaveDays": statuses.count("leave"),
        "outageDays": statuses.count("outage"),
        "missingTaps": sum(day["missingTaps"] for day in working),
        "lateMinutes": sum(day["lateMinutes"] for day in working),
        "earlyMinutes": sum(day["earlyMinutes"] for day in working),
        "awayMinutes": sum(day["awayMinutes"] for day in working),
        "missedCeremonies": sum(day["missedCeremony"] for day in working),
    }


def _weakest(used: Iterable[Fact]) -> Assurance:
    return max((fact.assurance for fact in used), key=ASSURANCES.index)


def _destination(employee: Mapping[str, Any], payee: Mapping[str, Any]) -> dict[str, Any]:
    members = ("payingUnit", "bankCode", "bankName", "account", "accountName", "decree")
    return {**{member: payee[member] for member in members}, "name": employee["name"]}
