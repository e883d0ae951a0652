"""Numbers that contradict each other, and what a run makes of links."""

from __future__ import annotations

from typing import Any

from hub.runs.compute import compute_run
from hub.runs.identity import Conflict, join_numbers
from hub.runs.selection import Fact
from tests.unit.runs import records as r
from tests.unit.runs.records import EMPLOYEE, Ordered, fact

OTHER = "199001012015012002"


def link(link_id: str = "L-1", **members: Any) -> dict[str, Any]:
    return {
        "linkId": link_id,
        "institution": r.INSTITUTION,
        "employeeId": EMPLOYEE,
        "scheme": "other",
        "source": "EKIN",
        "value": "0042",
        "validFrom": None,
        "validTo": None,
        "withdrawn": False,
        **members,
    }


def conflicts(links: list[dict[str, Any]], *people: dict[str, Any]) -> list[Conflict]:
    return join_numbers(people or (r.employee(), r.employee(OTHER)), links)[1]


def _month(system: str, **members: Any) -> list[Fact]:
    """A full month whose review came under the number 0042, and a link."""
    facts = []
    for one in r.month():
        if one.contract == "performance.review":
            one = one._replace(value={**one.value, "employeeId": "0042"}, system=system)  # noqa: PLW2901
        facts.append(one)
    return [*facts, fact("identity.link", link(**members))]


def _signal(facts: list[Fact]) -> dict[str, Any]:
    [signal] = compute_run(Ordered(), facts).signals
    return signal


def test_a_link_finds_whose_review_it_is() -> None:
    """A review under a number of the performance system counts for the employee that a link names; the link is among the
    records that were used."""
    facts = _month("EKIN")
    result = compute_run(Ordered(), facts)
    assert result.signals[0]["status"] == "ready"
    assert facts[-1].record_id in result.sources[result.signals[0]["signalId"]]


def test_a_number_is_that_of_its_system_and_exactly_as_written() -> None:
    """The same number from another system, with other zeros, out of its time or withdrawn is nobody's."""
    wrong = [
        _month("HRIS"),
        _month("EKIN", value="42"),
        _month("EKIN", withdrawn=True),
        _month("EKIN", validTo="2026-09-30"),
    ]
    for facts in wrong:
        assert [reason["code"] for reason in _signal(facts)["reasons"]] == ["HELD-REVIEW"]


def test_a_number_of_two_is_nobodys_and_holds_both() -> None:
    """One number linked to two people: it is given to neither, and the signal says why it is held."""
    facts = [*_month("EKIN"), fact("identity.link", link("L-2", employeeId=OTHER))]
    assert [reason["code"] for reason in _signal(facts)["reasons"]] == ["HELD-IDENTITY", "HELD-REVIEW"]
    [found] = conflicts([link(), link("L-2", employeeId=OTHER)])
    assert found == Conflict("number-of-two", ("0042",), (EMPLOYEE, OTHER), ("L-1", "L-2"))


def test_a_number_may_pass_from_one_to_another() -> None:
    """Links whose times do not meet are no conflict; of two systems neither."""
    assert conflicts([link(validTo="2026-09-30"), link("L-2", employeeId=OTHER, validFrom="2026-10-01")]) == []
    assert conflicts([link(), link("L-2", employeeId=OTHER, source="HRIS")]) == []


def test_two_numbers_of_one_scheme_are_listed() -> None:
    """Of two links, or of a link and the registry; old NIPs may be several."""
    [of_links] = conflicts([link(), link("L-2", value="0043")])
    assert (of_links.kind, of_links.numbers) == ("two-numbers", ("0042", "0043"))
    [of_registry] = conflicts([link(scheme="nip", source=None, value="198503152010011002")])
    assert (of_registry.kind, of_registry.employees) == ("two-numbers", (EMPLOYEE,))
    old = [link(scheme="nip-old", source=None), link("L-2", scheme="nip-old", source=None, value="130000002")]
    assert conflicts(old) == []


def test_the_own_number_of_another_is_listed() -> None:
    """A link that would make two registered people one merges nothing: it is listed, and both are held."""
    identity, [found] = join_numbers((r.employee(), r.employee(OTHER)), [link(value=OTHER, source=None)])
    assert (found.kind, found.employees) == ("number-of-another", (EMPLOYEE, OTHER))
    assert identity.owner(OTHER, "EKIN") == OTHER
    assert identity.held == {EMPLOYEE, OTHER}


def test_one_national_number_of_two_people_is_listed() -> None:
    """The registry gives one NIK to two employees: a record under it is nobody's."""
    people = (r.employee(nationalId="3271034107850001"), r.employee(OTHER, nationalId="3271034107850001"))
    identity, [found] = join_numbers(people, [])
    assert (found.kind, found.employees) == ("national-id-of-two", (EMPLOYEE, OTHER))
    assert identity.owner("3271034107850001", "EKIN") is None


def test_many_claims_of_one_number_are_one_conflict() -> None:
    """Who looks at the list sees the number once, with everybody concerned; a hundred thousand claims are no trouble, and
    those that end before another begins are none."""
    claims = [link(f"L-{n}", employeeId=f"{n}", scheme="other") for n in range(50_000)]
    others = [link(f"M-{n}", employeeId=f"{n}", scheme="other", value="7", source=f"S-{n}") for n in range(50_000)]
    ended = link("L-ended", employeeId="0", scheme="other", value="7", source=None, validTo="2025-12-31")
    began = [{**one, "validFrom": "2026-01-01"} for one in others]
    [found] = conflicts([*claims, *began, ended])
    assert (found.kind, found.numbers, len(found.employees)) == ("number-of-two", ("0042",), 50_000)
