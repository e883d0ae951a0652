"""What a breach of a model says to people. Rule: what was expected, never what was given.

Patterns are named where they are declared, in `hub.control.fields`; a rule that nobody has put into words is told by
its type, so that it still can be looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "text expected",
    "int_type": "a whole number expected",
    "int_parsing": "a whole number expected",
    "int_parsing_size": "a smaller whole number expected",
    "int_from_float": "a whole number expected",
    "bool_type": "true or false expected",
    "list_type": "a list expected",
    "dict_type": "an object expected",
    "model_type": "an object expected",
    "model_attributes_type": "an object expected",
    "extra_forbidden": "a member that is not known here",
    "greater_than_equal": "{ge} or more expected",
    "less_than_equal": "{le} or less expected",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} expected",
    "too_long": "at most {max_length} expected",
    "literal_error": "one of {expected} expected",
    "enum": "one of {expected} expected",
}


def say(error: ErrorDetails, patterns: Mapping[str, str]) -> str:
    """One breach in words. `patterns`: what to say for a pattern."""
    context: Mapping[str, Any] = error.get("ctx", {})
    kind = error["type"]
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return patterns.get(str(context.get("pattern")), kind)
    words = _WORDS.get(kind)
    return kind if words is None else words.format_map(context)
