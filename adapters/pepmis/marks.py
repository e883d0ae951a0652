"""Marks of PEPMIS and PIPMIS, and the rule set that an overall mark was made by.

Rule: how PEPMIS makes one mark out of many is not published. An overall mark is carried as it came; where the rule set that
it names is known here it is held against the marks, else it is carried as a draft, declared by the institution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from adapters.kit.marking import Kind, MarkScale, make_mark
from schemas.errors import SchemaError
from schemas.scores import Item, ScoreRules, find, fits

from .faults import Fault, percent

SOURCE: Final = "PEPMIS"
STATES: Final = {"COMPLETED": "completed-item", "IN_PROGRESS": "item-in-progress"}
_STATES: Final = {aspect: state for state, aspect in STATES.items()}
KINDS: Final[tuple[Kind, ...]] = ("qualitative", "quantitative")
ITEMS: Final = MarkScale("0", "100", SOURCE)
_decimal = lru_cache(maxsize=4096)(Decimal)


def item_marks(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The marks of sub-tasks, two of each at most. Of an item in progress, too, the scale is 0 to 100."""
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    mark = ITEMS.mark
    for row in rows:
        get = row.get
        item, weight, count = row["itemId"], percent(get("weight")), len(found)
        if item in seen:
            raise Fault("item-repeated")
        seen.add(item)
        aspect = STATES[row["state"]]
        try:
            for kind in KINDS:
                given = get(kind)
                if given is not None:
                    found.append(mark(aspect, str(given), None, item, weight, kind=kind))
        except ValueError as error:
            raise Fault("mark-off-scale") from error
        if len(found) == count:
            raise Fault("mark-missing")
    return found


def overall_of(row: Mapping[str, Any] | None, aspect: str = "overall", **more: Any) -> dict[str, Any] | None:
    """A mark that says its own scale; None where there is none."""
    if row is None:
        return None
    ends = str(row["worst"]), str(row["best"])
    try:
        return make_mark(
            aspect, str(row["mark"]), *ends, row.get("scaleSource") or SOURCE, band=row.get("band"), **more
        )
    except ValueError as error:
        raise Fault("mark-off-scale") from error


def formula_of(
    row: Mapping[str, Any] | None, overall: Mapping[str, Any] | None, items: Sequence[Item] | None, institution: str
) -> dict[str, str] | None:
    """The formula as records name it, once the overall mark is what a known rule set makes of `items` (None: not checked)."""
    if row is None:
        return None
    if overall is None:
        raise Fault("overall-missing")
    rules = find(row["id"], row["version"])
    if rules is None:
        return {"id": row["id"], "version": row["version"], "status": "draft"}
    if not rules.is_for(institution):
        raise Fault("formula-foreign")
    if items is not None:
        _hold(rules, items, overall)
    return rules.formula


def _hold(rules: ScoreRules, items: Sequence[Item], overall: Mapping[str, Any]) -> None:
    ends, scale = rules.lines.scale.value, overall["scale"]
    try:
        same = fits(rules, items, _decimal(overall["value"]))
    except SchemaError as error:
        raise Fault("formula-unfit") from error
    if not same or ends.worst != _decimal(scale["worst"]) or ends.best != _decimal(scale["best"]):
        raise Fault("overall-contradicted")


def items_of(rows: Sequence[Mapping[str, Any]]) -> list[Item]:
    """What a rule set makes a mark of: the weight of each sub-task, and its marks."""
    found: list[Item] = []
    for row in rows:
        weight = row.get("weight")
        marks: dict[str, Decimal] = {
            kind: _decimal(str(given)) for kind in KINDS if (given := row.get(kind)) is not None
        }
        found.append((None if weight is None else _decimal(str(weight)), marks))
    return found


def overall_row(mark: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The wire form of a mark that says its own scale."""
    if mark is None:
        return None
    scale = mark["writtenScale"]
    return {
        "mark": mark["written"],
        "worst": scale["worst"],
        "best": scale["best"],
        "scaleSource": None if scale["source"] == SOURCE else scale["source"],
        "band": mark["band"],
    }


def item_rows(marks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of marks of sub-tasks, in their order."""
    found: dict[str, dict[str, Any]] = {}
    for mark in marks:
        item = mark["item"]
        row = found.get(item or "")
        if row is None:
            row = {"itemId": item, "state": _STATES.get(mark["aspect"], ""), "weight": mark["weight"]}
            found[item or ""] = row
        row[mark["kind"]] = mark["written"]
    return [*found.values()]


def formula_row(formula: Mapping[str, str] | None) -> dict[str, str] | None:
    """The wire form of a formula."""
    return None if formula is None else {"id": formula["id"], "version": formula["version"]}
