"""Conditions of rules, made ready once and run many times, each run within a number of steps.

Rule: an expression reads its message and nothing else: no clock, no chance, no state. It is deterministic down to the
step at which it is cut off, so a stage that runs again decides alike. Why not a library: docs/adr/0029-data-rules.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import jsonschema_rs

from schemas.datarules import syntax as s
from schemas.datarules import values as v
from schemas.errors import SchemaError

STEPS: Final = 200_000
"""Of one run: some 0.1 s at worst, and some 20 MB."""
MOST_PATTERN: Final = 256
PATTERN_BYTES: Final = 65_536
MESSAGE: Final = "message"

Scope = dict[str, Any]
Run = Callable[[Scope, v.Meter], Any]

FUNCTIONS: Final[dict[str, tuple[int, Callable[..., Any]]]] = {
    "<": (2, v.compare(operator.lt)),
    "<=": (2, v.compare(operator.le)),
    ">": (2, v.compare(operator.gt)),
    ">=": (2, v.compare(operator.ge)),
    "==": (2, lambda meter, a, b: v.equal(a, b, meter)),
    "!=": (2, lambda meter, a, b: not v.equal(a, b, meter)),
    "in": (2, v.contained),
    "+": (2, v.add),
    "-": (2, v.subtract),
    "*": (2, v.multiply),
    "/": (2, v.divide),
    "%": (2, v.remainder),
    "neg": (1, v.negate),
    "[]": (2, v.index),
    "size": (1, v.size),
    "startsWith": (2, v.on_texts(str.startswith)),
    "endsWith": (2, v.on_texts(str.endswith)),
    "contains": (2, v.on_texts(str.__contains__)),
    "int": (1, v.to_int),
    "double": (1, v.to_double),
    "string": (1, v.to_string),
    "timestamp": (1, v.to_timestamp),
    "duration": (1, v.to_duration),
}


class Condition:
    """A compiled expression. Raises `SchemaError` of kind `rule` for one that the hub does not run."""

    __slots__ = ("_run", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._run = _compile(s.parse(text), frozenset({MESSAGE}))

    def holds(self, message: Any, steps: int = STEPS) -> bool:
        """Whether the condition is true of `message`. What has no value, is no truth value or takes more than `steps`
        is not true: see `verdict` for which."""
        return self.verdict(message, steps) == ""

    def verdict(self, message: Any, steps: int = STEPS) -> str:
        """Empty when it holds; else why not, in words without a value."""
        try:
            result = self._run({MESSAGE: message}, v.Meter(steps))
        except v.Failed as failed:
            return str(failed)
        except v.Exhausted:
            return f"more than {steps} steps"
        except RecursionError:
            return "nested too deeply"
        if result is True:
            return ""
        return "it does not hold" if result is False else "it is neither true nor false"


def _compile(node: s.Node, names: frozenset[str]) -> Run:
    match node:
        case s.Literal(value):
            return lambda _scope, _meter: value
        case s.Name(name):
            return _name(name, names)
        case s.Select(of, member, test):
            return _select(_compile(of, names), member, test=test)
        case s.Listed(items):
            return _listed([_compile(item, names) for item in items])
        case s.Mapped(items=pairs):
            return _mapped([(_compile(key, names), _compile(value, names)) for key, value in pairs])
        case s.Loop():
            inner = names | {node.name}
            keep = None if node.keep is None else _compile(node.keep, inner)
            return partial(_LOOPS[node.macro], _compile(node.over, names), node.name, _compile(node.step, inner), keep)
        case s.Call():
            return _call(node, names)


def _name(name: str, names: frozenset[str]) -> Run:
    if name not in names:
        raise SchemaError("rule", f"nothing is called {name[:40]}: the record is called {MESSAGE}")

    def run(scope: Scope, meter: v.Meter) -> Any:
        meter.pay(1)
        return scope[name]

    return run


def _select(of: Run, member: str, *, test: bool) -> Run:
    def run(scope: Scope, meter: v.Meter) -> Any:
        meter.pay(1)
        found = of(scope, meter)
        if test and type(found) is dict:
            return member in found
        return v.member(found, member)

    return run


def _listed(items: list[Run]) -> Run:
    def run(scope: Scope, meter: v.Meter) -> Any:
        meter.pay(1 + len(items))
        return [item(scope, meter) for item in items]

    return run


def _mapped(items: list[tuple[Run, Run]]) -> Run:
    def run(scope: Scope, meter: v.Meter) -> Any:
        meter.pay(1 + len(items))
        made = {}
        for key, value in items:
            name = key(scope, meter)
            if not isinstance(name, str):
                raise v.Failed("a map has texts for keys")
            made[name] = value(scope, meter)
        return made

    return run


def _call(node: s.Call, names: frozenset[str]) -> Run:
    if node.name == "matches":
        return _matches(node, names)
    args = [_compile(arg, names) for arg in node.args]
    if node.name in {"&&", "||"}:
        return partial(_junction, args, node.name == "||")
    if node.name == "!":
        return partial(_negated, args[0])
    if node.name == "?:":
        return partial(_choice, args[0], args[1], args[2])
    arity, function = FUNCTIONS.get(node.name, (-1, None))
    if function is None:
        raise SchemaError("rule", f"the function {node.name[:40]} is not one that the hub runs")
    if arity != len(args):
        raise SchemaError("rule", f"{node.name} takes another number of arguments")

    def run(scope: Scope, meter: v.Meter) -> Any:
        meter.pay(1)
        return function(meter, *[arg(scope, meter) for arg in args])

    return run


def _matches(node: s.Call, names: frozenset[str]) -> Run:
    """The pattern is a literal, so it is compiled once, on an engine whose time is linear in the text."""
    if len(node.args) != 2 or not isinstance(node.args[1], s.Literal) or not isinstance(node.args[1].value, str):
        raise SchemaError("rule", "matches takes a pattern that is written out")
    pattern = node.args[1].value
    if len(pattern) > MOST_PATTERN:
        raise SchemaError("rule", f"a pattern longer than {MOST_PATTERN} characters")
    options = jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=16 * PATTERN_BYTES)
    try:
        found = jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options).is_valid
    except ValueError:
        raise SchemaError("rule", "a pattern that is none, or too large once it is written out") from None
    of = _compile(node.args[0], names)

    def run(scope: Scope, meter: v.Meter) -> Any:
        text = of(scope, meter)
        if not isinstance(text, str):
            raise v.Failed("matches takes a text")
        meter.pay(4 + 4 * len(text))
        return found(text)

    return run


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise v.Failed("neither true nor false")
    return value


def _junction(parts: list[Run], decided_by: bool, scope: Scope, meter: v.Meter) -> bool:
    """Of `&&` and `||`: a part that decides wins over one that has no value, whichever comes first."""
    failed: v.Failed | None = None
    for part in parts:
        meter.pay(1)
        try:
            if _truth(part(scope, meter)) is decided_by:
                return decided_by
        except v.Failed as found:
            failed = found
    if failed is not None:
        raise failed
    return not decided_by


def _negated(part: Run, scope: Scope, meter: v.Meter) -> bool:
    meter.pay(1)
    return not _truth(part(scope, meter))


def _choice(condition: Run, then: Run, other: Run, scope: Scope, meter: v.Meter) -> Any:
    meter.pay(1)
    return (then if _truth(condition(scope, meter)) else other)(scope, meter)


def _items(over: Run, scope: Scope, meter: v.Meter) -> list[Any]:
    found = over(scope, meter)
    if v.kind_of(found) not in {"list", "map"}:
        raise v.Failed("only a list or a map has items")
    meter.pay(1 + len(found))
    return list(found)


def _decide(over: Run, name: str, step: Run, _: Run | None, scope: Scope, meter: v.Meter, *, decided_by: bool) -> bool:
    inner = dict(scope)
    failed: v.Failed | None = None
    for item in _items(over, scope, meter):
        meter.pay(1)
        inner[name] = item
        try:
            if _truth(step(inner, meter)) is decided_by:
                return decided_by
        except v.Failed as found:
            failed = found
    if failed is not None:
        raise failed
    return not decided_by


def _filter(over: Run, name: str, step: Run, _: Run | None, scope: Scope, meter: v.Meter) -> list[Any]:
    inner = dict(scope)
    kept = []
    for item in _items(over, scope, meter):
        meter.pay(1)
        inner[name] = item
        if _truth(step(inner, meter)):
            kept.append(item)
    return kept


def _exists_one(over: Run, name: str, step: Run, _: Run | None, scope: Scope, meter: v.Meter) -> bool:
    return len(_filter(over, name, step, None, scope, meter)) == 1


def _map(over: Run, name: str, step: Run, keep: Run | None, scope: Scope, meter: v.Meter) -> list[Any]:
    inner = dict(scope)
    made = []
    for item in _items(over, scope, meter):
        meter.pay(1)
        inner[name] = item
        if keep is None or _truth(keep(inner, meter)):
            made.append(step(inner, meter))
    return made


_LOOPS: Final[dict[str, Callable[..., Any]]] = {
    "all": partial(_decide, decided_by=False),
    "exists": partial(_decide, decided_by=True),
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
}
