"""Canonical records to PEPMIS: the same messages the other way.

Rule: a page is sent only when reading it gives the very records back; what the wire cannot say is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Outgoing, Translated

from .assessments import appeal_row, appeals, assessment_row, assessments, result_row, results
from .plans import plan_row, plans
from .progress import progress, progress_row

PAGE: Final = 500
Records = Sequence[dict[str, Any]]
Options = Mapping[str, str]
Write = Callable[[Mapping[str, Any]], dict[str, Any]]
Read = Callable[[dict[str, Any], MessageContext], list[Translated]]


def plans_out(records: Records, options: Options) -> list[Outgoing]:
    """Pages of plans."""
    return _pages("plans", plan_row, plans, records, options)


def progress_out(records: Records, options: Options) -> list[Outgoing]:
    """Pages of progress."""
    return _pages("progress", progress_row, progress, records, options)


def assessments_out(records: Records, options: Options) -> list[Outgoing]:
    """Pages of assessments."""
    return _pages("assessments", assessment_row, assessments, records, options)


def appeals_out(records: Records, options: Options) -> list[Outgoing]:
    """Pages of appeals."""
    return _pages("appeals", appeal_row, appeals, records, options)


def results_out(records: Records, options: Options) -> list[Outgoing]:
    """Pages of PIPMIS results."""
    return _pages("results", result_row, results, records, options)


def _pages(member: str, write: Write, read: Read, records: Records, _: Options) -> list[Outgoing]:
    values = [record["value"] for record in records]
    if len({value["institution"] for value in values}) > 1:
        raise AdapterError("institutions-mixed", "the records are of more than one institution")
    parts = [values[start : start + PAGE] for start in range(0, len(values), PAGE)]
    return [
        Outgoing(_page(member, write, read, part), page, len(parts), f"pepmis-{member}-{page:03d}")
        for page, part in enumerate(parts, 1)
    ]


def _page(member: str, write: Write, read: Read, values: list[dict[str, Any]]) -> dict[str, Any]:
    body = {member: [write(value) for value in values]}
    try:
        items = read(body, MessageContext("", values[0]["institution"], "", 0))
    except (KeyError, ValueError):  # such as a mark of another aspect than the wire has
        items = []
    if [item.value for item in items if isinstance(item, Canonical)] != values:
        raise AdapterError("not-writable", "a record says what the message has no place for, or what it would refuse")
    return body
