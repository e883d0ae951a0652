"""Whose number it is: employees by their own number, by national identity number, or by an explicit link.

Rule: numbers are compared as they are written, never padded and never alike enough. Two people are one only where a link
says so; where numbers contradict each other they are nobody's, the people concerned are held, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.runs.clashes import clashing
from schemas.canonical.identifiers import check_nik, check_nin, check_nip

ConflictKind = Literal["number-of-two", "two-numbers", "number-of-another", "national-id-of-two"]

TEXTS: Final[Mapping[ConflictKind, str]] = {
    "number-of-two": "One number is linked to two employees at the same time: withdraw the wrong link, or end one of them.",
    "two-numbers": "Two numbers of one scheme are claimed for one employee at the same time: withdraw the wrong one, or "
    "state the older as nip-old.",
    "number-of-another": "A link gives an employee a number that is the own number of another employee: withdraw the link, "
    "or correct the registry.",
    "national-id-of-two": "The registry gives one national identity number to two employees: correct it there.",
}
"""What each kind of conflict is, and what to do."""

_MANY: Final = frozenset({"nip-old"})
"""Schemes of which an employee may have several numbers."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Numbers that contradict each other, the employees concerned, the ids of the links that say so."""

    kind: ConflictKind
    numbers: tuple[str, ...]
    employees: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The employees of an institution by every number that is theirs alone."""

    own: frozenset[str]
    national: Mapping[str, str]
    links: Mapping[str, Sequence[Mapping[str, Any]]]
    doubtful: frozenset[str]
    """Numbers that a conflict is about: they are given to nobody but who has them as their own."""
    held: frozenset[str]
    """Employees that a conflict is about."""

    def owner(self, number: str, system: str) -> str | None:
        """The employee that `system` means by `number`, by their own number; None: nobody that is known."""
        if number in self.own:
            return number
        if number in self.doubtful:
            return None
        linked = {link["employeeId"] for link in self.links.get(number, ()) if link["source"] in {None, system}}
        registered = self.national.get(number)
        if registered is not None:
            linked.add(registered)
        return next(iter(linked)) if len(linked) == 1 else None

    def used(self, number: str, system: str) -> list[str]:
        """Ids of the links by which `owner` finds the employee."""
        if number in self.own:
            return []
        return [link["linkId"] for link in self.links.get(number, ()) if link["source"] in {None, system}]


def join_numbers(
    employees: Iterable[Mapping[str, Any]],
    links: Iterable[Mapping[str, Any]],
    span: tuple[str, str] | None = None,
) -> tuple[Identity, list[Conflict]]:
    """Who has which number, and what contradicts itself. `employees`: the latest record of each; `links`: the latest under
    each id. `span`: first and last day that are looked at, within which every link holds throughout; None: all time."""
    people = {person["employeeId"]: person for person in employees}
    stated = [link for link in links if not link["withdrawn"] and (span is None or _overlaps(link, *span))]
    if span is not None:
        stated = [{**link, "validFrom": None, "validTo": None} for link in stated]
    stated.sort(key=lambda link: link["linkId"])
    conflicts = [*_national(people), *_of_two(stated), *_of_another(stated, people), *_two(stated, people)]
    conflicts.sort(key=lambda one: (one.kind, one.numbers, one.employees, one.links))
    by_number: dict[str, list[Mapping[str, Any]]] = {}
    for link in stated:
        by_number.setdefault(link["value"], []).append(link)
    national: dict[str, str] = {}
    for number, person in people.items():
        id_ = person["nationalId"]
        if id_ is not None and (check_nik(id_) is None or check_nin(id_) is None):
            national.setdefault(id_, number)
    doubtful = frozenset(number for one in conflicts for number in one.numbers)
    held = frozenset(number for one in conflicts for number in one.employees)
    return Identity(frozenset(people), national, by_number, doubtful, held), conflicts


def _national(people: Mapping[str, Mapping[str, Any]]) -> list[Conflict]:
    """Employees with one national identity number, and those whose national number is the own number of another."""
    by_id: dict[str, list[str]] = {}
    for number, person in people.items():
        if person["nationalId"] is not None:
            by_id.setdefault(person["nationalId"], []).append(number)
    found = []
    for id_, own in by_id.items():
        concerned = sorted({*own, id_} if id_ in people else set(own))
        if len(concerned) > 1:
            found.append(Conflict("national-id-of-two", (id_,), tuple(concerned), ()))
    return found


def _of_two(links: Sequence[Mapping[str, Any]]) -> list[Conflict]:
    by_number: dict[str, list[Mapping[str, Any]]] = {}
    for link in links:
        by_number.setdefault(link["value"], []).append(link)
    clashes = (clashing(same, "employeeId") for same in by_number.values() if len(same) > 1)
    return [_conflict("number-of-two", found) for found in clashes if found]


def _of_another(links: Sequence[Mapping[str, Any]], people: Mapping[str, Mapping[str, Any]]) -> list[Conflict]:
    """A number that is linked to one employee and is another one's own, or their national identity number."""
    national: dict[str, set[str]] = {}
    for number, person in people.items():
        if person["nationalId"] is not None:
            national.setdefault(person["nationalId"], set()).add(number)
    found = []
    for link in links:
        holders = {link["value"]} if link["value"] in people else national.get(link["value"], set())
        if holders - {link["employeeId"]}:
            concerned = tuple(sorted(holders | {link["employeeId"]}))
            found.append(Conflict("number-of-another", (link["value"],), concerned, (link["linkId"],)))
    return found


def _two(links: Sequence[Mapping[str, Any]], people: Mapping[str, Mapping[str, Any]]) -> list[Conflict]:
    """Two numbers of one scheme for one employee: of two links, or of a link and the registry."""
    by_scheme: dict[tuple[str, str, str | None], list[Mapping[str, Any]]] = {}
    found = []
    for link in links:
        scheme, employee = link["scheme"], link["employeeId"]
        if scheme not in _MANY:
            by_scheme.setdefault((employee, scheme, link["source"]), []).append(link)
        registered = _registered(scheme, employee, people)
        if link["source"] is None and registered is not None and registered != link["value"]:
            numbers = tuple(sorted((registered, link["value"])))
            found.append(Conflict("two-numbers", numbers, (employee,), (link["linkId"],)))
    clashes = (clashing(same, "value") for same in by_scheme.values() if len(same) > 1)
    return [*found, *(_conflict("two-numbers", clash) for clash in clashes if clash)]


def _registered(scheme: str, employee: str, people: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The number of a scheme that the registry gives an employee; None: it does not say."""
    if scheme == "nip":
        return employee if check_nip(employee) is None else None
    if scheme in {"nik", "nin"}:
        check = check_nik if scheme == "nik" else check_nin
        id_ = people[employee]["nationalId"] if employee in people else None
        return id_ if id_ is not None and check(id_) is None else None
    return None


def _conflict(kind: ConflictKind, links: Sequence[Mapping[str, Any]]) -> Conflict:
    """One conflict of all the links of one number, or of one employee's scheme, that contradict each other."""
    return Conflict(
        kind,
        tuple(sorted({link["value"] for link in links})),
        tuple(sorted({link["employeeId"] for link in links})),
        tuple(sorted(link["linkId"] for link in links)),
    )


def _overlaps(link: Mapping[str, Any], first: str, last: str) -> bool:
    return (link["validFrom"] or first) <= last and (link["validTo"] or last) >= first
