"""Two people are one only where a link says so."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.runs.clashes import clashing
from hub.runs.identity import join_numbers
from tests.unit.runs import records as r

NUMBERS = ["42", "042", "0042", "1042", "198503152010011001", "3271034107850001", "3271034107850002"]
SYSTEMS = ["EKIN", "HRIS"]

numbers = st.sampled_from(NUMBERS)
people = st.dictionaries(numbers, st.none() | numbers, max_size=4)
links = st.lists(
    st.fixed_dictionaries(
        {
            "employeeId": numbers,
            "scheme": st.sampled_from(["nip", "nip-old", "nik", "check-number", "other"]),
            "source": st.none() | st.sampled_from(SYSTEMS),
            "value": numbers,
            "validFrom": st.none() | st.sampled_from(["2026-01-01", "2026-10-15"]),
            "validTo": st.none() | st.sampled_from(["2026-09-30", "2026-12-31"]),
            "withdrawn": st.booleans(),
        }
    ),
    max_size=5,
)


def _stated(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"linkId": f"L-{n}", "institution": r.INSTITUTION, **link} for n, link in enumerate(drawn)]


def _employees(drawn: dict[str, str | None]) -> list[dict[str, Any]]:
    return [r.employee(number, nationalId=national) for number, national in drawn.items()]


@settings(max_examples=400, deadline=None)
@given(people, links)
def test_nobody_is_somebody_else_without_a_link_or_their_own_national_number(
    drawn: dict[str, str | None], stated: list[dict[str, Any]]
) -> None:
    """Whoever a number resolves to has it as their own, as the national number of the registry, or by a link in force that
    says these two numbers, of that system or of all; and of two who claim it nobody gets it."""
    identity, _ = join_numbers(_employees(drawn), _stated(stated), ("2026-10-01", "2026-10-31"))
    for number in NUMBERS:
        for system in SYSTEMS:
            owner = identity.owner(number, system)
            if number in drawn:
                assert owner == number
            elif owner is not None:
                linked = {
                    link["employeeId"]
                    for link in stated
                    if link["value"] == number
                    and not link["withdrawn"]
                    and link["source"] in {None, system}
                    and (link["validFrom"] or "") <= "2026-10-31"
                    and (link["validTo"] or "9") >= "2026-10-01"
                }
                registered = {person for person, national in drawn.items() if national == number}
                assert linked | registered == {owner}


@settings(max_examples=200, deadline=None)
@given(people, links)
def test_the_order_of_records_changes_nothing(drawn: dict[str, str | None], stated: list[dict[str, Any]]) -> None:
    """The same employees and links in another order give the same conflicts and the same owners."""
    employees, all_links = _employees(drawn), _stated(stated)
    one, conflicts = join_numbers(employees, all_links)
    other, again = join_numbers(employees[::-1], all_links[::-1])
    assert conflicts == again
    assert [one.owner(n, s) for n in NUMBERS for s in SYSTEMS] == [other.owner(n, s) for n in NUMBERS for s in SYSTEMS]


@settings(max_examples=200, deadline=None)
@given(people)
def test_without_links_every_registered_employee_stays_one(drawn: dict[str, str | None]) -> None:
    """No employee of the registry is ever taken for another, whatever their national numbers are."""
    identity, _ = join_numbers(_employees(drawn), [])
    assert [identity.owner(number, "EKIN") for number in drawn] == list(drawn)


days = st.sampled_from([None, "2026-01-01", "2026-03-01", "2026-06-01", "2026-09-30", "2026-12-31"])


def _forwards(span: tuple[str | None, str | None]) -> bool:
    return (span[0] or "") <= (span[1] or "9")


spans = st.tuples(days, days).filter(_forwards)
statements = st.lists(st.tuples(st.sampled_from("ABC"), st.none() | st.sampled_from(SYSTEMS), spans), max_size=8)


@settings(max_examples=600, deadline=None)
@given(statements)
def test_exactly_the_statements_that_another_contradicts_are_found(drawn: list[tuple[str, str | None, Any]]) -> None:
    """As comparing every two of them finds: another person, of the same source or one of none, on one day at least."""
    links = [
        {"linkId": f"L-{n}", "employeeId": who, "source": source, "validFrom": first, "validTo": last}
        for n, (who, source, (first, last)) in enumerate(drawn)
    ]
    wanted = [
        one["linkId"]
        for one in links
        if any(
            one["employeeId"] != other["employeeId"]
            and (one["source"] == other["source"] or None in {one["source"], other["source"]})
            and (one["validFrom"] or "") <= (other["validTo"] or "9")
            and (other["validFrom"] or "") <= (one["validTo"] or "9")
            for other in links
        )
    ]
    assert [link["linkId"] for link in clashing(links, "employeeId")] == wanted
