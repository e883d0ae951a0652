"""What STRICT and LENIENT say of every sentence of the reference rules, in both directions and in every dialect that has it.

`rule_cases.json` holds the cases. `says`: STRICT and LENIENT on the step from `old` to `new`, then both on the step back; Y is
compatible.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from schemas.compatibility import Level, Policy, check
from tests.unit.schemas.compatibility.cases import text

CASES: Final[list[dict[str, Any]]] = msgspec.json.decode(Path(__file__).with_name("rule_cases.json").read_bytes())
ADDRESS: Final = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
MIXED: Final = ((4, 7), (7, 2020), (2020, 7))
"""Dialects of an older and a newer version of one subject."""


def said(old: Any, new: Any, older: int, newer: int) -> str:
    """What the engine says, as `says` writes it."""
    before, after = text(_of(old, older)), text(_of(new, newer))
    steps = ((before, after), (after, before))
    verdicts = [
        check([a], b, Level.BACKWARD, policy).compatible for a, b in steps for policy in (Policy.STRICT, Policy.LENIENT)
    ]
    return "".join("Y" if verdict else "N" for verdict in verdicts)


def _of(schema: Any, dialect: int) -> Any:
    return {"$schema": ADDRESS[dialect], **schema} if isinstance(schema, dict) else schema


@pytest.mark.parametrize("dialect", list(ADDRESS))
def test_every_case_holds_in_every_dialect(dialect: int) -> None:
    """The step and the step back, under both policies."""
    own = [case for case in CASES if dialect in case["drafts"]]
    found = {case["name"]: said(case["old"], case["new"], dialect, dialect) for case in own}
    assert len(own) > 200
    assert found == {case["name"]: case["says"] for case in own}


@pytest.mark.parametrize(("older", "newer"), MIXED)
def test_a_new_dialect_alone_changes_nothing(older: int, newer: int) -> None:
    """The rules are about what a keyword means, whatever dialect each version is written in."""
    both = [case for case in CASES if {older, newer} <= set(case["drafts"])]
    found = {case["name"]: said(case["old"], case["new"], older, newer) for case in both}
    assert len(both) > 200
    assert found == {case["name"]: case["says"] for case in both}
