"""Values that every known client reprints to the same bytes: what the hub signs around somebody else's body.

Rule: a value is kept or refused, never changed; only its spelling and the place of some members change. JavaScript
verifies `JSON.stringify(JSON.parse(text).data)`, Java what Jackson reprints; between them they fix

    numbers    1.0 -> 1, 1e3 -> 1000, -0.0 -> 0; integers within 2^53; fractions in [0.001, 10000000), where neither
               writes an exponent; everything else is refused: send it as text
    members    names that are array indexes ("0" to "4294967294") go first, ascending: JavaScript moves them there
    texts      control characters that the two escape differently (u+000b, u+000e, ...) are refused
"""

from __future__ import annotations

import re
from typing import Any, Final

from signing.envelope import MAX_SAFE_INTEGER
from signing.errors import SigningError
from signing.jsontext import MAX_DEPTH

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_LAST_INDEX: Final = 2**32 - 2
_UNLIKE: Final = re.compile("[\x0b\x0e\x0f\x1a-\x1f]")


def portable(value: Any) -> Any:
    """The same value, such that `jsontext.render` of it is what every client reprints. Raises "json" with the rule
    that forbids it."""
    return _portable(value, MAX_DEPTH)


def number_text(value: float) -> str:
    """The one spelling of a portable number; for XML, where a number is text."""
    made = _number(value)
    return repr(made) if type(made) is float else str(made)


def _portable(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is bool or value is None:
        return value
    if kind is int or kind is float:
        return _number(value)
    if depth == 0:
        raise SigningError("json", f"deeper than {MAX_DEPTH} levels")
    if kind is list or kind is tuple:
        return [_portable(inner, depth - 1) for inner in value]
    if kind is dict:
        return _object(value, depth - 1)
    raise SigningError("json", f"a {kind.__name__} is no plain value")


def _number(value: float) -> float:
    if type(value) is float:
        if not value.is_integer():
            if 1e-3 <= abs(value) < 1e7:
                return value
            raise SigningError("json", "a fraction is not within 0.001 and 10000000: send it as text")
        value = int(value)
    if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        raise SigningError("json", "an integer is beyond 2^53: send it as text")
    return value


def _text(value: str) -> str:
    if _UNLIKE.search(value):
        raise SigningError("json", "a control character that clients escape differently")
    return value


def _object(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    indexes: list[tuple[int, str]] = []
    for name, inner in value.items():
        if type(name) is not str:
            raise SigningError("json", "a member name is not text")
        made[_text(name)] = _portable(inner, depth)
        if _INDEX.fullmatch(name) and int(name) <= _LAST_INDEX:
            indexes.append((int(name), name))
    if not indexes:
        return made
    first = [name for _, name in sorted(indexes)]
    return {name: made[name] for name in first} | made
