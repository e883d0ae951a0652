"""Short ways to ask for a verdict, and validators that judge it."""

from __future__ import annotations

from typing import Any, Final

import jsonschema_rs
import msgspec

from schemas.compatibility import Level, Policy, SchemaText, Verdict, check

STRICT, LENIENT, SOUND = Policy.STRICT, Policy.LENIENT, Policy.SOUND
DRAFT7: Final = "http://json-schema.org/draft-07/schema#"
DRAFT2020: Final = "https://json-schema.org/draft/2020-12/schema"


def text(schema: Any, **references: Any) -> SchemaText:
    """A schema as it is registered."""
    named = {name.replace("__", "."): msgspec.json.encode(value).decode() for name, value in references.items()}
    return SchemaText(msgspec.json.encode(schema).decode(), references=named)


def verdict(old: Any, new: Any, policy: Policy = STRICT, level: Level = Level.BACKWARD) -> Verdict:
    """The verdict on one step; schemas are draft 7 where they do not say."""
    return check([text(_draft7(old))], text(_draft7(new)), level, policy)


def compatible(old: Any, new: Any, policy: Policy = STRICT) -> bool:
    """Whether the step is compatible backward."""
    return verdict(old, new, policy).compatible


def kinds(old: Any, new: Any, policy: Policy = STRICT) -> list[str]:
    """Kind and path of each difference that breaks."""
    return [f"{found.kind} {found.path}" for found in verdict(old, new, policy).refusals]


def valid(schema: Any, document: Any) -> bool:
    """What an independent validator says, formats checked."""
    validator = jsonschema_rs.validator_cls_for(_draft7(schema))
    return validator(_draft7(schema), validate_formats=True).is_valid(document)


def _draft7(schema: Any) -> Any:
    return {"$schema": DRAFT7, **schema} if isinstance(schema, dict) and "$schema" not in schema else schema
