"""What contracts ask of the registry: a version of a subject. Rule: read from memory; a version never changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hub.contracts.names import SUBJECT, parse_pinned


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
    def id(self) -> int: ...
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

    def versions(self, subject: str) -> Sequence[RegisteredVersion]:
        """The versions of a subject that are not hidden, oldest first."""
        ...


class Following(Protocol):
    """The registry of a process, and how it gets further."""

    @property
    def registry(self) -> Registered: ...

    async def catch_up(self) -> int:
        """Read what the log holds now."""
        ...


async def ensure_known(following: Following | None, contracts: Iterable[str]) -> None:
    """Read on where one of these contracts is a version that this process has not read yet: the gateway had."""
    if following is None:
        return
    for name in contracts:
        base, version = parse_pinned(name)
        if not base.startswith(SUBJECT) or version is None:
            continue
        if following.registry.version(base.removeprefix(SUBJECT), version, deleted=True) is None:
            await following.catch_up()
            return
