"""Conditions: what CEL says is true is true here, and no expression costs more than its steps."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from schemas.datarules.expressions import STEPS, Condition
from schemas.errors import SchemaError

ROW = {"amount": 5, "rate": 1.5, "name": "Ayu", "note": None, "days": [1, 2, 3], "who": {"grade": "III/a"}}

TRUE = [
    "message.amount > 3 && message.name.startsWith('A')",
    "message.amount == 5.0 && message.rate < 2",
    "message.note == null && !has(message.other) && has(message.name)",
    "message.days.all(d, d > 0) && message.days.exists_one(d, d == 2)",
    "message.days.filter(d, d > 1).size() == 2 && size(message.days.map(d, d * d)) == 3",
    "message.days.map(d, d > 1, d * 10) == [20, 30]",
    "message.who['grade'] in ['III/a', 'III/b']",
    "message.who.grade.matches('^I{1,3}/[a-d]$')",
    "(message.amount > 100 ? 'a' : 'b') == \"b\"",
    "false && message.other == 1 || true",
    "message.other == 1 || true",
    "-message.amount + 7 == 2 && 7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1",
    "int('12') == 12 && double('1.5') == 1.5 && string(12) == '12'",
    "timestamp('2026-10-01T00:00:00+07:00') < timestamp('2026-10-01T00:00:00Z')",
    "timestamp('2026-10-02T00:00:00Z') - timestamp('2026-10-01T00:00:00Z') == duration('24h')",
    "{'a': 1}.a == 1 && 'a' in {'a': 1} && 'a\\u0062' == 'ab'",
    "true != 1 && '1' != 1",
]

NOT_TRUE = [
    ("message.amount > 10", "it does not hold"),
    ("message.amount", "it is neither true nor false"),
    ("message.other == 1", "no such member"),
    ("message.amount + 'x' == 'x'", "values of these kinds do not go together: int() and double() turn numbers"),
    ("message.amount / 0 == 1", "divided by zero"),
    ("9223372036854775807 + 1 > 0", "a whole number beyond 64 bits"),
    ("message.days[7] == 1", "no such place in the list"),
    ("message.name > 1", "values of these kinds have no order"),
]

REFUSED = [
    "",
    "message.amount >",
    "amount > 3",
    "message.amount > 3 message",
    "now() > 3",
    "message.name.matches(message.note)",
    "message.name.matches('(')",
    "message.name.matches('(?=a)a')",
    "message.name.matches('(\\\\w{100}){100}')",
    "has(message)",
    "message.days.all(1, true)",
    "size(1, 2)",
    "b'x' == b'x'",
    "'unfinished",
    "message.amount // 2",
    "(" * 3000 + "1" + ")" * 3000,
    "!" * 3000 + "true",
    "-" * 3000 + "1 > 0",
    "+".join(["1"] * 1000) + " > 0",
    "message" + ".a" * 1000,
    "message" + "[0]" * 1000,
    "x" * 5000,
]


@pytest.mark.parametrize("text", TRUE)
def test_what_cel_says_holds_holds(text: str) -> None:
    """Operators, functions and macros mean what the language says."""
    assert Condition(text).verdict(ROW) == ""


@pytest.mark.parametrize(("text", "why"), NOT_TRUE)
def test_what_has_no_truth_does_not_hold(text: str, why: str) -> None:
    """A condition without a value does not hold, and says why without one."""
    assert Condition(text).verdict(ROW) == why


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_hub_cannot_run_is_refused_at_once(text: str) -> None:
    """Wrong, unknown, too long or too deep: refused when it is registered, without a crash."""
    with pytest.raises(SchemaError):
        Condition(text)


def hostile() -> list[tuple[str, Any]]:
    rows = [{"a": i, "b": "x" * 20} for i in range(10_000)]
    big = "x" * 1_000_000
    nest = "message.all(a, " * 8 + "a >= 0" + ")" * 8
    blow = "message" + ".map(x, [x, x, x, x])" * 10 + ".size() > 0"
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    return [
        (nest, list(range(40))),
        ("message.all(a, message.all(b, a.b == b.b))", rows),
        ("message.all(a, size(message) > 0 && message == message)", rows),
        (blow, rows),
        ("size(" + "+".join(["message"] * 20) + ") > 0", big),
        ("[1,2,3,4,5,6,7,8].map(a, message + message).size() > 0", big),
        ("[1,2,3].all(a, [1,2,3].all(b, message.contains('xy') == false))", big),
        ("message.matches('^(x+x+)+y$')", big),
        ("message.matches('(x{1,30}){1,20}y')", "x" * 49_000),
        ("message == message", deep),
        ("message.exists(k, k == 'none')", {str(i): i for i in range(300_000)}),
    ]


@pytest.mark.parametrize(("text", "message"), hostile())
def test_hostile_expressions_end_within_their_steps(text: str, message: Any) -> None:
    """Nested macros, growing lists and texts, patterns and deep values end, in bounded memory."""
    condition = Condition(text)
    tracemalloc.start()
    began = time.process_time()
    condition.verdict(message)
    spent = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64_000_000
    assert spent < 30  # a defect takes minutes; the steps, not the clock, are the limit


def test_the_same_expression_is_cut_off_at_the_same_step() -> None:
    """Whether the steps suffice depends on expression and value alone."""
    condition = Condition("message.all(a, a >= 0)")
    items = list(range(50))
    needed = next(n for n in range(1, STEPS) if condition.verdict(items, n) == "")
    assert condition.verdict(items, needed) == ""
    assert condition.verdict(items, needed - 1) == f"more than {needed - 1} steps"
