"""Which members of canonical records are personal: tags by path, for the registry's metadata and for masking.

Rule: a member is personal unless its name stands in `OPEN`: names, numbers, accounts, dates of birth, telephones, marks,
amounts and whatever somebody writes are masked, and so is a new member until somebody has thought about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from schemas.contracts import CONTRACTS

TAG: Final = "pii"
OPEN: Final = frozenset(
    {
        "announcedAt",
        "assurance",
        "bankCode",
        "codes",
        "contract",
        "currency",
        "institution",
        "instead",
        "lastDay",
        "payingUnit",
        "period",
        "ruleSet",
        "run",
        "signalsDigest",
        "state",
        "status",
        "validFrom",
        "validTo",
        "version",
        "zone",
    }
)
"""Members that say nothing of a person: which institution, month, run and rules a record belongs to, and when it holds."""

_WHOLE: Final = frozenset({"ruleSet"})
"""Open with everything in them."""
_DEEPEST: Final = 12


@cache
def tags_of(contract: str) -> Mapping[str, tuple[str, ...]]:
    """Tags by path of a canonical contract; empty where nothing in it is personal."""
    schema = CONTRACTS[contract].schema
    return {".".join(path): (TAG,) for path in dict.fromkeys(_personal(schema, schema.get("$defs", {}), (), 0))}


def _personal(
    schema: Mapping[str, Any], defs: Mapping[str, Any], path: tuple[str, ...], depth: int
) -> Iterator[tuple[str, ...]]:
    found = list(_members(schema, defs, 0)) if depth < _DEEPEST else []
    if not found:
        if path and path[-1] not in OPEN:
            yield path
        return
    for name, inner in found:
        if name not in _WHOLE:
            yield from _personal(inner, defs, (*path, name), depth + 1)


def _members(schema: Any, defs: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a value of the schema may have below it, through references, branches and lists."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    if "$ref" in schema:
        yield from _members(defs.get(schema["$ref"].rpartition("/")[2]), defs, depth + 1)
    yield from schema.get("properties", {}).items()
    for branch in (schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _members(branch, defs, depth + 1)
