"""Scores that the hub made of PEPMIS's marks, back to PEPMIS, for the employee to see.

Rule: a score is what an approved run priced, with the rule set that made it; notices of other kinds are not PEPMIS's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing
from schemas.canonical.identifiers import check_number

PAGE: Final = 500


def scores_out(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:  # noqa: ARG001 (kit)
    """Pages of scores, in the order given; none where no notice has a score."""
    values = [record["value"] for record in records]
    values = [value for value in values if value["kind"] == "performance-result" and value["mark"] is not None]
    if len({value["institution"] for value in values}) > 1:
        raise AdapterError("institutions-mixed", "the records are of more than one institution")
    if any(check_number(value["employeeId"]) is not None for value in values):
        raise AdapterError("not-writable", "a score is of somebody who has no check number")
    parts = [values[start : start + PAGE] for start in range(0, len(values), PAGE)]
    return [
        Outgoing({"scores": [_row(value) for value in part]}, page, len(parts), f"pepmis-scores-{page:03d}")
        for page, part in enumerate(parts, 1)
    ]


def _row(value: Mapping[str, Any]) -> dict[str, Any]:
    mark, scale = value["mark"], value["mark"]["scale"]
    return {
        "scoreId": value["noticeId"],
        "checkNumber": value["employeeId"],
        "startDate": value["span"]["first"],
        "endDate": value["span"]["last"],
        "score": mark["value"],
        "worst": scale["worst"],
        "best": scale["best"],
        "madeBy": scale["source"],
        "run": value["run"],
        "withdrawn": value["withdrawn"],
    }
