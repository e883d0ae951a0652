"""Avro: Apache `avro`'s own reader-writer check behind the same result.

Rule: the original is the writer, the update the reader; what Apache calls compatible is compatible here, under every
policy. A text that its parser or checker does not take is an `UnusableSchema`, whatever it raised.
"""

from __future__ import annotations

import warnings
from typing import Final

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityResult, SchemaCompatibilityType
from avro.name import Names
from avro.schema import Schema, make_avsc_object

from schemas.compatibility.budget import Budget
from schemas.compatibility.document import parse
from schemas.compatibility.located import Located
from schemas.compatibility.verdict import SchemaText, UnusableSchema

MOST_DIFFERENCES: Final = 50
_PAIRS_PER_STEP: Final = 8


def parse_avro(source: SchemaText) -> Schema:
    """The schema, its references read first, in their order. Raises `UnusableSchema`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a logical type that Avro's specification says to ignore
            names = Names()
            for text in source.references.values():
                make_avsc_object(parse(text, decimals=False), names)
            return make_avsc_object(parse(source.text, decimals=False), names)
    except UnusableSchema:
        raise
    except Exception as error:  # noqa: BLE001 - a foreign parser: whatever it raises, the text is not usable
        raise UnusableSchema("avro", f"{type(error).__name__}: {error}".partition("\n")[0][:200]) from None


def compare_avro(writer: SchemaText, reader: SchemaText, budget: Budget) -> list[Located]:
    """Why `reader` cannot read what `writer` wrote; empty if it can. Raises `UnusableSchema`, or `BudgetExceeded` for
    schemas so large that Apache's checker, which knows no budget, might compare too many pairs."""
    before, after = parse_avro(writer), parse_avro(reader)
    (many_before, wide_before), (many_after, wide_after) = _size(writer), _size(reader)
    pairs = min(many_before * many_after, max(many_before, many_after) * wide_before * wide_after)
    budget.spend(pairs // _PAIRS_PER_STEP)
    try:
        checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
        result = checker.get_compatibility(after, before)
    except Exception as error:  # noqa: BLE001 - as above
        raise UnusableSchema("avro", f"cannot be compared: {type(error).__name__}") from None
    return [] if result.compatibility is SchemaCompatibilityType.compatible else _located(result)


def _size(source: SchemaText) -> tuple[int, int]:
    """(number of values in the texts, length of the longest list)."""
    todo = [parse(text, decimals=False) for text in (source.text, *source.references.values())]
    many, widest = 0, 1
    while todo:
        value = todo.pop()
        many += 1
        if isinstance(value, list):
            widest = max(widest, len(value))
            todo.extend(value)
        elif isinstance(value, dict):
            todo.extend(value.values())
    return many, widest


def _located(result: SchemaCompatibilityResult) -> list[Located]:
    """Apache gives kinds in order, places and messages as sets: each kind once, with what was said."""
    path = "#" + min(result.locations, default="/").rstrip("/")
    said = "; ".join(sorted(result.messages))[:300]
    kinds = list(dict.fromkeys(result.incompatibilities))[:MOST_DIFFERENCES]
    return [Located(f"AVRO_{kind.value.upper()}", path, True, said) for kind in kinds] or [
        Located("AVRO_INCOMPATIBLE", path, True, said)
    ]
