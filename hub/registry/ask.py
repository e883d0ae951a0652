"""One request to the registry, taken apart, and the reply to it.

Rule: subjects may hold any character, so a path is cut at its slashes before it is decoded. Flags are read as Java and
Python write them; a number that does not read is its default, as clients expect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, unquote

from hub.registry.codes import unreadable
from signing import jsontext
from signing.errors import SigningError

MEDIA: Final = "application/vnd.schemaregistry.v1+json"
MEDIA_TYPES: Final = (MEDIA, "application/vnd.schemaregistry+json", "application/json")
WIDE: Final = b"confluent-accept-unknown-properties"
"""Header of a client that takes members that it does not know."""

T = TypeVar("T")
_NUMBER: Final = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Ask:
    """`place`: what the path's variable parts are. `wide`: the client takes members that it does not know."""

    place: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes = field(default=b"", repr=False)
    wide: bool = False

    def text(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return (self.query.get(name) or [default])[-1]

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return self.text(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        text = self.text(name)
        return int(text) if _NUMBER.fullmatch(text) else default

    def page(self, found: Sequence[T], most: int | None = None) -> list[T]:
        """What `offset` and `limit` leave; a limit of 0 or below takes all, or `most`."""
        begin, limit = max(self.number("offset", 0), 0), self.number("limit", -1)
        if most is not None:
            limit = most if limit <= 0 else min(limit, most)
        return list(found[begin : begin + limit] if limit > 0 else found[begin:])

    def value(self) -> dict[str, Any]:
        """The body as a JSON object. Raises 400."""
        try:
            found = jsontext.parse(self.body)
        except SigningError as error:
            raise unreadable(error.detail or "no JSON") from None
        if not isinstance(found, dict):
            raise unreadable("a JSON object is expected")
        return found


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply that is a text as it stands."""

    text: str


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """The parameters of a query."""
    return parse_qs(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=100)


def segments(raw_path: bytes) -> tuple[str, ...]:
    """The parts of a path below `/registry`, each decoded by itself; a slash at the end is none."""
    parts = raw_path.decode("latin-1").split("/")[2:]
    if parts and not parts[-1]:
        parts.pop()
    return tuple(unquote(part) for part in parts)
