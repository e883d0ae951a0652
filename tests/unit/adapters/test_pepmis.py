"""PEPMIS: what is held against a rule set, what goes out, and the made-up messages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit import AdapterError, Canonical, MessageContext, Refused
from adapters.kit.registry import load
from hub.demo.preset import load as preset
from hub.demo.world import make_month
from schemas.contracts import checker
from schemas.errors import SchemaError
from schemas.scores import Item, find, score
from signing.jsontext import parse

PEPMIS = load("pepmis")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
MARK = st.decimals(min_value=0, max_value=100, places=2).map(lambda mark: f"{mark:f}")


def assessment(marks: list[tuple[str, str, str]], overall: str) -> dict[str, Any]:
    """One assessment under the made-up institution's rule set; a mark is weight, qualitative, quantitative."""
    return {
        "assessmentId": "A-1",
        "checkNumber": "900001",
        "kind": "ANNUAL",
        "startDate": "2026-07-01",
        "endDate": "2027-06-30",
        "marks": [
            {"itemId": f"T{n}", "state": "COMPLETED", "weight": weight, "qualitative": how, "quantitative": much}
            for n, (weight, how, much) in enumerate(marks)
        ],
        "overall": {"mark": overall, "worst": "0", "best": "100"},
        "formula": {"id": "pepmis-contoh", "version": "1"},
    }


@given(st.lists(st.tuples(st.sampled_from(["1", "12.5", "60"]), MARK, MARK), min_size=1, max_size=4), MARK)
def test_an_overall_mark_is_taken_exactly_when_its_rule_set_gives_it(
    marks: list[tuple[str, str, str]], other: str
) -> None:
    """The mark that the rules make is taken, and any that is further away than their tolerance is refused."""
    rules = find("pepmis-contoh", "1")
    assert rules is not None
    items: list[Item] = [
        (Decimal(weight), {"qualitative": Decimal(how), "quantitative": Decimal(much)}) for weight, how, much in marks
    ]
    made = score(rules, items, drafts=True)
    for overall in (f"{made:f}", other):
        [item] = PEPMIS.translate("assessments", {"assessments": [assessment(marks, overall)]}, MESSAGE)
        if abs(Decimal(overall) - made) <= Decimal("0.005"):
            assert isinstance(item, Canonical)
            assert item.value["formula"]["status"] == "draft"
        elif abs(Decimal(overall) - made) > Decimal("0.015"):
            assert isinstance(item, Refused)
            assert item.code == "overall-contradicted"


def test_no_overall_mark_is_made_here() -> None:
    """An assessment without one stays without: the rule set is a draft, and adapters apply none anyhow."""
    row = assessment([("100", "80", "90")], "85") | {"overall": None, "formula": None}
    [item] = PEPMIS.translate("assessments", {"assessments": [row]}, MESSAGE)
    assert isinstance(item, Canonical)
    assert item.value["overall"] is None
    rules = find("pepmis-contoh", "1")
    assert rules is not None
    with pytest.raises(SchemaError):
        score(rules, [(Decimal(100), {"qualitative": Decimal(80), "quantitative": Decimal(90)})])


def test_pages_hold_all_records_once() -> None:
    """Five hundred to a page, the rest on the last one, in order."""
    [item] = PEPMIS.translate("assessments", {"assessments": [assessment([("100", "80", "90")], "85")]}, MESSAGE)
    assert isinstance(item, Canonical)
    values = [item.value | {"assessmentId": f"A-{n}"} for n in range(1201)]
    pages = PEPMIS.render_records(
        "assessments-out", [{"contract": item.contract, "value": value} for value in values], {}
    )
    bodies = [page.body for page in pages]
    ids = [row["assessmentId"] for body in bodies if isinstance(body, dict) for row in body["assessments"]]
    assert [page.pages for page in pages] == [3, 3, 3]
    assert ids == [value["assessmentId"] for value in values]


def test_a_record_that_the_message_cannot_say_does_not_go_out() -> None:
    """A predicate has no place in the message: the record is refused, not sent without it."""
    [item] = PEPMIS.translate("assessments", {"assessments": [assessment([("100", "80", "90")], "85")]}, MESSAGE)
    assert isinstance(item, Canonical)
    record = {"contract": item.contract, "value": item.value | {"predicate": "baik"}}
    with pytest.raises(AdapterError, match="not-writable"):
        PEPMIS.render_records("assessments-out", [record], {})


@pytest.mark.parametrize("exchange", ["plans", "progress", "assessments"])
def test_made_up_messages_are_taken_whole(exchange: str) -> None:
    """What the sample says keeps the wire contract and becomes a record, row by row."""
    world = make_month(preset("kementerian"), "2026-10", 30, 1).world
    for message in PEPMIS.sample(exchange, world):
        body = parse(message.body)
        assert PEPMIS.wire_checker(exchange).ok(body)
        items = PEPMIS.translate(exchange, body, MESSAGE)
        assert len(items) == message.rows > 0
        assert all(isinstance(item, Canonical) and checker(item.contract).ok(item.value) for item in items)
