"""The place where the hub itself answers: reserved codes and what it holds, beside the providers.

Rule: an answerer is asked only after every check of a pull and its durable record; the engine signs and records what
comes of it. It says what is so and raises what is not: `BadMessage` with a stable code becomes a signed failure, and
`TryAgain` tells the caller when to come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hub.pull.question import Question


@dataclass(frozen=True, slots=True)
class Reply:
    """A plain JSON value. `kept` False: only the digest of the answer is recorded, so that no copy outlives an erasure
    of what it was made from."""

    value: Any = field(repr=False)
    kept: bool = False


class Answerer(Protocol):
    """One for each reserved code (by the code) and each holding (by its name)."""

    async def answer(self, question: Question) -> Reply:
        """The answer to a question that was checked. Raises `HubError`; may read the store and the log."""
        ...


def name_of(question: Question) -> str | None:
    """Which answerer a question is for; None: a provider."""
    api = question.api
    if api is None:
        return question.code
    return api.holding if api.provider is None else None
