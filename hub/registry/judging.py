"""Whether a schema is one, and may follow the versions before it: the comparison engine asked with what is registered.

Rule: off the event loop, one at a time, each within its budget; who waits too long is told so. What is judged is taken
from the registry first, on the loop: a judgement in another thread sees no half-made change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.registry import codes
from hub.registry.content import Content, Reference
from hub.registry.state import Registry, Version
from schemas.compatibility import Allowance, Level, Policy, SchemaText, UnusableSchema, Verdict, check
from signing import jsontext

MOST_WAITING: Final = 32
MOST_TEXTS: Final = 200
"""That one schema may refer to, those that they refer to included."""

LONGEST_WAIT: Final = 30.0  # seconds
SHOWN_SCHEMA: Final = 1000  # characters
_ALLOWANCE: Final = Allowance(steps=200_000, seconds=1.0)


@dataclass(frozen=True, slots=True)
class Case:
    """What a judgement needs, taken from the registry. `old`: oldest first, with `rows` beside it."""

    new: SchemaText
    old: tuple[SchemaText, ...]
    rows: tuple[Version, ...]
    level: Level
    policy: Policy
    validate_fields: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """`messages` say, for people, what is not compatible; empty when all is."""

    compatible: bool
    messages: tuple[str, ...] = ()


def make_case(registry: Registry, subject: str, content: Content, rows: Sequence[Version], *, force: bool) -> Case:
    """The case of `content` against `rows` (oldest first) under the configuration of `subject`. Raises 42201."""
    config = registry.effective(subject)
    level = Level.NONE if force else Level(config["compatibilityLevel"])
    checked = bool(config.get("validateFields", False)) and not force
    fields = tuple(check_fields(content, rows[-1].content if rows else None)) if checked else ()
    group = config.get("compatibilityGroup")
    if group is not None:
        rows = [row for row in rows if _property(row.content, group) == _property(content, group)]
    if not level.transitive:
        rows = rows[-1:]
    return Case(
        schema_text(registry, content),
        tuple(schema_text(registry, row.content) for row in rows),
        tuple(rows),
        level,
        Policy(config["compatibilityPolicy"]),
        bool(config.get("validateFields", False)),
        fields,
    )


def schema_text(registry: Registry, content: Content) -> SchemaText:
    """The text with those of everything that it refers to, by name, innermost first. Raises 42201."""
    found: dict[str, str] = {}
    _collect(registry, content, found, set())
    return SchemaText(content.text, content.kind, found)


def _collect(registry: Registry, content: Content, found: dict[str, str], above: set[Reference]) -> None:
    for reference in content.references:
        if reference in above:
            continue
        row = registry.version(reference.subject, reference.version, deleted=True)
        if row is None:
            raise codes.invalid(
                f"reference '{reference.name}': subject '{reference.subject}' has no version {reference.version}"
            )
        if row.content.kind != content.kind:
            raise codes.invalid(f"reference '{reference.name}' is of kind {row.content.kind}")
        if len(above) >= MOST_TEXTS:
            raise codes.invalid(f"more than {MOST_TEXTS} other schemas are referred to")
        above.add(reference)  # never taken out again: each is looked at once
        _collect(registry, row.content, found, above)
        found.setdefault(reference.name, row.content.text)


def judge(case: Case) -> Judgement:
    """Compare. Raises `Refused` 42201 for a text that is no schema. Takes up to a second."""
    try:
        verdict = check(case.old, case.new, case.level, case.policy, allowance=_ALLOWANCE)
    except UnusableSchema as error:
        whose = "" if error.which == "new" else "an older version: "
        raise codes.invalid(f"{whose}{error.kind}: {error.detail}") from None
    if verdict.compatible and not case.fields:
        return Judgement(compatible=True)
    return Judgement(compatible=False, messages=_messages(case, verdict))


def _messages(case: Case, verdict: Verdict) -> tuple[str, ...]:
    said = [
        f"{{errorType:'{d.kind}', path:'{d.path}', breaks:'{d.breaks}', description:'{d.message}', repair:'{d.hint}'}}"
        for d in verdict.refusals
    ]
    said += case.fields
    if verdict.against is not None:
        row = case.rows[verdict.against]
        said.append(f"{{oldSchemaVersion: {row.number}}}")
        said.append(f"{{oldSchema: '{row.content.text[:SHOWN_SCHEMA]}'}}")
    said.append(f"{{validateFields: '{str(case.validate_fields).lower()}', compatibility: '{case.level}'}}")
    return tuple(said)


RESERVED: Final = "confluent:reserved"
"""Property of the metadata: names, by commas, that no member of this or a later version may have."""


def check_fields(content: Content, before: Content | None) -> list[str]:
    """What of `validateFields` does not hold: a member has a reserved name, or a name is reserved no more."""
    mine = _reserved(content)
    said = [
        f"{{errorType:'RESERVED_FIELD_REMOVED', description:'{name} was reserved and is no more'}}"
        for name in sorted((set() if before is None else _reserved(before)) - mine)
    ]
    schema = jsontext.parse(content.text.encode())
    members = schema.get("properties") if content.kind == "JSON" and isinstance(schema, dict) else None
    fields = schema.get("fields") if content.kind == "AVRO" and isinstance(schema, dict) else None
    names = set(members) if isinstance(members, dict) else set()
    names |= {f.get("name") for f in fields if isinstance(f, dict)} if isinstance(fields, list) else set()
    said += [
        f"{{errorType:'FIELD_CONFLICTS_WITH_RESERVED_FIELD', path:'#/properties/{name}', description:'{name} is reserved'}}"
        for name in sorted(names & mine)
    ]
    return said


def _reserved(content: Content) -> set[str]:
    value = _property(content, RESERVED)
    return {name.strip() for name in value.split(",") if name.strip()} if isinstance(value, str) else set()


def _property(content: Content, name: str) -> Any:
    metadata = {} if content.metadata is None else jsontext.parse(content.metadata.encode())
    return metadata.get("properties", {}).get(name)


class Bench:
    """Where judgements wait for the one place."""

    def __init__(self) -> None:
        self._place = asyncio.Lock()
        self._waiting = 0

    async def judge(self, case: Case) -> Judgement:
        """As `judge`, in a thread. Raises 50002 when too many wait, or one waits too long."""
        if self._waiting >= MOST_WAITING:
            raise codes.too_slow()
        self._waiting += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT), self._place:
                return await asyncio.to_thread(judge, case)
        except TimeoutError:
            raise codes.too_slow() from None
        finally:
            self._waiting -= 1
