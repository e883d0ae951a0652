"""Every known mistake in signing, framing and encrypting is told by name, and nothing of a body is quoted."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key

from hub.conformance.diagnosis import diagnose_signature
from hub.conformance.framing import diagnose_encrypted, diagnose_framing
from signing import encrypted
from signing.keys import PrivateKey, generate

KEY, STRANGER, HUB = generate(), generate(), generate()
VALUE = {"pushCode": "TRIAL-PUSH", "esbBody": {"name": "Émilie/HUSH", "a": [1, True]}}


def text(value: object, **style: object) -> bytes:
    return json.dumps(value, **style).encode()  # type: ignore[arg-type]  # noqa: TID251  # as the clients serialise


COMPACT = text(VALUE, separators=(",", ":"), ensure_ascii=False)
SPACED = text(VALUE)


def envelope_of(data: bytes, signature: bytes) -> bytes:
    return b'{"data":%b,"signature":"%b"}' % (data, b64encode(signature))


@pytest.mark.parametrize(
    ("sent", "signed", "told"),
    [
        (COMPACT, SPACED, "spaced text (a blank behind every comma and colon), non-ASCII letters escaped"),
        (COMPACT, text(VALUE, ensure_ascii=False), "spaced text (a blank behind every comma and colon)"),
        (COMPACT, text(VALUE, separators=(",", ":")), "compact text, non-ASCII letters escaped"),
        (COMPACT, text(VALUE, sort_keys=True, separators=(",", ":"), ensure_ascii=False), "with sorted members"),
        (COMPACT, COMPACT.replace(b"/", b"\\/"), "slashes escaped"),
        (COMPACT, text(VALUE, indent=2, ensure_ascii=False), "indented by 2"),
        (SPACED, COMPACT, "compact text"),
        (COMPACT, b'{"data":%b}' % COMPACT, "the whole envelope without its signature"),
        (COMPACT, text({"data": VALUE}), "the whole envelope without its signature, as spaced"),
        (COMPACT, text(VALUE["esbBody"], separators=(",", ":"), ensure_ascii=False), "esbBody alone"),
        (COMPACT, text(VALUE["esbBody"]), "esbBody alone, as spaced"),
        (COMPACT, COMPACT + b"\n", "a line end behind"),
        (COMPACT, hashlib.sha256(COMPACT).digest(), "hashed twice"),
        (COMPACT, hashlib.sha256(COMPACT).hexdigest().encode(), "hex text"),
        (COMPACT, b64encode(COMPACT), "the base64 text of data"),
    ],
)
def test_the_text_that_was_signed_is_named(sent: bytes, signed: bytes, told: str) -> None:
    """What would have verified, in words, and never a word of the body."""
    found = diagnose_signature(envelope_of(sent, KEY.sign(signed)), "json", KEY.public)
    assert found is not None
    assert told in found.seen
    assert "HUSH" not in found.seen + found.mend


BODY = b"<esbBody><name>HUSH</name></esbBody>"
DATA = b"<data><pushCode>TRIAL-PUSH</pushCode>" + BODY + b"</data>"


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?>' + DATA, "behind an XML declaration"),
        (DATA[6:-7], "inside the element data"),
        (BODY, "the element esbBody alone"),
        (BODY[9:-10], "what is inside esbBody"),
        (b"<esbrequest>" + DATA + b"</esbrequest>", "the whole document without its signature"),
    ],
)
def test_the_xml_that_was_signed_is_named(signed: bytes, told: str) -> None:
    """The usual mistakes with elements."""
    sent = b"<esbrequest>%b<signature>%b</signature></esbrequest>" % (DATA, b64encode(KEY.sign(signed)))
    found = diagnose_signature(sent, "xml", KEY.public)
    assert found is not None
    assert told in found.seen
    assert "HUSH" not in found.seen


def other_hash(data: bytes) -> bytes:
    key = load_der_private_key(der_of(KEY), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.sign(data, ec.ECDSA(hashes.SHA512()))


def der_of(key: PrivateKey) -> bytes:
    from base64 import b64decode

    return b64decode(b"".join(line for line in key.pem().splitlines() if not line.startswith(b"-----")))


def side_by_side(data: bytes) -> bytes:
    r, s = decode_dss_signature(KEY.sign(data))
    return r.to_bytes(32) + s.to_bytes(32)


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        (side_by_side(COMPACT), "side by side (IEEE P1363)"),
        (side_by_side(SPACED), "and it is over spaced text"),
        (KEY.sign(COMPACT).hex().encode(), "base64 of hex"),
        (b64encode(KEY.sign(COMPACT)), "base64 of base64"),
        (other_hash(COMPACT), "SHA-512"),
        (generate("secp384r1").sign(COMPACT), "larger curve"),
        (b"r" * 256, "an RSA signature"),
        (b"nothing", "not ASN.1 DER"),
        (STRANGER.sign(COMPACT), "no text that connectors are known to sign"),
    ],
    ids=lambda value: value if isinstance(value, str) else "signature",
)
def test_the_wrong_key_hash_or_encoding_is_named(signature: bytes, told: str) -> None:
    """What no other text explains lies in the key, the hash, or the signature's encoding."""
    found = diagnose_signature(envelope_of(COMPACT, signature), "json", KEY.public)
    assert found is not None
    assert told in found.seen


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"<esbrequest/>", "XML under a JSON content type"),
        (b"data=x&signature=y", "a form"),
        (b"{", "not strict JSON"),
        (b'{"data":{},"data":{},"signature":""}', "a member occurs twice"),
        (b"[]", "no object"),
        (b'{"data":{}}', "lacks signature"),
        (b'{"signature":"x"}', "lacks data"),
        (text({"data": "{}", "signature": "x"}), "data is text"),
        (text({"data": {}, "signature": 1}), "signature is no text"),
        (text({"data": {}, "signature": KEY.sign(b"").hex()}), "hex"),
        (text({"data": {}, "signature": urlsafe_b64encode(b"\xff" * 64).decode()}), "for addresses"),
        (text({"data": {}, "signature": "AAAA\nAAAA"}), "line breaks"),
        (text({"data": {}, "signature": "AAAA", "version": 1}), "members beside"),
        (text({"data": {}, "signature": "AAA"}), "not base64"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",  # signatures differ from run to run
)
def test_what_is_no_envelope_is_told_why(body: bytes, told: str) -> None:
    """Each way of missing the frame has its own words."""
    assert told in diagnose_framing(body, "json").seen


def test_json_under_an_xml_type_is_told() -> None:
    """The content type and the body disagree."""
    assert "JSON under an XML" in diagnose_framing(b"{}", "xml").seen


def sealed_with(derive: Callable[[bytes], bytes], *, tag_first: bool = True, der: bool = False) -> dict[str, str]:
    fresh = generate()
    sealed = AESGCM(derive(fresh.agree(HUB.public))).encrypt(b"i" * 12, b'{"a":1}', None)
    key = fresh.public.der() if der else fresh.public.pem().encode()
    return {
        "ephemeralKey": b64encode(key).decode(),
        "iv": b64encode(b"i" * 12).decode(),
        "encryptedData": b64encode(sealed[-16:] + sealed[:-16] if tag_first else sealed).decode(),
    }


def proper(shared: bytes) -> bytes:
    return HKDF(SHA256(), 32, bytes(32), b"aes-encryption").derive(shared)


def test_a_body_that_opens_has_no_diagnosis() -> None:
    """The clients' own way of encrypting, and ours, are right."""
    assert diagnose_encrypted(sealed_with(proper), HUB) is None
    assert diagnose_encrypted(encrypted.seal_for(b"{}", HUB.public), HUB) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"name": "HUSH"}, "not encrypted"),
        (sealed_with(proper, tag_first=False), "tag stands behind"),
        (sealed_with(proper, der=True), "base64 of DER"),
        (sealed_with(lambda s: HKDF(SHA256(), 32, bytes(32), b"").derive(s)), "without the info"),
        (sealed_with(lambda s: s), "used as the key"),
        (sealed_with(lambda s: hashlib.sha256(s).digest()), "plain SHA-256"),
        (sealed_with(proper) | {"iv": b64encode(b"i" * 16).decode()}, "IV has 16 bytes"),
        (sealed_with(proper) | {"iv": "*"}, "not base64"),
        (sealed_with(proper) | {"ephemeralKey": b64encode(b"key").decode()}, "no public key"),
        (encrypted.seal_for(b"{}", generate("secp256k1").public), "on secp256k1"),
        (encrypted.seal_for(b"{}", STRANGER.public), "does not open"),
    ],
)
def test_why_an_encrypted_body_does_not_open_is_told(value: dict[str, str], told: str) -> None:
    """The order of the tag, the derivation, the key's encoding, the curve."""
    found = diagnose_encrypted(value, HUB)
    assert found is not None
    assert told in found.seen
