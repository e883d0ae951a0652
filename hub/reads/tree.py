"""Institutions, their units and systems as the lines of one tree, page by page.

Rule: flat rows with a depth, so that no hierarchy is too deep for a reader; children stand below their parent in the
order of their codes, units before the systems that belong to no unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from hub.control.objects import Institution, System, Unit
from hub.control.view import View
from hub.errors import BadMessage
from hub.reads.paging import page, parse_cursor, render_cursor
from hub.reads.rows import Page, TreeRow

_Place = tuple[str, str | None]  # institution, unit


class _Tree:
    """The directory, sorted by what lies below what."""

    def __init__(self, view: View) -> None:
        self.institutions: dict[str | None, list[Institution]] = defaultdict(list)
        self.units: dict[_Place, list[Unit]] = defaultdict(list)
        self.systems: dict[_Place, list[System]] = defaultdict(list)
        for institution in sorted(view.institutions(), key=lambda v: v.code):
            self.institutions[institution.parent].append(institution)
        for unit in sorted(view.units(), key=lambda v: v.code):
            self.units[unit.institution, unit.parent].append(unit)
        for system in sorted(view.systems(), key=lambda v: v.code):
            self.systems[system.institution, system.unit].append(system)

    def rows(self, top: Institution | None) -> Iterator[TreeRow]:
        """Everything, or `top` and what lies below it. No recursion: institutions may lie in each other without end."""
        first = [top] if top is not None else self.institutions[None]
        waiting = [(value, 0) for value in reversed(first)]
        while waiting:
            found, depth = waiting.pop()
            yield _row("institution", found.code, found.code, found.name, depth)
            yield from self._below((found.code, None), depth + 1)
            waiting += [(value, depth + 1) for value in reversed(self.institutions[found.code])]

    def _below(self, place: _Place, depth: int) -> Iterator[TreeRow]:
        institution, _ = place
        for unit in self.units[place]:
            yield _row("unit", institution, unit.code, unit.name, depth)
            yield from self._below((institution, unit.code), depth + 1)
        for system in self.systems[place]:
            yield _row("system", institution, system.code, None, depth, suspended=system.suspended)


def list_tree(view: View, institution: str | None, limit: int, after: str | None) -> Page[TreeRow]:
    """A page of the tree, of the whole hub or of one institution and what is part of it."""
    top = None
    if institution is not None:
        top = view.institution(institution)
        if top is None:
            raise BadMessage("AMANA-READ-001", "institution")
    rows = _Tree(view).rows(top)
    if after is not None:
        last = tuple(parse_cursor(after, 3))
        for row in rows:
            if _name(row) == last:
                break
    found = list(islice(rows, limit + 1))
    more, found = len(found) > limit, found[:limit]
    return page(found, render_cursor(_name(found[-1])) if more else None)


def _name(row: TreeRow) -> tuple[str, str, str]:
    return row["kind"], row["institution"], row["code"]


def _row(kind: str, institution: str, code: str, name: str | None, depth: int, *, suspended: bool = False) -> TreeRow:
    return {
        "kind": kind,
        "institution": institution,
        "code": code,
        "name": name,
        "depth": depth,
        "suspended": suspended,
    }
