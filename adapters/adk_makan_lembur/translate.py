"""Days and overtime entries to ADK files, one file for each month.

Rule: nothing is priced. A day earns meal money when the run found the employee present on a working day, or when a system
reports a status that the options name; it counts once. Overtime counts in full hours of what its entry says: minutes
below an hour are cut off, never rounded up. What contradicts itself stops the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing

from . import file

MEAL: Final = "mealStatuses"
OVERTIME: Final = "overtimeStatuses"
_USUAL: Final = {MEAL: "wfo", OVERTIME: "lembur"}
_DENIED: Final = frozenset({"absent", "leave"})


def meal_days(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """Days of presence, from attendance.day and attendance.entry."""
    statuses = _statuses(options, MEAL)
    days = [record["value"] for record in records if record["contract"] == "attendance.day"]
    entries = _entries(records)
    said = {_key(entry) for entry in entries if entry["status"] in statuses}
    found = said | {_key(day) for day in days if day["working"] and day["status"] == "present"}
    if said & {_key(day) for day in days if day["status"] in _DENIED}:
        raise AdapterError("day-contradicted", "a day is reported as present, and the run found absence or leave")
    lines = [file.Line(nip, day, None) for nip, day in found]
    return _files("ADK_UANG_MAKAN", records, lines, lambda part: file.render(part, overtime=False))


def overtime_hours(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """Full hours of overtime, from attendance.entry. An entry below one hour is in no file."""
    statuses = _statuses(options, OVERTIME)
    entries = [entry for entry in _entries(records) if entry["status"] in statuses]
    if any(entry["minutes"] is None for entry in entries):
        raise AdapterError("minutes-missing", "an overtime entry does not say how many minutes it has")
    if len(set(map(_key, entries))) < len(entries):
        raise AdapterError("day-repeated", "two overtime entries of one employee are of one day")
    hours = [(*_key(entry), entry["minutes"] // 60) for entry in entries]
    lines = [file.Line(nip, day, full) for nip, day, full in hours if full]
    return _files("ADK_LEMBUR", records, lines, lambda part: file.render(part, overtime=True))


def _key(value: dict[str, Any]) -> tuple[str, str]:
    return value["employeeId"], value["date"]


def _entries(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    entries = [record["value"] for record in records if record["contract"] == "attendance.entry"]
    if len({entry["entryId"] for entry in entries}) < len(entries):
        raise AdapterError("entry-repeated", "two entries have one id")
    return entries


def _statuses(options: Mapping[str, str], name: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in options.get(name, _USUAL[name]).split(",") if word.strip())
    if not words:
        raise AdapterError("option-malformed", f"the option {name} names no status")
    return words


def _files(
    stem: str,
    records: Iterable[dict[str, Any]],
    lines: Sequence[file.Line],
    render: Callable[[Sequence[file.Line]], bytes],
) -> list[Outgoing]:
    institutions = {record["value"]["institution"] for record in records}
    if len(institutions) > 1:
        raise AdapterError("institutions-mixed", "the records are of more than one institution")
    months: dict[str, list[file.Line]] = defaultdict(list)
    for line in lines:
        months[line.day[:7]].append(line)
    name = f"{stem}_{min(institutions, default='')}"
    return [
        Outgoing(render(months[month]), page, len(months), f"{name}_{month}.txt")
        for page, month in enumerate(sorted(months), 1)
    ]
