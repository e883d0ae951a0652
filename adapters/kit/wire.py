"""Wire contracts: JSON Schemas generated from what an adapter's wire.py declares.

Rule: the model is the source and the schema follows. A model (pydantic, or a TypedDict) is the usual form; a
ready schema serves where the wire form *is* the canonical one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_ROWS: Final = 10_000


def schema_of(model: Any, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema of `model` under the contract name `name`."""
    body = dict(model) if isinstance(model, Mapping) else TypeAdapter(model).json_schema()
    return {"$schema": DIALECT, "$id": f"urn:amana:contract:{name}", **body, "title": title}


def records_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Schema of {"records": [...]} whose items satisfy the canonical `schema`, its definitions hoisted."""
    item = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}
    found: dict[str, Any] = {
        "type": "object",
        "properties": {"records": {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_ROWS}},
        "required": ["records"],
        "additionalProperties": False,
    }
    if "$defs" in schema:
        found["$defs"] = schema["$defs"]
    return found


def checkable(body: Any) -> Any:
    """What a wire contract looks at: JSON as it is, bytes as one character each."""
    return body.decode("latin-1") if isinstance(body, bytes) else body
