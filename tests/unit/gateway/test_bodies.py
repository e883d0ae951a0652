"""What the body of a message is, whichever way it came, and again from what was kept."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import BadMessage
from hub.gateway.bodies import Claim, Claimed, find_claim, read_again, read_body, split, value_again
from hub.records import CLAIM, FORM
from signing import envelope, forms, jsontext, keys
from signing.encrypted import seal_for

KEY = keys.generate()
SENDER = keys.generate()
VALUE = {"name": "Ayú", "n": 1}
PLAIN = jsontext.render(VALUE)
DOCUMENT = b"<root><name>Ay\xc3\xba</name><n>1</n></root>"
TEXTS = {"name": "Ayú", "n": "1"}


def sent(body: Any) -> bytes:
    return envelope.seal(jsontext.render({"pushCode": "C", "esbBody": body}), SENDER)


def again(received: bytes, headers: dict[str, str], sealed: Any = "no") -> Any:
    found = read_again(received, headers, sealed, KEY)
    assert value_again(received, headers, sealed, KEY) == found.value
    return found


def test_a_plain_body_is_its_own_bytes() -> None:
    """What stands in the envelope is the body, byte for byte, also when it is read again."""
    span = b'{ "name": "Ay\\u00fa", "n": 1 }'
    body = read_body(jsontext.parse(span), span, "json", "no", KEY)
    received = b'{"data":{"pushCode":"C","esbBody":%b},"signature":"AA=="}' % span
    assert (body.plain, body.value, body.checked) == (span, VALUE, True)
    assert again(received, {}) == body


def test_a_body_encrypted_for_the_hub_is_what_comes_out() -> None:
    """The text inside decides, and the stage finds it again with the hub's key."""
    value = seal_for(PLAIN, KEY.public)
    body = read_body(value, jsontext.render(value), "json", "no", KEY)
    assert (body.plain, body.value, body.checked) == (PLAIN, VALUE, True)
    assert again(sent(value), {}) == body


@pytest.mark.parametrize(("plain", "expected"), [(DOCUMENT, TEXTS), (PLAIN, VALUE)])
def test_an_encrypted_body_in_xml_holds_xml_or_json(plain: bytes, expected: Any) -> None:
    """In an XML message the text inside is a document, or JSON as JavaScript clients have it."""
    value = seal_for(plain, KEY.public)
    received = forms.seal_form({"pushCode": "C", "esbBody": value}, SENDER, "xml", "request")
    body = again(received, {FORM: "xml"})
    assert (body.plain, body.value, body.media) == (plain, expected, "xml")


@pytest.mark.parametrize(
    ("value", "key", "code"),
    [
        (seal_for(PLAIN, SENDER.public), KEY, "AMANA-SEAL-002"),
        (seal_for(PLAIN, KEY.public), None, "AMANA-SEAL-002"),
        (seal_for(DOCUMENT, KEY.public), KEY, "AMANA-JSON-003"),
        (seal_for(b'{"a":1,"a":2}', KEY.public), KEY, "AMANA-JSON-003"),
        (seal_for(b"\xff", KEY.public), KEY, "AMANA-JSON-003"),
    ],
)
def test_what_does_not_open_or_is_not_strict_is_refused(value: Any, key: Any, code: str) -> None:
    """A body for another key, and a text inside that parsers read differently, are refused with their codes."""
    with pytest.raises(BadMessage) as caught:
        read_body(value, b"", "json", "no", key)
    assert caught.value.code == code


def test_a_body_for_the_recipient_is_not_looked_into() -> None:
    """It passes as it came and says that it was not checked; a plain one is refused."""
    value = seal_for(PLAIN, KEY.public)
    span = jsontext.render(value)
    body = read_body(value, span, "json", "recipient", KEY)
    assert (body.plain, body.value, body.checked) == (span, value, False)
    assert again(sent(value), {}, "recipient") == body
    with pytest.raises(BadMessage) as caught:
        read_body(VALUE, PLAIN, "json", "recipient", KEY)
    assert caught.value.code == "AMANA-SEAL-003"


@pytest.mark.parametrize("content", [PLAIN, jsontext.render(seal_for(PLAIN, KEY.public))])
def test_claimed_bytes_are_the_body(content: bytes) -> None:
    """Plain or encrypted, they count like those in an envelope, and lie whole behind it in what is kept."""
    claimed = Claimed(content, "json")
    received = sent({"claim": {}})
    kept = received + claimed.content
    headers = {CLAIM: claimed.header}
    body = read_body({"claim": {}}, b"", "json", "no", KEY, claimed)
    assert (body.plain, body.value) == (PLAIN, VALUE)
    assert split(kept, claimed.header) == (received, claimed)
    assert again(kept, headers) == body


def test_a_claimed_document_is_xml_whatever_the_envelope_is() -> None:
    """The upload's own content type says how it is read."""
    claimed = Claimed(DOCUMENT, "xml")
    body = again(sent({"claim": {}}) + claimed.content, {CLAIM: claimed.header})
    assert (body.value, body.media) == (TEXTS, "xml")


@pytest.mark.parametrize(
    "claim",
    [
        {},
        "r",
        {"reference": "r", "digest": "d"},
        {"reference": "r", "digest": "d", "size": 1, "x": 0},
        {"reference": 1, "digest": "d", "size": 1},
        {"reference": "r", "digest": None, "size": 1},
        {"reference": "r", "digest": "d", "size": 1.5},
        {"reference": "r", "digest": "d", "size": "one"},
        {"reference": "r", "digest": "d", "size": True},
    ],
)
def test_what_is_named_a_claim_must_be_one(claim: Any) -> None:
    """A body with the one member `claim` in another form is refused, never taken for a body."""
    with pytest.raises(BadMessage) as caught:
        find_claim({"claim": claim})
    assert caught.value.code == "AMANA-CLAIM-002"


def test_claims_are_told_from_bodies() -> None:
    """A claim has the one member; from XML its size comes as text. Everything else is a body."""
    claim = {"reference": "r", "digest": "sha256:00", "size": 12}
    assert find_claim({"claim": claim}) == find_claim({"claim": {**claim, "size": "12"}}) == Claim(*claim.values())  # type: ignore[arg-type]
    bodies: list[Any] = [[], "claim", None, {}, {"claim": claim, "x": 1}, claim]
    assert [find_claim(body) for body in bodies] == [None] * 6


@pytest.mark.parametrize("content", [b"[" + b"{}," * 250_000 + b"{}]", b"[" + b"0," * 4_000_001 + b"0]"])
def test_many_small_parts_are_refused_before_they_are_parsed(content: bytes) -> None:
    """A body that would cost far more as objects than as bytes is refused by counting; a text of as many bytes is not."""
    with pytest.raises(BadMessage) as caught:
        read_body({"claim": {}}, b"", "json", "no", KEY, Claimed(content, "json"))
    assert caught.value.code == "AMANA-CLAIM-005"
    text = b'"' + b"x" * len(content) + b'"'
    assert read_body({"claim": {}}, b"", "json", "no", KEY, Claimed(text, "json")).plain == text
