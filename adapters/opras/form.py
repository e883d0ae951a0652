"""From the file to forms: which columns a table of TFN 832 forms has, and what a cell may say.

Rule: columns are known by the words of the form. Objectives and attributes are numbered columns, as many as there are; a
number that is skipped is fine, a mark without its objective is not lost: it keeps its number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.kit.tables import Table, read_table

NUMBER: Final = "check number"
YEAR: Final = "year"
NEEDED: Final = (NUMBER, YEAR)
OVERALL: Final = "overall mark"
OTHER_NAMES: Final = {
    "check no": NUMBER,
    "check no.": NUMBER,
    "checknumber": NUMBER,
    "financial year": YEAR,
    "appraisal year": YEAR,
    "overall performance": OVERALL,
    "overall performance mark": OVERALL,
    "overall rating": OVERALL,
}
_PART: Final = re.compile(r"(objective|attribute) ([1-9][0-9]?)( target| mark)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Places of the columns of one objective or attribute; -1: it has none."""

    slug: str
    text: int
    target: int
    mark: int

    @property
    def of_plan(self) -> bool:
        """Whether it stands in the plan too."""
        return self.slug.startswith("objective")


@dataclass(frozen=True, slots=True)
class Form:
    """The places of the columns of a table."""

    columns: Mapping[str, int]
    objectives: tuple[Part, ...]
    marked: tuple[Part, ...]
    """Those of both kinds that have a column for the mark."""

    def text(self, texts: Sequence[str], name: str) -> str | None:
        """What stands in a column of a row, whose cells are `texts`; None: nothing, or there is no such column."""
        place = self.columns.get(name)
        return None if place is None else texts[place] or None


def read(content: bytes) -> tuple[Form, Table]:
    """The columns and rows of a file; `AdapterError` when it has no such table."""
    table = read_table(content, NEEDED, OTHER_NAMES)
    found: dict[str, dict[int, dict[str, int]]] = {"objective": {}, "attribute": {}}
    for name, place in table.columns.items():
        part = _PART.fullmatch(name)
        if part is not None:
            found[part[1]].setdefault(int(part[2]), {})[(part[3] or " text").strip()] = place
    objectives, attributes = (
        tuple(
            Part(f"{kind}-{n}", places.get("text", -1), places.get("target", -1), places.get("mark", -1))
            for n, places in sorted(parts.items())
        )
        for kind, parts in found.items()
    )
    marked = tuple(part for part in objectives + attributes if part.mark >= 0)
    return Form(table.columns, objectives, marked), table
