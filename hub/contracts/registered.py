"""What contracts ask of the registry: a version of a subject. Rule: read from memory; a version never changes."""

from __future__ import annotations

from typing import Protocol


class RegisteredContent(Protocol):
    """One schema. `metadata` and `rules`: JSON texts, None where there are none."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def references(self) -> tuple[object, ...]: ...
    @property
    def metadata(self) -> str | None: ...
    @property
    def rules(self) -> str | None: ...


class RegisteredVersion(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def content(self) -> RegisteredContent: ...


class Registered(Protocol):
    """The registry as this process has read it so far."""

    def __hash__(self) -> int: ...

    def version(self, subject: str, number: int, *, deleted: bool = False) -> RegisteredVersion | None:
        """A version of a subject, hidden ones too when `deleted`."""
        ...
