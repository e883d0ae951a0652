"""Progress of tasks and sub-tasks: weekly, monthly or quarterly, as the institution reports it.

Rule: the interval is the institution's setting and stands in each row; the option `interval` of a folder says which one was
agreed. That a report was handed in late is carried, never held against anybody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from adapters.kit import MessageContext, Translated

from .faults import Fault, each, month, number, percent, span

_MOST_DAYS: Final = {"WEEKLY": 7, "MONTHLY": 31, "QUARTERLY": 92}


def progress(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One progress record per row, or the reason why not."""
    return each(body["progress"], "progressId", message, _make)


def _make(row: Mapping[str, Any], message: MessageContext) -> tuple[str, tuple[str, ...], dict[str, Any], str | None]:
    interval, get = row["interval"], row.get
    days = span(row)
    check_interval(interval, days)
    agreed = message.options.get("interval")
    if agreed is not None and agreed.upper() != interval:
        raise Fault("interval-unexpected")
    share, status = percent(get("percent")), row["status"]
    if share is not None and _contradict(status, float(share)):
        raise Fault("status-contradicted")
    employee = number(row["checkNumber"])
    value = {
        "progressId": row["progressId"],
        "institution": message.institution,
        "employeeId": employee,
        "planId": row["planId"],
        "item": row["itemId"],
        "interval": interval.lower(),
        "span": days,
        "submittedOn": get("submittedOn"),
        "status": status.lower().replace("_", "-"),
        "percent": share,
        "achievement": get("achievement"),
        "obstacle": get("challenge"),
        "action": get("action"),
    }
    return "performance.progress", ("employee", employee), value, month(days)


def check_interval(interval: str, days: Mapping[str, str]) -> None:
    """Whether the days fit the interval: at most a week; within one month; within three."""
    most = _MOST_DAYS.get(interval)
    if most is None:
        return
    first, last = days["first"], days["last"]
    length = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if length > most or (interval == "MONTHLY" and first[:7] != last[:7]):
        raise Fault("interval-contradicted")


def _contradict(status: str, share: float) -> bool:
    return (status == "COMPLETED" and share != 100) or (status == "NOT_STARTED" and share != 0)


def progress_row(value: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a canonical progress record."""
    return {
        "progressId": value["progressId"],
        "checkNumber": value["employeeId"],
        "planId": value["planId"],
        "itemId": value["item"],
        "interval": value["interval"].upper(),
        "startDate": value["span"]["first"],
        "endDate": value["span"]["last"],
        "submittedOn": value["submittedOn"],
        "status": value["status"].upper().replace("-", "_"),
        "percent": value["percent"],
        "achievement": value["achievement"],
        "challenge": value["obstacle"],
        "action": value["action"],
    }
