"""A month's activities and hours, counted and totalled for the personnel unit.

Rule: the totals come from the records alone: only what a superior approved counts as work done, every activity counts as
handed in, and the parts add up to the whole. Nothing is priced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing
from schemas.canonical.marks import digits

COUNTS: Final = ("kegiatan", "disetujui", "menitDisetujui", "bobotDisetujui", "hari", "menitHadir", "tanpaJam")


def totals(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:  # noqa: ARG001
    """One message: each employee's counts, in the order of their numbers, and what they come to."""
    if not records:
        return []
    values = [record["value"] for record in records]
    institutions = {value["institution"] for value in values}
    months = {value["date"][:7] for value in values}
    if len(institutions) > 1 or len(months) > 1:
        raise AdapterError("months-mixed", "the records are of more than one institution or month")
    ids = [
        (record["contract"], record["value"].get("activityId") or record["value"].get("entryId")) for record in records
    ]
    if len(set(ids)) != len(ids):
        raise AdapterError("record-repeated", "one activity or day would be counted twice")
    people: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(COUNTS, Decimal(0)))
    for record in records:
        _count(people[record["value"]["employeeId"]], record["contract"], record["value"])
    rows = [{"nip": nip, **_shown(people[nip])} for nip in sorted(people)]
    whole = {name: sum((counts[name] for counts in people.values()), Decimal(0)) for name in COUNTS}
    [month], [institution] = months, institutions
    body = {
        "bulan": month,
        "instansi": institution,
        "pegawai": rows,
        "jumlah": {"pegawai": len(rows), **_shown(whole)},
    }
    return [Outgoing(body, 1, 1, f"eperformance-{month}")]


def _count(counts: dict[str, Decimal], contract: str, value: Mapping[str, Any]) -> None:
    if contract == "performance.activity":
        counts["kegiatan"] += 1
        if value["status"] == "approved":
            counts["disetujui"] += 1
            counts["menitDisetujui"] += value["minutes"] or 0
            counts["bobotDisetujui"] += Decimal(value["weight"] or 0)
        return
    if value["timeIn"] is None and value["timeOut"] is None:
        counts["tanpaJam"] += 1
    else:
        counts["hari"] += 1
        counts["menitHadir"] += value["minutes"] or 0


def _shown(counts: Mapping[str, Decimal]) -> dict[str, Any]:
    return {name: digits(count) if name == "bobotDisetujui" else int(count) for name, count in counts.items()}
