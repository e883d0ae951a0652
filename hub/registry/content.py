"""What a schema is to the registry: kind, text, references, metadata and rules, in the one form that identity is about.

Rule: two contents are the same schema exactly when they are equal; equal ones share an id and a guid. White space never
counts; the order of members does, unless the caller or the subject asks to normalize.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

import jiter
import msgspec

from hub.registry.codes import invalid
from signing import jsontext

Kind = Literal["AVRO", "JSON"]
KINDS: Final[tuple[Kind, ...]] = ("JSON", "AVRO")

MOST_DEPTH: Final = 64
"""Objects and lists within each other. Every comparison goes down that far at most, on every machine."""

_AS_WRITTEN: Final = msgspec.json.Encoder(enc_hook=lambda number: msgspec.Raw(bytes(number)))
_SORTED: Final = msgspec.json.Encoder(enc_hook=lambda number: msgspec.Raw(bytes(number)), order="sorted")


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """`name`: what the schema calls it (a `$ref`, an Avro type); `subject` and `version`: where it is registered."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True)
class Content:
    """One schema. `metadata` and `rules` are canonical JSON texts, None where there are none."""

    kind: Kind
    text: str
    references: tuple[Reference, ...] = ()
    metadata: str | None = None
    rules: str | None = None

    @cached_property
    def guid(self) -> str:
        """The UUID made of the MD5 of text, references, metadata and rules: the same in every registry."""
        digest = hashlib.md5(self.text.encode(), usedforsecurity=False)
        for reference in self.references:
            digest.update(reference.name.encode())
            digest.update(reference.subject.encode())
            digest.update(reference.version.to_bytes(4, "big", signed=True))
        for member in (self.metadata, self.rules):
            if member is not None:
                digest.update(b"\x01" + member.encode())
        return str(uuid.UUID(bytes=digest.digest()))

    def same_schema(self, other: Content) -> bool:
        """Equal but for metadata and rules, where `self` says nothing of them."""
        return (
            (self.kind, self.text, self.references) == (other.kind, other.text, other.references)
            and self.metadata in {None, other.metadata}
            and self.rules in {None, other.rules}
        )


def canonical_text(text: str, *, normalize: bool) -> str:
    """The JSON text without white space; numbers as they were written; members sorted if asked. Raises 42201."""
    try:
        value = jiter.from_json(
            text.encode(), catch_duplicate_keys=True, float_mode="lossless-float", allow_inf_nan=False
        )
        _check_depth(value)
        return (_SORTED if normalize else _AS_WRITTEN).encode(value).decode()
    except (ValueError, RecursionError) as error:
        raise invalid(f"no JSON: {str(error).partition(chr(10))[0][:200]}") from None


def canonical_member(value: dict[str, Any]) -> str:
    """Metadata or a rule set as text: equal values have equal texts."""
    return jsontext.canonical(value).decode()


def normalized(content: Content) -> Content:
    """The same schema with references sorted, each once."""
    return replace(content, references=tuple(sorted(set(content.references))))


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        if not level:
            return
        parts = (part for outer in level for part in (outer.values() if isinstance(outer, dict) else outer))
        level = [part for part in parts if isinstance(part, dict | list)]
    if level:
        raise ValueError(f"nested more than {MOST_DEPTH} levels deep")
