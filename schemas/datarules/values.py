"""What the operators and functions of conditions do to values, each paying for the work that it makes.

Rule: no operation makes or walks more than its steps pay for, so the steps bound time and memory together. Values are
what JSON has, and times and durations; a bool is never a number, and whole numbers have 64 bits.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

TEXT_STEP: Final = 16
"""Characters that one step pays for."""
MOST_NESTED: Final = 64
_HALF: Final = 2**63


class Failed(Exception):
    """The expression has no value: wrong types, no such member, overflow. Its text holds no value."""


class Exhausted(Exception):
    """The steps are used up."""


class Meter:
    """Steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def pay(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise Exhausted


def kind_of(value: Any) -> str:
    """The kind of a value, as far as operators tell kinds apart."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case list():
            return "list"
        case dict():
            return "map"
        case datetime():
            return "timestamp"
        case timedelta():
            return "duration"
    raise Failed("a value that JSON does not have")


_NUMBERS: Final = frozenset({"int", "double"})
_ORDERED: Final = frozenset({"bool", "string", "timestamp", "duration"})


def equal(a: Any, b: Any, meter: Meter, depth: int = 0) -> bool:
    """Deep equality; numbers by their value, whatever their kind, and no other two kinds are ever equal."""
    meter.pay(1)
    one, two = kind_of(a), kind_of(b)
    if one in _NUMBERS and two in _NUMBERS:
        return bool(a == b)
    if one != two:
        return False
    if depth > MOST_NESTED:
        raise Failed("nested too deeply to compare")
    if one == "list":
        return len(a) == len(b) and all(equal(x, y, meter, depth + 1) for x, y in zip(a, b, strict=True))
    if one == "map":
        return len(a) == len(b) and all(name in b and equal(a[name], b[name], meter, depth + 1) for name in a)
    if one == "string":
        meter.pay(min(len(a), len(b)) // TEXT_STEP)
    return bool(a == b)


def compare(sign: Callable[[Any, Any], bool]) -> Callable[[Meter, Any, Any], bool]:
    def run(meter: Meter, a: Any, b: Any) -> bool:
        one, two = kind_of(a), kind_of(b)
        if not (one in _NUMBERS and two in _NUMBERS) and (one != two or one not in _ORDERED):
            raise Failed("values of these kinds have no order")
        if one == "string":
            meter.pay(min(len(a), len(b)) // TEXT_STEP)
        return sign(a, b)

    return run


def whole(value: int) -> int:
    if not -_HALF <= value < _HALF:
        raise Failed("a whole number beyond 64 bits")
    return value


def add(meter: Meter, a: Any, b: Any) -> Any:
    kinds = (kind_of(a), kind_of(b))
    if kinds == ("string", "string"):
        meter.pay((len(a) + len(b)) // TEXT_STEP)
        return a + b
    if kinds == ("list", "list"):
        meter.pay(len(a) + len(b))
        return [*a, *b]
    if kinds in {("timestamp", "duration"), ("duration", "timestamp"), ("duration", "duration")}:
        return _time(operator.add, a, b)
    return _number(operator.add, a, b, kinds)


def subtract(_: Meter, a: Any, b: Any) -> Any:
    kinds = (kind_of(a), kind_of(b))
    if kinds in {("timestamp", "timestamp"), ("timestamp", "duration"), ("duration", "duration")}:
        return _time(operator.sub, a, b)
    return _number(operator.sub, a, b, kinds)


def multiply(_: Meter, a: Any, b: Any) -> Any:
    return _number(operator.mul, a, b, (kind_of(a), kind_of(b)))


def divide(_: Meter, a: Any, b: Any) -> Any:
    kinds = (kind_of(a), kind_of(b))
    if kinds == ("int", "int"):
        if b == 0:
            raise Failed("divided by zero")
        quotient = abs(a) // abs(b)
        return whole(quotient if (a < 0) == (b < 0) else -quotient)
    if kinds == ("double", "double"):
        if b == 0.0:
            raise Failed("divided by zero")
        return a / b
    raise Failed("values of these kinds are not divided")


def remainder(_: Meter, a: Any, b: Any) -> Any:
    if (kind_of(a), kind_of(b)) != ("int", "int"):
        raise Failed("values of these kinds have no remainder")
    if b == 0:
        raise Failed("divided by zero")
    rest = abs(a) % abs(b)
    return rest if a >= 0 else -rest


def _number(sign: Callable[[Any, Any], Any], a: Any, b: Any, kinds: tuple[str, str]) -> Any:
    if kinds == ("int", "int"):
        return whole(sign(whole(a), whole(b)))
    if kinds == ("double", "double"):
        return sign(a, b)
    raise Failed("values of these kinds do not go together: int() and double() turn numbers")


def _time(sign: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    try:
        return sign(a, b)
    except OverflowError:
        raise Failed("a time that no calendar has") from None


def negate(_: Meter, value: Any) -> Any:
    if kind_of(value) == "int":
        return whole(-value)
    if kind_of(value) == "double":
        return -value
    raise Failed("no number")


def contained(meter: Meter, item: Any, among: Any) -> bool:
    if kind_of(among) == "map":
        return isinstance(item, str) and item in among
    if kind_of(among) != "list":
        raise Failed("in takes a list or a map")
    return any(equal(item, other, meter) for other in among)


def index(_: Meter, of: Any, at: Any) -> Any:
    if kind_of(of) == "list" and kind_of(at) == "int":
        if not 0 <= at < len(of):
            raise Failed("no such place in the list")
        return of[at]
    if kind_of(of) == "map" and isinstance(at, str):
        return member(of, at)
    raise Failed("neither a list nor a map")


def member(of: Any, name: str) -> Any:
    if type(of) is not dict:
        raise Failed("only a map has members")
    if name not in of:
        raise Failed("no such member")
    return of[name]


def size(_: Meter, value: Any) -> int:
    if kind_of(value) not in {"string", "list", "map"}:
        raise Failed("size takes a text, a list or a map")
    return len(value)


def on_texts(sign: Callable[[str, str], bool]) -> Callable[[Meter, Any, Any], bool]:
    def run(meter: Meter, text: Any, part: Any) -> bool:
        if not isinstance(text, str) or not isinstance(part, str):
            raise Failed("texts expected")
        meter.pay((len(text) + len(part)) // TEXT_STEP)
        return sign(text, part)

    return run


def to_int(_: Meter, value: Any) -> int:
    try:
        match kind_of(value):
            case "int":
                return whole(value)
            case "double":
                return whole(int(value))
            case "string" if re.fullmatch(r"-?[0-9]{1,19}", value):
                return whole(int(value))
            case "timestamp":
                return int(value.timestamp())
    except (ValueError, OverflowError):
        pass
    raise Failed("int takes a number, or its digits")


def to_double(_: Meter, value: Any) -> float:
    try:
        if kind_of(value) in _NUMBERS:
            return float(value)
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", value):
            return float(value)
    except OverflowError:
        pass
    raise Failed("double takes a number, or its digits")


def to_string(_: Meter, value: Any) -> str:
    match kind_of(value):
        case "string":
            return str(value)
        case "int":
            return str(whole(value))
        case "double":
            return repr(value)
        case "bool":
            return "true" if value else "false"
    raise Failed("string takes a text, a number or a bool")


_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_DURATION = re.compile(r"(-?)(?:([0-9]{1,7})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)s)?")


def to_timestamp(_: Meter, value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise Failed("timestamp takes a time with its zone, such as 2026-10-01T00:00:00Z")


def to_duration(_: Meter, value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value.strip("-") else None
    if match is None:
        raise Failed("duration takes hours, minutes and seconds, such as 1h30m or 20s")
    sign, hours, minutes, seconds = match.groups()
    length = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return -length if sign else length
