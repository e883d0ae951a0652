"""JSON Schemas of the canonical models, and the command that writes them to `schemas/contracts/`.

Rule: the models are the source, the files are what institutions read; a test fails when they differ.
`python -m schemas.generate` rewrites the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import BaseModel

DIRECTORY: Final = Path(__file__).parent / "contracts"


def json_schema(name: str, version: int, model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a model: `$id` is its urn, a nullable text is one type list instead of two branches."""
    generated = _tidy(model.model_json_schema(mode="validation"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:amana:contract:{name}:{version}",
        **generated,
        "title": name,
    }


def render(schema: dict[str, Any]) -> bytes:
    """The bytes of a schema file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def _tidy(node: Any) -> Any:
    if isinstance(node, list):
        return [_tidy(n) for n in node]
    if not isinstance(node, dict):
        return node
    node = {keyword: _tidy(inner) for keyword, inner in node.items()}
    branches = node.get("anyOf")
    if isinstance(branches, list) and len(branches) == 2 and branches[1] == {"type": "null"}:
        value = branches[0]
        if isinstance(value.get("type"), str):
            del node["anyOf"]
            node = {**value, **node, "type": [value["type"], "null"]}
            if "enum" in value:
                node["enum"] = [*value["enum"], None]
    return node


def main() -> None:
    """Write one file per contract."""
    from schemas.contracts import CONTRACTS

    for contract in CONTRACTS.values():
        (DIRECTORY / f"{contract.name}.json").write_bytes(render(contract.schema))


if __name__ == "__main__":
    main()
