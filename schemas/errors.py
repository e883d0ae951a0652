"""Error of this package: a schema or a rule set that cannot be used. The hub maps it to its own reactions."""

from __future__ import annotations


class SchemaError(ValueError):
    """`kind`: "schema" (not a usable JSON Schema), "contract" (no such contract), "ruleset" (missing or not valid).
    `detail` names a path and a rule, never a value from a message."""

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}")
