"""A pay rule set that goes by a score: the marks of the month become one score, or the signal says why it is held."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.runs.compute import RunResult, compute_run
from hub.runs.notices import find_notices
from hub.runs.scoring import scoring_of
from hub.runs.selection import Fact
from schemas.contracts import checker
from schemas.errors import SchemaError
from schemas.rulesets import load
from tests.unit.runs.records import Ordered, calendar, employee, enrolment, fact, payee, punch, weekdays

CONTOH = "CONTOH"
NUMBER = "900000001"
ORDER = Ordered(
    code="CONTOH-2026-10-1", institution=CONTOH, rule_set="halmashauri-contoh", rule_version="1", paid="2026-11"
)
HUNDRED = {"worst": "0", "best": "100", "source": "PEPMIS"}


def mark(item: str | None, kind: str, value: str, weight: str | None = "100", **members: Any) -> dict[str, Any]:
    return {
        "aspect": "item-in-progress",
        "label": None,
        "item": item,
        "kind": kind,
        "value": value,
        "scale": HUNDRED,
        "written": value,
        "writtenScale": HUNDRED,
        "weight": weight,
        "band": None,
        **members,
    }


MARKS = (
    mark("E1", "qualitative", "80", "60"),
    mark("E1", "quantitative", "90", "60"),
    mark("E2", "qualitative", "70", "40"),
    mark("E2", "quantitative", "71", "40"),
)


def assessment(**members: Any) -> dict[str, Any]:
    return {
        "assessmentId": "A-1",
        "institution": CONTOH,
        "employeeId": NUMBER,
        "planId": None,
        "kind": "periodic",
        "span": {"first": "2026-10-01", "last": "2026-10-30"},
        "marks": list(MARKS),
        "overall": None,
        "formula": None,
        "predicate": None,
        "assessor": None,
        "comment": None,
        "assessedOn": None,
        **members,
    }


def appeal(**members: Any) -> dict[str, Any]:
    return {
        "appealId": "R-1",
        "institution": CONTOH,
        "employeeId": NUMBER,
        "assessmentId": "A-1",
        "filedOn": "2026-11-01",
        "ground": None,
        "status": "upheld",
        "decidedOn": "2026-11-03",
        "decision": None,
        "overall": mark(None, "overall", "95", None),
        **members,
    }


def month(*more: Fact) -> list[Fact]:
    """One employee who was there every day, paid by the class tariff."""
    own = {"institution": CONTOH}
    taps = [
        fact("attendance.punch", punch(f"{day}T{at}:00", state=state, zone="+07:00"), assurance="device")
        for day in weekdays()
        for at, state in (("07:20", 0), ("15:40", 1))
    ]
    return [
        fact("employee", employee(NUMBER, **own)),
        fact("payee", payee(NUMBER, currency="TZS", tariff="1000000", **own)),
        fact("calendar", calendar(zone="+07:00", **own)),
        fact("enrolment", enrolment(NUMBER, **own)),
        *taps,
        *more,
    ]


def run(*more: Fact) -> RunResult:
    return compute_run(ORDER, month(*more), drafts=True)


def outcome(*more: Fact) -> tuple[list[str], str | None, str | None]:
    """Why the signal is held, the percent that performance earns, and the net."""
    [signal] = run(*more).signals
    assert checker("pay.signal").ok(signal)
    return [reason["code"] for reason in signal["reasons"]], signal["performancePercent"], signal["net"]


def test_the_score_of_the_marks_prices_performance() -> None:
    """60 % of 85 and 40 % of 70.5 are 79.2: 0.4 of the tariff for attendance, 0.6 times 79.2 % for performance."""
    assert outcome(fact("performance.assessment", assessment())) == ([], "79.2", str(400_000 + 475_200))


def test_the_score_is_explained_and_its_assessment_is_a_source() -> None:
    """The step names the score rule set and that it is a draft."""
    made = fact("performance.assessment", assessment())
    result = run(made)
    [signal] = result.signals
    [step] = [step for step in signal["steps"] if step["rule"] == "performance-score"]
    assert step == {
        "rule": "performance-score",
        "text": "the score that pepmis-contoh version 1 (draft) makes of the marks",
        "value": "79.2",
    }
    assert made.record_id in result.sources[signal["signalId"]]
    assert signal["predicate"] is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], "HELD-ASSESSMENT"),
        ([assessment(kind="annual")], "HELD-ASSESSMENT"),
        ([assessment(span={"first": "2026-09-28", "last": "2026-10-30"})], "HELD-ASSESSMENT"),
        ([assessment(), assessment(assessmentId="A-2")], "HELD-SCORE"),
        ([assessment(marks=[])], "HELD-SCORE"),
        ([assessment(marks=[*MARKS, MARKS[0]])], "HELD-SCORE"),
        ([assessment(marks=MARKS[:3])], "HELD-SCORE"),
        ([assessment(marks=[*MARKS[:3], mark("E2", "quantitative", "71", None)])], "HELD-SCORE"),
        ([assessment(marks=[*MARKS[:3], mark("E2", "quantitative", "7", "40", scale={**HUNDRED, "best": "10"})])], "HELD-SCORE"),
    ],
)  # fmt: skip
def test_what_comes_to_no_score_is_held(more: list[dict[str, Any]], code: str) -> None:
    """No assessment of the month, several, or marks that lack what the rules join: no amount, never a zero."""
    facts = [fact("performance.assessment", value) for value in more]
    assert outcome(*facts) == ([code], None, None)


@pytest.mark.parametrize(
    ("members", "percent"),
    [
        ({}, "95"),
        ({"status": "dismissed"}, "79.2"),
        ({"status": "filed", "decidedOn": None}, "79.2"),
        ({"overall": None}, "79.2"),
        ({"assessmentId": "A-9"}, "79.2"),
        ({"employeeId": "900000002"}, "79.2"),
    ],
)
def test_the_mark_after_an_appeal_is_the_score(members: dict[str, Any], percent: str) -> None:
    """Only one that was decided for the employee, against this assessment, and that says the mark."""
    facts = fact("performance.assessment", assessment()), fact("performance.appeal", appeal(**members))
    reasons, found, _ = outcome(*facts)
    assert (reasons, found) == ([], percent)


def test_an_overall_mark_of_the_source_is_not_priced() -> None:
    """How it was made is not published: the marks are joined by the institution's own rule set."""
    said = mark(None, "overall", "100", None)
    assert outcome(fact("performance.assessment", assessment(overall=said)))[1] == "79.2"


def test_a_draft_scores_only_where_drafts_are_allowed() -> None:
    """A formula that nobody has published pays nobody by accident, nor does another institution's."""
    rules = load("halmashauri-contoh")
    with pytest.raises(SchemaError, match="draft"):
        scoring_of(rules, CONTOH)
    with pytest.raises(SchemaError, match="another institution"):
        scoring_of(rules, "KEMCONTOH", drafts=True)
    with pytest.raises(SchemaError, match="draft"):
        compute_run(ORDER, month())
    found = scoring_of(rules, CONTOH, drafts=True)
    assert found is not None
    assert (found.rules.id, found.kind) == ("pepmis-contoh", "periodic")
    assert scoring_of(load("permenaker-15-2024"), CONTOH) is None


def test_the_score_goes_back_as_the_mark_of_a_notice() -> None:
    """What was priced is what HR and the performance system are told, with the rule set that made it."""
    [signal] = run(fact("performance.assessment", assessment())).signals
    notices = {value["kind"]: value for _, value in find_notices([signal], load("halmashauri-contoh"), draft=True)}
    told = notices["performance-result"]
    assert checker("hr.notice").ok(told)
    assert (told["mark"]["value"], told["mark"]["scale"]["source"]) == ("79.2", "pepmis-contoh version 1")
    assert Decimal(told["mark"]["scale"]["best"]) == 100
    assert told["text"] == "Score of 2026-10: 79.2 of 100."
    assert notices["attendance-total"]["mark"] is None
