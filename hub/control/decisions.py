"""What a decision is: the view before, the arguments, what the hub recorded; out come a result and new values.

Rule: pure. A decision raises `BadMessage` and has then changed nothing; the fold puts what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.control.objects import Operator
from hub.control.view import View
from hub.errors import BadMessage
from hub.records import Ms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Put:
    """A new value in a table of `Histories`."""

    table: str
    key: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and by whom: the position and time of the record, the operator (None only for the very first change,
    which brings its operator along), what the hub added."""

    position: int
    at: Ms
    operator: Operator | None
    hub: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    result: dict[str, Any]
    puts: tuple[Put, ...]


Decide = Callable[[View, Any, Circumstances], Decision]


def existing(found: T | None, what: str) -> T:
    """`found`, or the refusal that `what` is not there."""
    if found is None:
        raise BadMessage("AMANA-CHANGE-002", what)
    return found


def new(found: object | None, what: str) -> None:
    """Refuses when there is one already."""
    if found is not None:
        raise BadMessage("AMANA-CHANGE-003", f"{what} exists")
