"""Values that every client reprints alike, and the rules that refuse the others."""

from __future__ import annotations

from typing import Any

import pytest

from signing import jsontext
from signing.errors import SigningError
from signing.portable import number_text, portable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1e3, "1000"),
        (-0.0, "0"),
        (2**53, "9007199254740992"),
        (-(2.0**53), "-9007199254740992"),
        (0.001, "0.001"),
        (9999999.5, "9999999.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (["a", [1, True, None]], '["a",[1,true,null]]'),
        ({"b": 1, "10": 2, "9": 3, "0": 4}, '{"0":4,"9":3,"10":2,"b":1}'),
        ({"4294967295": 1, "4294967294": 2, "01": 3, "-1": 4}, '{"4294967294":2,"4294967295":1,"01":3,"-1":4}'),
        ("\t\n\r\b\f\x01\x7f\u2028é", '"\\t\\n\\r\\b\\f\\u0001\x7f\u2028é"'),
    ],
)
def test_a_portable_value_has_one_spelling(value: Any, text: str) -> None:
    """The value stays, its spelling becomes the one that JavaScript and Jackson print."""
    made = portable(value)
    assert made == value
    assert jsontext.render(made).decode() == text


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (2**53 + 1, "2\\^53"),
        (1e20, "2\\^53"),
        (0.00099, "fraction"),
        (10_000_000.5, "fraction"),
        (float("nan"), "fraction"),
        (float("inf"), "fraction"),
        ("\x0b", "control"),
        ({"\x1f": 1}, "control"),
        ({1: 1}, "not text"),
        (b"x", "plain"),
        ({"a": object()}, "plain"),
    ],
)
def test_what_no_spelling_makes_portable_is_refused_by_rule(value: Any, rule: str) -> None:
    """Each refusal names its rule, and nothing of the value."""
    with pytest.raises(SigningError, match=rule) as caught:
        portable([value])
    assert caught.value.kind == "json"


def test_depth_is_bounded() -> None:
    """64 levels are taken, 65 are refused, however the value is made."""
    value: Any = 1
    for _ in range(64):
        value = [value]
    assert portable(value) == value
    with pytest.raises(SigningError, match="deeper"):
        portable([value])


def test_number_text_is_the_same_spelling() -> None:
    """In XML a number is the text that JSON would show."""
    assert [number_text(number) for number in (1.0, 12, 0.25)] == ["1", "12", "0.25"]
