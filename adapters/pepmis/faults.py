"""Why a row is refused, and the checks that several kinds of rows share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_number

REASONS: Final = {
    "number-malformed": "a check number is not digits alone, or a spreadsheet made another number of it",
    "id-repeated": "the id stands in more than one row of the message, with different content",
    "dates-backwards": "a last day lies before its first day",
    "year-contradicted": "the plan does not lie within its financial year, July to June",
    "level-contradicted": "the plan lacks what its level needs, or has what its level does not have",
    "cascade-broken": "the plan above does not have that task, or is not of a higher level",
    "item-repeated": "an id of a task or sub-task stands in the row more than once",
    "percent-outside": "a weight or a percentage is not within 0 and 100",
    "interval-contradicted": "the days are not those of one week, month or quarter, as the interval says",
    "interval-unexpected": "the interval is not the one that was agreed for this folder",
    "status-contradicted": "the status and the percentage, or the day of decision, contradict each other",
    "mark-missing": "a sub-task has neither a qualitative nor a quantitative mark",
    "mark-off-scale": "a mark lies off its scale, or the scale has no two ends",
    "overall-missing": "a formula is named, and there is no overall mark that it could have made",
    "formula-foreign": "the rule set that is named is another institution's",
    "formula-unfit": "the rule set that is named needs marks or weights that are not there",
    "overall-contradicted": "the overall mark is not what the named rule set makes of the marks",
}


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


Make = Callable[[Mapping[str, Any], MessageContext], tuple[str, tuple[str, ...], dict[str, Any], str | None]]


def each(rows: list[dict[str, Any]], member: str | None, message: MessageContext, make: Make) -> list[Translated]:
    """A record or a refusal for each row; `member` holds the id under which the latest record counts."""
    odd = {} if member is None else repeats([row[member] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            contract, subject, value, period = make(row, message)
        except Fault as fault:
            code = fault.args[0]
            out.append(Refused(at, code, REASONS[code]))
        else:
            out.append(Canonical(contract, subject, value, period, at))
    return out


def number(given: str | int) -> str:
    """A check number as text."""
    text = given if type(given) is str else str(given)
    if check_number(text) is not None:
        raise Fault("number-malformed")
    return text


def percent(given: str | int | None) -> str | None:
    """A weight or percentage as it was written."""
    if given is None:
        return None
    text = given if type(given) is str else str(given)
    if float(text) > 100:
        raise Fault("percent-outside")
    return text


def span(row: Mapping[str, Any]) -> dict[str, str]:
    """First and last day."""
    first, last = row["startDate"], row["endDate"]
    if last < first:
        raise Fault("dates-backwards")
    return {"first": first, "last": last}


def month(days: Mapping[str, str]) -> str | None:
    """The month in which all of the days lie, if there is one."""
    first = days["first"][:7]
    return first if days["last"].startswith(first) else None
