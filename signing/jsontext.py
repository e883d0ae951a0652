"""JSON in and out: one strict parser, one compact renderer, one canonical form.

Rule: what `parse` returns is what every other strict parser reads from the same bytes: no duplicate members, no
infinities, no trailing bytes, valid UTF-8, no lone surrogates, bounded depth. Errors never quote the text (the
parser's own messages name members, so they are not passed on).
"""

from __future__ import annotations

import math
from typing import Any, Final

import jiter
import msgspec

from signing.errors import SigningError

MAX_DEPTH: Final = 64
"""Arrays and objects within each other. Deeper texts are refused: nothing of ours or known of others needs them."""

_may_hide_more = frozenset({dict, list, float}).isdisjoint
_CANONICAL_TYPES: Final = frozenset({dict, list, tuple, str, int, bool, type(None)})
_leaves_only_canonical = frozenset({str, int, bool, type(None)}).issuperset
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_compact = msgspec.json.Encoder()
_sorted = msgspec.json.Encoder(order="sorted")


def parse(text: bytes) -> Any:
    """The value of a strict JSON text (RFC 8259, and the rule above). Raises "json".

    Integers of any size that Python takes come back exact; floats come back as floats, never infinite.
    """
    try:
        value = jiter.from_json(text, catch_duplicate_keys=True, allow_inf_nan=False)
    except ValueError as error:
        raise SigningError("json", _safe_reason(str(error))) from None
    kind = type(value)
    if kind is dict or kind is list or kind is float:
        _check([[value]])
    return value


def render(value: Any) -> bytes:
    """Compact UTF-8 text of a plain value, not ASCII-escaped, member order kept. Raises "json".

    Inverse of `parse` for everything that `parse` returns.
    """
    text = _encode(_compact, value)
    if b"null" in text and _holds_float(value):
        _check([[value]])  # an infinity or NaN renders as null: look for one only then
    return text


def canonical(value: Any) -> bytes:
    """`render` with the members of every object sorted by code point: for digests and "the same bytes".

    Takes str, int, bool, None, list, tuple and dict with text names only; anything else, floats first of all, has
    more than one spelling and raises "json".
    """
    _check_canonical([[value]])
    return _encode(_sorted, value)


def member(data: bytes, name: str) -> bytes | None:
    """The received bytes of the value of one top-level member, without white space around; None if absent.

    For texts that `parse` took: this one does not look for duplicates. Raises "json" if `data` is no object.
    """
    try:
        raw = _members.decode(data).get(name)
    except msgspec.DecodeError:
        raise SigningError("json", "not one object") from None
    return None if raw is None else bytes(raw)


def _encode(encoder: msgspec.json.Encoder, value: Any) -> bytes:
    try:
        return encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise SigningError("json", "not a plain value that JSON can hold") from None


def _check(level: list[Any]) -> None:
    """Refuse what the parser lets through: infinities such as 1e999, and depth. Level by level, leaves in C."""
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for container in level:
            values = container.values() if type(container) is dict else container
            if _may_hide_more(map(type, values)):
                continue
            for value in values:
                kind = type(value)
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is float and not math.isfinite(value):
                    raise SigningError("json", "a number is out of range")
        if not below:
            return
        level = below
    raise SigningError("json", f"deeper than {MAX_DEPTH} levels")


def _holds_float(value: Any) -> bool:
    """Whether there is a float in a plain value. Plain loops: most records of the log hold a null and no float."""
    for inner in value.values() if type(value) is dict else value if isinstance(value, list | tuple) else (value,):
        kind = type(inner)
        if kind is float or ((kind is dict or kind is list or kind is tuple) and inner and _holds_float(inner)):
            return True
    return False


def _check_canonical(level: list[Any]) -> None:
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for container in level:
            values = container
            if type(container) is dict:
                if not all(type(name) is str for name in container):
                    raise SigningError("json", "a member name is not text")
                values = container.values()
            if _leaves_only_canonical(map(type, values)):
                continue
            for value in values:
                kind = type(value)
                if kind not in _CANONICAL_TYPES:
                    raise SigningError("json", f"a {kind.__name__} has no canonical form")
                if kind is dict or kind is list or kind is tuple:
                    below.append(value)
        if not below:
            return
        level = below
    raise SigningError("json", f"deeper than {MAX_DEPTH} levels")


def _safe_reason(message: str) -> str:
    """The parser's reason without anything it may quote: its class of fault and the position."""
    position = message.rpartition(" at ")[2]
    where = f", {position}" if position.startswith("line ") and len(position) < 60 else ""
    if "duplicate key" in message:
        return f"a member occurs twice{where}"
    if "recursion" in message:
        return f"deeper than {MAX_DEPTH} levels"
    return f"not strict JSON{where}"
