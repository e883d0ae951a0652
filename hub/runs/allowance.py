"""The price of a month: counts, predicate and tariff in; amounts with their explanation out, or the reasons to hold.

Rule: decimal arithmetic that traps any inexact step; the only rounding is the rule set's, at the end. A signal that
lacks something is held: it has no amount at all, never zero and never the full tariff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Any, Final

from hub.runs.leaves import Replacement
from hub.runs.scoring import Score
from schemas.rulesets import RuleSet

EXACT: Final = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Clamped])
_ROUNDING: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])
_MODES: Final = {
    "half-up": (ROUND_HALF_UP, "half up"),
    "half-even": (ROUND_HALF_EVEN, "half to even"),
    "down": (ROUND_DOWN, "down"),
}
_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)

HELD: Final[Mapping[str, str]] = {
    "HELD-IDENTITY": "numbers of this employee contradict each other or those of somebody else: `amana identity conflicts` "
    "lists them, and the registry or whoever stated the link corrects them",
    "HELD-PAYEE": "no class, tariff and account of this employee are in force for the month: the institution's "
    "allowance register supplies them",
    "HELD-CURRENCY": "the tariff is in another currency than the rule set: the allowance register corrects it",
    "HELD-TARIFF": "the tariff is zero: the allowance register corrects it",
    "HELD-CALENDAR": "no calendar with working days is known for the unit and month: the institution supplies it",
    "HELD-ENROLMENT": "no device number, or one shared with somebody else, on a working day without excuse: the keeper "
    "of the attendance devices corrects the enrolment",
    "HELD-REVIEW": "no predicate is known for the month: the performance system supplies it",
    "HELD-ASSESSMENT": "no assessment of the month is known, by which the rules price performance: the performance system "
    "supplies it",
    "HELD-SCORE": "the marks of the month do not come to one score by the rule set that joins them (several assessments, a "
    "mark or weight that is missing, another scale): the performance system corrects them",
    "HELD-LEAVE": "the rules do not say what this leave pays: the institution decides",
    "HELD-SANCTION": "the rules do not say what this sanction cuts: the decree's percentage is needed",
    "HELD-ASSURANCE": "a record that is used does not have the assurance that the rule set requires: its system "
    "sends it again, signed",
}
"""Why a signal is held, and who can mend it. The order is the order in which reasons are listed."""


def digits(value: Decimal) -> str:
    """A decimal as canonical digits: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_money(exact: Decimal, rules: RuleSet) -> Decimal:
    """The rule set's rounding, in its way and to its unit."""
    rounding = rules.lines.rounding.value
    mode, _ = _MODES[rounding.mode]
    return exact.quantize(Decimal(rounding.unit).normalize(), rounding=mode, context=_ROUNDING)


def price(
    facts: Mapping[str, int] | None,
    review: Mapping[str, Any] | None,
    payee: Mapping[str, Any] | None,
    rules: RuleSet,
    *,
    leave: Replacement | None = None,
    score: Score | None = None,
    sanctions: Sequence[Mapping[str, Any]] = (),
    reasons: Sequence[str] = (),
) -> dict[str, Any]:
    """The members of a `pay.signal` that say whether and what is paid, as canonical values.

    `facts`: charged counts, None where they cannot be known. `leave`: what replaces the result. `score`: what the
    rules go by that price performance by a score. `sanctions`: those in force. `reasons`: codes of `HELD` found before pricing.
    """
    found = {*reasons, *_missing(facts, review, payee, rules, leave, score, reasons)}
    by_predicate = rules.lines.predicate_percent
    percent = None
    if leave is None and by_predicate is None:
        percent = None if score is None else score.percent
    elif leave is None and by_predicate is not None and review is not None:
        percent = by_predicate.value[review["predicate"]]
    answer: dict[str, Any] = {
        "status": "held",
        "reasons": [],
        "class": payee["class"] if payee else None,
        "tariff": digits(Decimal(payee["tariff"])) if payee else None,
        "facts": dict(facts) if facts is not None else None,
        "predicate": review["predicate"] if review and leave is None and by_predicate is not None else None,
        "performancePercent": digits(percent) if percent is not None else None,
        "gross": None,
        "exact": None,
        "cut": None,
        "net": None,
        "steps": [],
    }
    sanction = _sanction(sanctions, rules)
    if sanction is None:
        found.add("HELD-SANCTION")
    if found:
        answer["reasons"] = [{"code": code, "text": text} for code, text in HELD.items() if code in found]
        return answer
    assert payee is not None
    assert facts is not None
    assert sanction is not None
    with localcontext(EXACT):
        tariff = Decimal(payee["tariff"])
        steps: list[dict[str, str]] = []
        full = rules.lines.gross.value == "tariff"
        if full:
            steps.append(_step("gross", "full tariff of the class", tariff))
        if leave is not None and leave.percent is not None:
            exact = tariff * leave.percent.scaleb(-2)
            steps.append(_step(leave.line, leave.text, exact))
        else:
            assert percent is not None
            exact = tariff * (_attendance(facts, rules, steps) + _performance(review, score, percent, rules, steps))
        most = tariff if full else exact
        if not full:
            steps.append(_step("gross", "what was earned, before sanctions", exact))
        if sanction:
            line, cut = sanction
            exact *= _ONE - cut.scaleb(-2)
            steps.append(_step(line, f"a sanction in force cuts {digits(cut)} %", exact))
    gross, net = _round_pay(most, exact, rules, steps)
    answer.update(
        status="ready", gross=digits(gross), exact=digits(exact), cut=digits(gross - net), net=digits(net), steps=steps
    )
    return answer


def _round_pay(most: Decimal, exact: Decimal, rules: RuleSet, steps: list[dict[str, str]]) -> tuple[Decimal, Decimal]:
    """Gross and net in money: net is rounded and the cut follows, or the cut is rounded and net follows."""
    _, words = _MODES[rules.lines.rounding.value.mode]
    gross = round_money(most, rules)
    if rules.lines.cut.value == "gross-minus-net":
        net = round_money(exact, rules)
        steps.append(_step("rounding", f"{digits(exact)} rounded {words}", net))
        steps.append(_step("cut", "gross minus net", gross - net))
        return gross, net
    cut = round_money(most - exact, rules)
    steps.append(_step("cut", f"{digits(most - exact)} rounded {words}", cut))
    steps.append(_step("rounding", "net is gross minus the cut", gross - cut))
    return gross, gross - cut


def _missing(
    facts: Mapping[str, int] | None,
    review: Mapping[str, Any] | None,
    payee: Mapping[str, Any] | None,
    rules: RuleSet,
    leave: Replacement | None,
    score: Score | None,
    reasons: Sequence[str],
) -> list[str]:
    codes = []
    if payee is None:
        codes.append("HELD-PAYEE")
    else:
        if payee["currency"] != rules.currency:
            codes.append("HELD-CURRENCY")
        if Decimal(payee["tariff"]) == 0:
            codes.append("HELD-TARIFF")
    if facts is None and "HELD-ENROLMENT" not in reasons:
        codes.append("HELD-CALENDAR")
    if leave is None and rules.lines.performance_score is None and review is None:
        codes.append("HELD-REVIEW")
    if leave is None and rules.lines.performance_score is not None and (score is None or score.percent is None):
        codes.append("HELD-ASSESSMENT" if score is None else "HELD-SCORE")
    if leave is not None and leave.percent is None:
        codes.append("HELD-LEAVE")
    return codes


def _sanction(sanctions: Sequence[Mapping[str, Any]], rules: RuleSet) -> tuple[str, Decimal] | tuple[()] | None:
    """Line and percent that the sanctions in force cut together; empty where there is none; None: not known."""
    cuts: list[tuple[Decimal, str]] = []
    for sanction in sanctions:
        name, line = rules.sanction(sanction["level"])
        cut = line.value if sanction["cutPercent"] is None else Decimal(sanction["cutPercent"])
        if cut == "held" or cut > _HUNDRED:
            return None
        cuts.append((cut, name))
    if not cuts:
        return ()
    if rules.lines.sanctions_combine.value == "sum" and len(cuts) > 1:
        return "sanctions-combine", min(sum((cut for cut, _ in cuts), Decimal(0)), _HUNDRED)
    cut, name = max(cuts)
    return name, cut


def _attendance(facts: Mapping[str, int], rules: RuleSet, steps: list[dict[str, str]]) -> Decimal:
    """Share of the tariff that attendance earns."""
    lines = rules.lines
    minutes = facts["lateMinutes"] + facts["earlyMinutes"] + facts["awayMinutes"]
    total = Decimal(0)
    for name, rate, count, what in (
        ("absence-rate", lines.absence_rate.value, facts["absentDays"], "day(s) absent"),
        ("missing-tap-rate", lines.missing_tap_rate.value, facts["missingTaps"], "missing tap(s)"),
        ("minute-rate", lines.minute_rate.value, minutes, "charged minute(s) late, early or away"),
        ("ceremony-rate", lines.ceremony_rate.value, facts["missedCeremonies"], "missed ceremony(ies)"),
    ):
        total += rate * count
        if count:
            steps.append(_step(name, f"{count} {what} at {digits(rate)} each", rate * count))
    if facts["lateMinutes"]:
        tolerance = lines.tolerance_minutes.value
        steps.append(_step("tolerance-minutes", "already subtracted from each day's lateness", Decimal(tolerance)))
    left = _ONE - total
    floor = lines.attendance_floor.value
    if left < floor:
        steps.append(_step("attendance-floor", f"the cuts add up to {digits(total)}: floored", floor))
        left = floor
    share = lines.attendance_weight.value * left
    steps.append(
        _step(
            "attendance-weight", f"{digits(lines.attendance_weight.value)} of the tariff, times {digits(left)}", share
        )
    )
    return share


def _performance(
    review: Mapping[str, Any] | None, score: Score | None, percent: Decimal, rules: RuleSet, steps: list[dict[str, str]]
) -> Decimal:
    """Share of the tariff that performance earns."""
    weight = rules.lines.performance_weight.value
    share = weight * percent.scaleb(-2)
    if rules.lines.performance_score is None:
        assert review is not None
        steps.append(_step("predicate-percent", f"the predicate {review['predicate']} earns so many percent", percent))
    else:
        assert score is not None
        steps.append(_step("performance-score", score.text, percent))
    steps.append(_step("performance-weight", f"{digits(weight)} of the tariff, times {digits(percent)} %", share))
    return share


def _step(rule: str, text: str, value: Decimal) -> dict[str, str]:
    return {"rule": rule, "text": text, "value": digits(value)}
