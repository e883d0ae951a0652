"""Envelopes of generated data, whole and damaged."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signing import envelope, jsontext, keys
from signing.errors import SigningError
from tests.properties.signing.strategies import JSON, PORTABLE_OBJECTS, TEXTS, single_byte_changes

KEYS = [keys.generate(curve) for curve in keys.CURVES]
RING = keys.KeyRing([keys.KeyWindow(key.public, 0) for key in KEYS])
SPACES = st.text(" \t\r\n", max_size=3).map(str.encode)


def accept(body: bytes) -> Any:
    frame = envelope.frame(body)
    envelope.verify(frame, RING, 1)
    value = jsontext.parse(frame.data)
    if type(value) is not dict:
        raise SigningError("json", "not an object")
    return value


def outcome(body: bytes) -> Any:
    """The accepted value, or the kind of the refusal as text."""
    try:
        return accept(body)
    except SigningError as error:
        return error.kind


@given(PORTABLE_OBJECTS, st.sampled_from(KEYS))
def test_what_is_sealed_is_accepted(members: dict[str, Any], key: keys.PrivateKey) -> None:
    """A sealed envelope frames to its data node, verifies under the key that sealed it, and means the same."""
    data = envelope.render_data(members)
    frame = envelope.frame(envelope.seal(data, key))
    assert frame.data == data
    assert envelope.verify(frame, RING, 1) == key.public
    assert jsontext.parse(frame.data) == members


@given(st.data())
def test_no_single_byte_change_is_accepted_as_something_else(data: st.DataObject) -> None:
    """One byte replaced, inserted or deleted anywhere: refused, or the very same data."""
    members = data.draw(PORTABLE_OBJECTS)
    body = envelope.seal(envelope.render_data(members), KEYS[0])
    changed = data.draw(single_byte_changes(body))
    actual = outcome(changed)
    assert actual in ("framing", "signature") or jsontext.render(actual) == jsontext.render(members)


@st.composite
def spelled(draw: st.DrawFn, data: bytes, signature: bytes) -> bytes:
    """An envelope around the two values with any order, white space and escaping that JSON allows."""
    text = b64encode(signature)
    if draw(st.booleans()):
        text = text.replace(b"/", b"\\/").replace(b"=", draw(st.sampled_from([b"\\u003d", b"\\u003D"])))
    s = [draw(SPACES) for _ in range(10)]
    first = b'"data"' + s[0] + b":" + s[1] + data + s[2]
    second = b'"signature"' + s[3] + b":" + s[4] + b'"' + text + b'"' + s[5]
    if draw(st.booleans()):
        first, second = second, first
    return s[6] + b"{" + s[7] + first + b"," + s[8] + second + b"}" + s[9]


@given(st.data())
def test_every_spelling_around_the_values_is_framed(data: st.DataObject) -> None:
    """Whatever JSON allows outside the two values, the same bytes are verified, and the whole is well-formed."""
    members = data.draw(st.dictionaries(TEXTS, JSON, max_size=4))
    node = jsontext.render(members)
    signature = KEYS[0].sign(node)
    body = data.draw(spelled(node, signature))
    assert envelope.frame(body) == envelope.Frame(node, signature)
    assert jsontext.parse(body) == {"data": members, "signature": b64encode(signature).decode()}


@given(
    st.lists(st.sampled_from([b'{"a":1}', b'"data":', b'"signature":', b'"AAAA"', b"{", b"}", b",", b" "]), max_size=9)
)
def test_a_signed_span_never_makes_an_ill_formed_body_acceptable(parts: list[bytes]) -> None:
    """However a sender composes a span, signs it and puts it in its place: what is accepted is what an ordinary
    strict parser finds in the whole body, and that body has the two members only."""
    span = b"".join(parts)
    signature = KEYS[0].sign(span)
    for body in (
        b'{"data":%b,"signature":"%b"}' % (span, b64encode(signature)),
        b'{"signature":"%b","data":%b}' % (b64encode(signature), span),
    ):
        actual = outcome(body)
        if not isinstance(actual, str):
            assert jsontext.parse(body) == {"data": actual, "signature": b64encode(signature).decode()}


@given(st.binary(max_size=80) | st.text('{}",:datsignur \\', max_size=60).map(str.encode))
def test_no_body_raises_anything_else(body: bytes) -> None:
    """Arbitrary bodies are refused in one of the known ways."""
    assert outcome(body) in ("framing", "signature")
