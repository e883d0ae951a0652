"""The envelope: what is framed, what is refused, and what an attacker might try between the two ends."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from signing import envelope, jsontext, keys
from signing.errors import SigningError

KEY = keys.generate()
OTHER = keys.generate("secp256k1")
RING = keys.KeyRing([keys.KeyWindow(KEY.public, 0)])
DATA = '{"pushCode":"DEMO","esbBody":{"name":"é/€","n":[1, 2]}}'.encode()
SIGNATURE = b64encode(KEY.sign(DATA))


def accept(body: bytes) -> Any:
    """What the hub does with a body: frame, verify, parse the span, and take an object only."""
    frame = envelope.frame(body)
    envelope.verify(frame, RING, 1)
    value = jsontext.parse(frame.data)
    if type(value) is not dict:
        raise SigningError("json", "not an object")
    return value


def kind_of(body: bytes) -> str:
    with pytest.raises(SigningError) as caught:
        accept(body)
    return caught.value.kind


def outcome(body: bytes) -> Any:
    """The accepted value, or the kind of the refusal."""
    try:
        return accept(body)
    except SigningError as error:
        return error.kind


SLASHED = SIGNATURE.replace(b"/", b"\\/").replace(b"=", b"\\u003d")


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":%b,"signature":"%b"}' % (DATA, SIGNATURE),
        b'{"signature":"%b","data":%b}' % (SIGNATURE, DATA),
        b'{"data": %b, "signature": "%b"}' % (DATA, SIGNATURE),
        b' \r\n{\t"data" :\n%b\n,\n"signature"\t:\t"%b"\n}\n' % (DATA, SIGNATURE),
        b'\n{ "signature" : "%b" ,\n "data" : %b\n } \n' % (SIGNATURE, DATA),
        b'{"data":%b,"signature":"%b"}' % (DATA, SLASHED),
        b'{"signature":"%b","data":%b}' % (SLASHED, DATA),
    ],
)
def test_frames_every_spelling(body: bytes) -> None:
    """Either order, any JSON white space outside the values, escapes in the signature: the same two values."""
    frame = envelope.frame(body)
    assert (frame.data, b64encode(frame.signature)) == (DATA, SIGNATURE)
    assert accept(body) == jsontext.parse(DATA)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"data":{}}',
        b'{"signature":"AAAA"}',
        b'{"data":[],"signature":"AAAA"}',
        b'{"data":"x","signature":"AAAA"}',
        b'{"data":null,"signature":"AAAA"}',
        b'{"data":{},"signature":null}',
        b'{"data":{},"signature":{"a":1}}',
        b'{"data":{},"signature":"AAA"}',
        b'{"data":{},"signature":"AA A"}',
        b'{"data":{},"signature":"AA\\nAA"}',
        b'{"data":{},"signature":"A-_A"}',
        b'{"data":{},"signature":"AA==AA=="}',
        b'{"data":{},"signature":"\\q"}',
        b'{"data":{},"signature":"\\ud800"}',
        b'{"data":{},"signature":"%b"}' % (b"A" * 4100),
        b'{"data":{},"signature":"AAAA"',
        b'{"data":{},"signature":"AAAA"}}',
        b'{"data":{},"signature":"AAAA"} x',
        b'{"data":{},"signature":"AAAA"}\x00',
        b'{"data":{} "signature":"AAAA"}',
        b'{"data":{},,"signature":"AAAA"}',
        b'{"data":,"signature":"AAAA"}',
        b'{"data":{},"signature":"AAAA","x":1}',
        b'{"x":1,"data":{},"signature":"AAAA"}',
        b'{"signature":"AAAA","x":1,"data":{}}',
        b'{"signature":"AAAA" "data":{}}',
        b'{"signature":"AAAA","data":{}',
        b'{"signature":"AAAA","data":}',
        b'{"\\u0064ata":{},"signature":"AAAA"}',
        b'\xef\xbb\xbf{"data":{},"signature":"AAAA"}',
        b'\x0b{"data":{},"signature":"AAAA"}',
        b'{"data":\xc2\xa0{},"signature":"AAAA"}',
        b"{'data':{},'signature':'AAAA'}",
        b'{"DATA":{},"SIGNATURE":"AAAA"}',
    ],
)
def test_what_is_no_envelope_is_framing(body: bytes) -> None:
    """Anything but the two members, whole and in JSON's own spelling, is refused before any key is tried."""
    with pytest.raises(SigningError) as caught:
        envelope.frame(body)
    assert caught.value.kind == "framing"


EVIL = b'{"pushCode":"DEMO","esbBody":{"name":"mallory"}}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":%b,"data":%b,"signature":"%b"}' % (EVIL, DATA, SIGNATURE),
        b'{"data":%b,"data":%b,"signature":"%b"}' % (DATA, EVIL, SIGNATURE),
        b'{"data":%b,"signature":"%b","data":%b}' % (DATA, SIGNATURE, EVIL),
        b'{"signature":"%b","data":%b,"data":%b}' % (SIGNATURE, DATA, EVIL),
        b'{"data":%b,"x":{},"signature":"%b"}' % (DATA, SIGNATURE),
        b'{"data":%b,"signature":"%b","signature":"%b"}' % (DATA, SIGNATURE, SIGNATURE),
        b'{"signature":"%b","data":%b,"signature":"%b"}' % (SIGNATURE, DATA, SIGNATURE),
        b'{"data":%b,"signature":"%b"}' % (EVIL, SIGNATURE),
        b'{"data":%b ,"signature":"%b"}' % (DATA.replace(b"[1, 2]", b"[1,2]"), SIGNATURE),
    ],
)
def test_smuggled_members_are_refused(body: bytes) -> None:
    """A second data, a second signature, a foreign member or another data never verifies."""
    assert kind_of(body) in {"framing", "signature"}


@pytest.mark.parametrize(
    "span",
    [
        b'{"a":1},"data":{"a":2}',
        b'{"a":1},"signature":"AAAA","data":{"a":2}',
        b'{"a":1}{"a":2}',
        b'{"a":1,"a":2}',
        b'{"a":1}}',
        b'{{"a":1}',
        b'{"a":1e999}',
    ],
)
def test_a_signed_span_that_is_no_single_object_is_refused(span: bytes) -> None:
    """A sender that signs a span breaking out of its place gets it verified and then refused by the parser."""
    signature = b64encode(KEY.sign(span))
    for body in (
        b'{"data":%b,"signature":"%b"}' % (span, signature),
        b'{"data": %b, "signature":"%b"}' % (span, signature),
        b'{"signature":"%b","data":%b}' % (signature, span),
    ):
        assert kind_of(body) == "json"


def test_what_is_accepted_is_well_formed_as_a_whole() -> None:
    """The reason why spans suffice: the body around an accepted span is one object with exactly the two members."""
    for body in (
        b'{"data":%b,"signature":"%b"}' % (DATA, SLASHED),
        b' {"signature" : "%b", "data":%b } ' % (SLASHED, DATA),
    ):
        assert accept(body) == jsontext.parse(body)["data"]
        assert sorted(jsontext.parse(body)) == ["data", "signature"]


def test_every_single_byte_change_is_refused_or_means_the_same() -> None:
    """Each byte of an envelope flipped bit by bit, deleted, or preceded by a telling byte: never other data."""
    data = b'{"pushCode":"D","esbBody":{"n":1}}'
    body = envelope.seal(data, KEY)
    expected = jsontext.parse(data)
    changed = []
    for at in range(len(body)):
        changed += [body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :] for bit in range(8)]
        changed += [body[:at] + body[at + 1 :]]
        changed += [body[:at] + bytes([byte]) + body[at:] for byte in b'",:{}[] \\0'] if at % 3 == 0 else []
    outcomes = [outcome(attempt) for attempt in changed]
    refused = [each for each in outcomes if each in ("framing", "signature")]
    assert [each for each in outcomes if each not in ("framing", "signature") and each != expected] == []
    assert len(refused) > len(changed) * 0.95


def test_verify_names_the_key_that_signed() -> None:
    """With two valid keys either signs, and the answer says which."""
    ring = keys.KeyRing([keys.KeyWindow(KEY.public, 0), keys.KeyWindow(OTHER.public, 0)])
    actual = [envelope.verify(envelope.frame(envelope.seal(DATA, key)), ring, 1) for key in (KEY, OTHER)]
    assert actual == [KEY.public, OTHER.public]


@pytest.mark.parametrize(
    ("ring", "now", "kind"),
    [
        (keys.KeyRing([]), 5, "no-key"),
        (keys.KeyRing([keys.KeyWindow(KEY.public, 0, 5)]), 5, "expired-key"),
        (keys.KeyRing([keys.KeyWindow(KEY.public, 6)]), 5, "expired-key"),
        (keys.KeyRing([keys.KeyWindow(KEY.public, 0, 5), keys.KeyWindow(OTHER.public, 5)]), 5, "expired-key"),
        (keys.KeyRing([keys.KeyWindow(OTHER.public, 0)]), 5, "signature"),
        (keys.KeyRing([keys.KeyWindow(OTHER.public, 0, 5)]), 5, "no-key"),
    ],
)
def test_why_a_signature_does_not_count(ring: keys.KeyRing, now: int, kind: str) -> None:
    """No key, a key outside its validity and a wrong signature are told apart."""
    with pytest.raises(SigningError) as caught:
        envelope.verify(envelope.frame(envelope.seal(DATA, KEY)), ring, now)
    assert caught.value.kind == kind


def test_seal_is_the_exact_form() -> None:
    """An envelope of ours is the data node between fixed bytes: receivers cut it by position."""
    body = envelope.seal(DATA, KEY)
    assert body.startswith(b'{"data":{"pushCode"')
    assert body.startswith(b'{"data":' + DATA + b',"signature":"')
    assert body.endswith(b'"}')
    assert accept(body) == jsontext.parse(DATA)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b' {"a":1}', b'{"a":1}\n'])
def test_seal_takes_an_object_only(data: bytes) -> None:
    """What is not the text of one object is not sealed."""
    with pytest.raises(SigningError, match="framing"):
        envelope.seal(data, KEY)


def test_render_data_is_compact_utf8() -> None:
    """Order kept, nothing escaped that need not be."""
    actual = envelope.render_data({"success": True, "esbBody": {"z": "é/", "a": [1, -(2**53), None, ()]}})
    assert actual == '{"success":true,"esbBody":{"z":"é/","a":[1,-9007199254740992,null,[]]}}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        2**53 + 1,
        -(2**53) - 1,
        {"1": "x"},
        {"0": "x"},
        [{"a": {"10": 1}}],
        {1: "x"},
        b"x",
        "a\x0bb",
        ["\x1f"],
        "\\\x1a",
    ],
)
def test_render_data_refuses_what_a_client_would_reprint(value: Any) -> None:
    """Floats, large integers, integer-like names and some control characters change in a client's round trip."""
    with pytest.raises(SigningError) as caught:
        envelope.render_data({"esbBody": value})
    assert caught.value.kind == "json"


@pytest.mark.parametrize("value", [{"01": 1, "-1": 2, "1a": 3, "": 4}, "\\u001f", "\t\n\r\b\f\x01", "\x7f\u2028"])
def test_render_data_takes_what_survives(value: Any) -> None:
    """Names that only begin like integers, escaped backslashes and portable escapes are fine."""
    text = envelope.render_data({"esbBody": value})
    assert jsontext.parse(text) == {"esbBody": value}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":{},"signature":"' + b"A" * 1_000_000 + b'"}',
        b'{"signature":"' + b"\\" * 1_000_000,
        b'{"signature":"' + b"A" * 1_000_000,
        b'{"data":{' + b'"signature":"' * 80_000,
        b" " * 1_000_000,
        b'{"data"' + b" " * 1_000_000,
        b'{"data":{}' + b" " * 500_000 + b"," + b" " * 500_000 + b'"signature":"A"}',
    ],
)
def test_framing_a_hostile_megabyte_is_linear(body: bytes) -> None:
    """No shape of a megabyte makes framing go back over it again and again: the suite's time limit is minutes short of that."""
    with pytest.raises(SigningError, match="framing"):
        envelope.frame(body)
