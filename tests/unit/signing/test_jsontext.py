"""Strict parsing, compact rendering, canonical form."""

from __future__ import annotations

from typing import Any

import pytest

from signing import jsontext
from signing.errors import SigningError

MARK = "marked-content"


def refusal(text: bytes) -> SigningError:
    with pytest.raises(SigningError) as caught:
        jsontext.parse(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'[{"x":{"b":1,"b":1}}]',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b"[1e999]",
        b'{"a":[{"b":-1E+400}]}',
        b"[1" + b"0" * 400 + b".0]",
        b"[1] x",
        b"[1][2]",
        b"[1]\x00",
        b"\xef\xbb\xbf[1]",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'["a\nb"]',
        b"[01]",
        b"[1,]",
        b"{'a':1}",
        b"// c\n[1]",
        b"",
        b" ",
    ],
)
def test_refuses_what_parsers_read_differently(text: bytes) -> None:
    """A text that two parsers could read as two values, or one not at all, is refused."""
    assert refusal(text).kind == "json"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"{MARK}":1,"{MARK}":2}}'.encode(),
        f'["{MARK}'.encode(),
        f'["{MARK}" at line {MARK}'.encode(),
        f"[{MARK}]".encode(),
        f'{{" at line 1 {MARK}":1," at line 1 {MARK}":2}}'.encode(),
    ],
)
def test_errors_do_not_quote_the_text(text: bytes) -> None:
    """What is wrong is told by place, never by content."""
    assert MARK not in str(refusal(text))


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * depth + b"1" + closing * depth


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded_exactly(opening: bytes, closing: bytes) -> None:
    """The deepest text that is taken has MAX_DEPTH levels; one more is refused, and so are a hundred thousand."""
    assert jsontext.parse(nested(jsontext.MAX_DEPTH, opening, closing)) is not None
    assert refusal(nested(jsontext.MAX_DEPTH + 1, opening, closing)).kind == "json"
    assert refusal(nested(100_000, opening, closing)).kind == "json"


def test_brackets_in_texts_are_no_depth() -> None:
    """Depth counts arrays and objects, not the characters that stand for them inside strings."""
    text = b'["' + b"[{" * 500 + b'"]'
    assert jsontext.parse(text) == ["[{" * 500]


def test_large_integers_stay_exact() -> None:
    """An integer is not turned into a float on the way in."""
    assert jsontext.parse(b"[123456789012345678901234567890]") == [123456789012345678901234567890]


def test_render_is_compact_utf8_in_order() -> None:
    """No spaces, no ASCII escapes, no escaped slashes, members in the order given."""
    actual = jsontext.render({"b": "é/€", "a": [1, True, None, "\u2028"]})
    assert actual == '{"b":"é/€","a":[1,true,null,"\u2028"]}'.encode()


@pytest.mark.parametrize(
    "value",
    [float("inf"), [float("nan")], {"a": {"b": -float("inf")}}, {"a": None, "b": [{"c": [], "d": [1, float("inf")]}]}],
)
def test_render_refuses_infinities(value: Any) -> None:
    """An infinity never becomes a silent null."""
    with pytest.raises(SigningError, match="out of range"):
        jsontext.render(value)


@pytest.mark.parametrize("value", [object(), [10**5000], "\ud800", {"a": {1j}}])
def test_render_refuses_what_json_cannot_hold(value: Any) -> None:
    """A value without a JSON spelling is an error of kind "json", whatever the library raises."""
    with pytest.raises(SigningError) as caught:
        jsontext.render(value)
    assert caught.value.kind == "json"


def test_canonical_sorts_members_at_every_level() -> None:
    """Two orders of the same members have the same canonical bytes."""
    left = jsontext.canonical({"b": [{"z": 1, "y": "é"}], "a": None})
    right = jsontext.canonical({"a": None, "b": [{"y": "é", "z": 1}]})
    assert left == right == '{"a":null,"b":[{"y":"é","z":1}]}'.encode()


@pytest.mark.parametrize("value", [1.5, {"a": 1.0}, [[{"a": [0.1]}]], {1: 2}, [{"a": {2: "x"}}], {"a": b"x"}])
def test_canonical_refuses_values_with_several_spellings(value: Any) -> None:
    """Floats, bytes and names that are no text have no canonical form."""
    with pytest.raises(SigningError) as caught:
        jsontext.canonical(value)
    assert caught.value.kind == "json"


def test_member_gives_received_bytes() -> None:
    """The bytes of a member are those received, inner white space kept and outer left out."""
    data = b'{ "a" : 1, "esbBody" :  {"x": [1, 2.0 ], "y":"\\u00e9"}  , "b":2}'
    assert jsontext.member(data, "esbBody") == b'{"x": [1, 2.0 ], "y":"\\u00e9"}'


def test_member_absent_is_none() -> None:
    """A member that is not there is None, and one deeper down does not count."""
    assert jsontext.member(b'{"a":{"esbBody":1}}', "esbBody") is None


def test_member_needs_an_object() -> None:
    """Asking a list for a member is an error."""
    with pytest.raises(SigningError, match="not one object"):
        jsontext.member(b"[1]", "a")
