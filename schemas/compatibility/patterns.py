"""Whether a text matches a schema's pattern: on the linear-time engine that checks messages too.

Rule: a pattern that the engine cannot run (look-around, back-references) has no answer, not a guess.
"""

from __future__ import annotations

from functools import lru_cache

import jsonschema_rs

_OPTIONS = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=1_000_000)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=_OPTIONS, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


@lru_cache(maxsize=64)
def _format(name: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator(
            {"format": name}, validate_formats=True, ignore_unknown_formats=False, offline=True
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def matches(pattern: str, text: str) -> bool | None:
    """Whether `pattern` is found in `text`; None where that cannot be said."""
    validator = _compiled(pattern)
    return None if validator is None else _answer(validator, text)


def has_format(name: str, text: str) -> bool | None:
    """Whether `text` is of a format; None where nobody here knows the format."""
    validator = _format(name)
    return None if validator is None else _answer(validator, text)


def _answer(validator: jsonschema_rs.Draft202012Validator, text: str) -> bool | None:
    try:
        return validator.is_valid(text)
    except (ValueError, UnicodeError):  # half of a surrogate pair
        return None


def never_both(one: str, other: str) -> bool:
    """Whether no text can match both, as far as literal beginnings (`^S_`) show."""
    a, b = _beginning(one), _beginning(other)
    return a is not None and b is not None and not (a.startswith(b) or b.startswith(a))


def _beginning(pattern: str) -> str | None:
    if not pattern.startswith("^") or "|" in pattern:
        return None
    literal = ""
    for place, sign in enumerate(pattern[1:], 2):
        if not (sign.isalnum() or sign in "_-:/@ "):
            return literal[:-1] if sign in "*?{" else literal
        if place <= len(pattern):
            literal += sign
    return literal
