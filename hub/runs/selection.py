"""Which of the records given to a run count: the latest of each natural key, each punch once, each PIN one person.

Rule: a function of the set. The order in which records are handed over changes nothing: the latest admitted wins,
of those admitted in one millisecond the later in its inbox, of one message the greater record id; of equal punches
the first admitted stays, so that a repeat changes nothing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from hub.records import Ms
from hub.runs.identity import Identity, join_numbers
from schemas.canonical.pay import Assurance


class Fact(NamedTuple):
    """One canonical record as a run gets it. `time`: admission of the message that it descends from; `order`: offset
    of that message in its inbox partition, then its row: the order of sending of one system. Many messages share a
    millisecond. Neither enters a value: they only say which record counts.
    """

    contract: str
    record_id: str
    time: Ms
    assurance: Assurance
    value: dict[str, Any]
    order: int
    system: str = ""
    """Code of the system that sent the message: whose numbers it uses."""

    @property
    def age(self) -> tuple[int, int, str]:
        """Sorts facts from the first to the last admitted, never two alike."""
        return self.time, self.order, self.record_id


_OF_IDENTITY: Final = frozenset({"employee", "identity.link"})

NATURAL_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "employee": ("employeeId",),
    "payee": ("employeeId", "validFrom"),
    "enrolment": ("serial", "pin", "employeeId", "validFrom"),
    "calendar": ("unit", "period"),
    "leave": ("leaveId",),
    "sanction": ("sanctionId",),
    "device-outage": ("outageId",),
    "performance.review": ("employeeId", "period"),
    "identity.link": ("linkId",),
    "performance.assessment": ("assessmentId",),
    "performance.appeal": ("appealId",),
}
"""What identifies a record within its institution: a later one with the same key replaces it."""

SCORED: Final = frozenset({"performance.assessment", "performance.appeal"})
"""Of these, what is not needed where performance is priced by a predicate."""


class Month(NamedTuple):
    """A month and its first and last day, as text, which compares like dates."""

    period: str
    first: str
    last: str

    def around(self, days: int) -> tuple[str, str]:
        """First and last day, widened by so many days on both sides."""
        margin = timedelta(days=days)
        first, last = date.fromisoformat(self.first), date.fromisoformat(self.last)
        return (first - margin).isoformat(), (last + margin).isoformat()


def month_of(period: str) -> Month:
    """The month of a period YYYY-MM."""
    last = monthrange(int(period[:4]), int(period[5:]))[1]
    return Month(period, f"{period}-01", f"{period}-{last:02d}")


@dataclass(slots=True)
class Person:
    """Everything that counts for one active employee in one month."""

    employee: Fact
    payee: Fact | None = None
    review: Fact | None = None
    assessments: list[Fact] = field(default_factory=list)
    """Every one whose time lies within the month; which of them is scored is a line of the rule set."""
    appeals: list[Fact] = field(default_factory=list)
    """Appeals against one of `assessments`."""
    calendar: Fact | None = None
    leaves: list[Fact] = field(default_factory=list)
    sanctions: list[Fact] = field(default_factory=list)
    enrolments: list[Fact] = field(default_factory=list)
    punches: list[Fact] = field(default_factory=list)
    outages: list[Fact] = field(default_factory=list)
    shared: bool = False
    """A PIN of theirs was valid for somebody else too in this month."""
    disputed: bool = False
    """Numbers of theirs contradict each other, or those of somebody else."""
    links: list[Fact] = field(default_factory=list)
    """By which records under other numbers were found to be theirs."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The active employees by number, and how many punches of the month are nobody's."""

    people: Mapping[str, Person]
    unmatched: int


def select(institution: str, period: str, facts: Iterable[Fact]) -> Selection:
    """Pick what counts for the institution and month. Linear in the number of records."""
    month = month_of(period)
    latest: dict[str, dict[tuple[Any, ...], Fact]] = {contract: {} for contract in NATURAL_KEYS}
    punches: dict[tuple[str, str], dict[tuple[str, Any], Fact]] = {}
    low, high = month.around(2)
    facts = list(facts)
    for fact in facts:
        if fact.contract in _OF_IDENTITY and fact.value["institution"] == institution:
            _keep_latest(latest[fact.contract], (fact.value[NATURAL_KEYS[fact.contract][0]],), fact)
    links = latest["identity.link"]
    identity, _ = join_numbers(
        (fact.value for fact in latest["employee"].values()),
        (fact.value for fact in links.values()),
        (month.first, month.last),
    )
    given: dict[str, set[str]] = {}
    for fact in facts:
        value = fact.value
        if fact.contract in _OF_IDENTITY:
            continue
        if fact.contract == "attendance.punch":
            if low <= value["at"][:10] <= high:
                events = punches.setdefault((value["serial"], value["pin"]), {})
                _keep_first(events, (value["at"], value["state"]), fact)
        elif fact.contract in latest and value["institution"] == institution:
            whose = _resolve(fact, identity, given)
            key = tuple(whose.value[member] for member in NATURAL_KEYS[fact.contract])
            _keep_latest(latest[fact.contract], key, whose)
    people = {
        key[0]: Person(fact) for key, fact in sorted(latest["employee"].items()) if fact.value["status"] == "active"
    }
    known = {key[0] for key in latest["employee"]}
    for number, person in people.items():
        person.disputed = number in identity.held
        person.links = [links[(id_,)] for id_ in sorted(given.get(number, ()))]
    _add_terms(people, month, latest)
    unmatched = _add_punches(people, known, month, list(latest["enrolment"].values()), punches)
    _add_outages(people, month, latest["device-outage"].values())
    return Selection(people, unmatched)


def _resolve(fact: Fact, identity: Identity, given: dict[str, set[str]]) -> Fact:
    """The record under the employee's own number, as far as somebody says whose number it is."""
    number = fact.value.get("employeeId")
    owner = None if number is None else identity.owner(number, fact.system)
    if number is None or owner is None or owner == number:
        return fact
    given.setdefault(owner, set()).update(identity.used(number, fact.system))
    return fact._replace(value={**fact.value, "employeeId": owner})


def _keep_latest(kept: dict[tuple[Any, ...], Fact], key: tuple[Any, ...], fact: Fact) -> None:
    other = kept.get(key)
    if other is None or other.age < fact.age:
        kept[key] = fact


def _keep_first(kept: dict[tuple[str, Any], Fact], key: tuple[str, Any], fact: Fact) -> None:
    other = kept.get(key)
    if other is None or fact.age < other.age:
        kept[key] = fact


def _add_terms(
    people: Mapping[str, Person], month: Month, latest: Mapping[str, Mapping[tuple[Any, ...], Fact]]
) -> None:
    for fact in latest["payee"].values():
        person = people.get(fact.value["employeeId"])
        starts = fact.value["validFrom"]
        if person and starts <= month.period and (person.payee is None or person.payee.value["validFrom"] < starts):
            person.payee = fact
    for fact in latest["performance.review"].values():
        person = people.get(fact.value["employeeId"])
        if person and fact.value["period"] == month.period:
            person.review = fact
    _add_assessments(people, month, latest)
    for fact in latest["leave"].values():
        person = people.get(fact.value["employeeId"])
        if person and not fact.value["cancelled"] and fact.value["from"] <= month.last:
            person.leaves.append(fact)
    for fact in latest["sanction"].values():
        person = people.get(fact.value["employeeId"])
        in_force = fact.value["from"] <= month.period <= fact.value["to"] and not fact.value["cancelled"]
        if person and in_force:
            person.sanctions.append(fact)
    for person in people.values():
        own = latest["calendar"].get((person.employee.value["unit"], month.period))
        person.calendar = own or latest["calendar"].get((None, month.period))


def _add_assessments(
    people: Mapping[str, Person], month: Month, latest: Mapping[str, Mapping[tuple[Any, ...], Fact]]
) -> None:
    of_month: dict[str, Person] = {}
    for (id_,), fact in latest["performance.assessment"].items():
        person, span = people.get(fact.value["employeeId"]), fact.value["span"]
        if person and month.first <= span["first"] and span["last"] <= month.last:
            person.assessments.append(fact)
            of_month[id_] = person
    for fact in latest["performance.appeal"].values():
        person = of_month.get(fact.value["assessmentId"] or "")
        if person and person.employee.value["employeeId"] == fact.value["employeeId"]:
            person.appeals.append(fact)


def _add_punches(
    people: Mapping[str, Person],
    known: set[str],
    month: Month,
    enrolments: Sequence[Fact],
    punches: Mapping[tuple[str, str], Mapping[tuple[str, Any], Fact]],
) -> int:
    """Give each punch to the one employee whose PIN it was that day; returns how many of the month are nobody's."""
    by_pin: dict[tuple[str, str], list[Fact]] = {}
    for fact in enrolments:
        if _valid_within(fact.value, month.first, month.last):
            by_pin.setdefault((fact.value["serial"], fact.value["pin"]), []).append(fact)
            if person := people.get(fact.value["employeeId"]):
                person.enrolments.append(fact)
    unmatched = 0
    for pin, candidates in by_pin.items():
        owners = _owners(month, candidates)
        for shared in owners.values():
            for employee in shared if len(shared) > 1 else ():
                if person := people.get(employee):
                    person.shared = True
        unmatched += _give(people, known, month, owners, punches.get(pin, {}))
    for pin in punches.keys() - by_pin.keys():
        unmatched += _give(people, known, month, {}, punches[pin])
    return unmatched


def _owners(month: Month, candidates: Sequence[Fact]) -> dict[str, set[str]]:
    """Whose PIN it was, by day of the month. Linear in the enrolments: one PIN may be enrolled very often."""
    owners: dict[str, set[str]] = {}
    for fact in candidates:
        first = max(fact.value["validFrom"] or month.first, month.first)
        last = min(fact.value["validTo"] or month.last, month.last)
        for day in range(int(first[8:]), int(last[8:]) + 1):
            owners.setdefault(f"{month.period}-{day:02d}", set()).add(fact.value["employeeId"])
    return owners


def _give(
    people: Mapping[str, Person],
    known: set[str],
    month: Month,
    owners: Mapping[str, set[str]],
    events: Mapping[tuple[str, Any], Fact],
) -> int:
    """Give the punches of one PIN to its owners; returns how many of the month are nobody's."""
    unmatched = 0
    for (at, _), fact in events.items():
        of_day = owners.get(min(max(at[:10], month.first), month.last), ())  # a night shift may end in the next month
        owner = next(iter(of_day)) if len(of_day) == 1 else None
        if owner is not None and owner in people:
            people[owner].punches.append(fact)
        elif owner not in known and at[:7] == month.period:
            unmatched += 1
    return unmatched


def _valid_within(enrolment: Mapping[str, Any], first: str, last: str) -> bool:
    return (enrolment["validFrom"] or first) <= last and (enrolment["validTo"] or last) >= first


def _add_outages(people: Mapping[str, Person], month: Month, outages: Iterable[Fact]) -> None:
    of_month = [fact for fact in outages if fact.value["date"][:7] == month.period]
    if not of_month:
        return
    for person in people.values():
        for fact in of_month:
            serial, day = fact.value["serial"], fact.value["date"]
            if serial is None or any(
                e.value["serial"] == serial and _valid_within(e.value, day, day) for e in person.enrolments
            ):
                person.outages.append(fact)
