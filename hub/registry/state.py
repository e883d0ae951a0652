"""The registry as it is after a number of records: subjects, versions, ids, configurations, modes.

Rule: changed by `put`, `set_deleted`, `drop`, `configure` and `set_mode` alone, which the fold calls; everybody else reads.
No clock, no chance and no comparison of schemas in here, so that every process that has read the same records is the same,
whatever version of the hub it runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.records import Ms
from hub.registry.content import Content, Reference
from hub.registry.names import GLOBAL, LATEST, is_own

READWRITE: Final = "READWRITE"
READONLY: Final = "READONLY"
IMPORT: Final = "IMPORT"
FORWARD: Final = "FORWARD"
"""Of all subjects at once: what is registered was accepted elsewhere, and is not compared."""
MODES: Final = (READWRITE, READONLY, IMPORT, FORWARD)

DEFAULT_LEVEL: Final = "BACKWARD"
OWN_POLICY: Final = "SOUND"
FOREIGN_POLICY: Final = "STRICT"


@dataclass(frozen=True, slots=True)
class Version:
    """One row: a schema under a subject. `by`: who registered it ("local", "system/<code>", "operator/<key id>", "hub")."""

    subject: str
    number: int
    id: int
    content: Content
    at: Ms
    by: str
    deleted: bool = False


class Registry:
    """All of it, in memory."""

    def __init__(self) -> None:
        self.position = -1
        self._rows: dict[str, dict[int, Version]] = {}
        self._contents: dict[int, Content] = {}
        self._ids: dict[Content, int] = {}
        self._guids: dict[str, list[int]] = {}
        self._held: dict[int, set[tuple[str, int]]] = defaultdict(set)  # id -> its rows
        self._next_id = 1
        self._configs: dict[str, Mapping[str, Any]] = {}
        self._modes: dict[str, str] = {}
        self._touched: dict[str, int] = {}
        self._referrers: dict[tuple[str, int], set[tuple[str, int]]] = defaultdict(set)

    # reading

    def subjects(self) -> list[str]:
        """Subjects that have rows, deleted ones too, in order."""
        return sorted(self._rows)

    def versions(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """Oldest first."""
        rows = self._rows.get(subject, {})
        return [rows[number] for number in sorted(rows) if deleted or not rows[number].deleted]

    def version(self, subject: str, number: int, *, deleted: bool = False) -> Version | None:
        """A row by its number or `LATEST`."""
        if number == LATEST:
            return next(iter(reversed(self.versions(subject, deleted=deleted))), None)
        found = self._rows.get(subject, {}).get(number)
        return found if found is not None and (deleted or not found.deleted) else None

    def content(self, number: int) -> Content | None:
        """A schema by its id."""
        return self._contents.get(number)

    def id_of(self, content: Content) -> int | None:
        """The id that equal contents share."""
        return self._ids.get(content)

    def ids_of(self, guid: str) -> list[int]:
        """Ids of the schemas with this guid: more than one only for one text of two kinds."""
        return self._guids.get(guid, [])

    @property
    def greatest_id(self) -> int:
        """The greatest id ever given; 0: none."""
        return self._next_id - 1

    def rows_of(self, number: int) -> Iterator[Version]:
        """Every row of an id, deleted ones too, by subject and version."""
        yield from (self._rows[s][n] for s, n in sorted(self._held.get(number, ())))

    def referrers(self, subject: str, number: int) -> list[Version]:
        """Rows that refer to this one."""
        return [self._rows[s][n] for s, n in sorted(self._referrers.get((subject, number), ()))]

    def config(self, subject: str) -> Mapping[str, Any] | None:
        """The configuration that a subject (or `GLOBAL`) has of its own."""
        return self._configs.get(subject)

    def effective(self, subject: str) -> Mapping[str, Any]:
        """What holds for a subject: its own, then what holds for all, which the hub's own subjects do not follow."""
        general = {} if is_own(subject) and subject != GLOBAL else self._configs.get(GLOBAL, {})
        policy = OWN_POLICY if is_own(subject) else FOREIGN_POLICY
        base = {"compatibilityLevel": DEFAULT_LEVEL, "compatibilityPolicy": policy}
        return {**base, **general, **(self._configs.get(subject) or {})}

    def own_mode(self, subject: str) -> str | None:
        """The mode that a subject (or `GLOBAL`) has of its own."""
        return self._modes.get(subject)

    def own_modes(self) -> list[str]:
        """The subjects that have a mode of their own, in order."""
        return sorted(name for name in self._modes if name != GLOBAL)

    def mode(self, subject: str) -> str:
        """The mode that holds for a subject."""
        general = READWRITE if is_own(subject) else self._modes.get(GLOBAL, READWRITE)
        return self._modes.get(subject, general)

    def basis(self, subject: str, references: tuple[Reference, ...]) -> dict[str, int]:
        """The last change of everything that a judgement on a schema of this subject looks at."""
        names, todo = {GLOBAL, subject}, list(references)
        seen: set[Reference] = set()
        while todo:
            reference = todo.pop()
            if reference not in seen:
                seen.add(reference)
                names.add(reference.subject)
                row = self.version(reference.subject, reference.version, deleted=True)
                todo.extend(row.content.references if row is not None else ())
        return {name: self._touched.get(name, -1) for name in sorted(names)}

    # changing

    def put(self, row: Version, position: int) -> None:
        """A row that is new, or takes the place of one of the same number."""
        self._forget(row.subject, row.number)
        self._rows.setdefault(row.subject, {})[row.number] = row
        if row.id not in self._contents:
            self._contents[row.id] = row.content
            self._ids.setdefault(row.content, row.id)
            self._guids.setdefault(row.content.guid, []).append(row.id)
        self._held[row.id].add((row.subject, row.number))
        self._next_id = max(self._next_id, row.id + 1)
        for reference in row.content.references:
            self._referrers[reference.subject, reference.version].add((row.subject, row.number))
        self._touched[row.subject] = position

    def set_deleted(self, row: Version, position: int) -> None:
        """Hide a row."""
        self._rows[row.subject][row.number] = replace(row, deleted=True)
        self._touched[row.subject] = position

    def drop(self, row: Version, position: int) -> None:
        """Remove a row; configuration and mode go with a subject's last one."""
        self._forget(row.subject, row.number)
        if not self._rows[row.subject]:
            del self._rows[row.subject]
            self._configs.pop(row.subject, None)
            self._modes.pop(row.subject, None)
        self._touched[row.subject] = position

    def configure(self, subject: str, config: Mapping[str, Any] | None, position: int) -> None:
        """Set what a subject (or `GLOBAL`) has of its own; None: nothing any more."""
        if config is None:
            self._configs.pop(subject, None)
        else:
            self._configs[subject] = config
        self._touched[subject] = position

    def set_mode(self, subject: str, mode: str | None, position: int) -> None:
        """As `configure`."""
        if mode is None:
            self._modes.pop(subject, None)
        else:
            self._modes[subject] = mode
        self._touched[subject] = position

    def _forget(self, subject: str, number: int) -> None:
        row = self._rows.get(subject, {}).pop(number, None)
        if row is None:
            return
        for reference in row.content.references:
            self._referrers[reference.subject, reference.version].discard((subject, number))
        self._held[row.id].discard((subject, number))
        if not self._held[row.id]:
            del self._held[row.id]
            content = self._contents.pop(row.id)
            if self._ids.get(content) == row.id:
                del self._ids[content]
            guids = self._guids[content.guid]
            guids.remove(row.id)
            if not guids:
                del self._guids[content.guid]
