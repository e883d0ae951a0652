"""Why a signature does not verify: which text was signed instead, or with which kind of key, encoding or hash.

Rule: tries the known mistakes on bytes that were already refused, and says which one would have verified. It never admits
anything, and its words hold nothing of the bytes. Pure.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hub.conformance.events import Diagnosis, Media
from signing import forms, jsontext
from signing.errors import SigningError
from signing.keys import PublicKey
from signing.xmlframe import XmlFrame, declared, stripped

SIGN_SENT: Final = "serialise data once, sign exactly those bytes, and embed them unchanged"
_HASHES: Final = {"SHA-1": hashes.SHA1(), "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}  # noqa: S303
_CURVE_BITS: Final = {"secp256r1": 256, "secp256k1": 256, "secp384r1": 384}
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'


def diagnose_signature(received: bytes, media: Media, key: PublicKey) -> Diagnosis | None:
    """What was signed instead of the received text of `data`. None when the bytes are no envelope at all."""
    try:
        frame = forms.frame_body(received, "xml" if media == "xml" else "json")
    except SigningError:
        return None
    signature, data = frame.signature, frame.data
    for what, text in _texts(frame, received):
        if key.verify(text, signature):
            return Diagnosis(f"the signature is over {what}, not over the data that was sent", SIGN_SENT)
    return (
        _diagnose_encoding(frame, received, key)
        or _diagnose_hash(data, signature, key)
        or _diagnose_key(signature, key)
        or Diagnosis(
            "no text that connectors are known to sign verifies under the registered key",
            "most likely it was signed with another private key: the SHA-256 of the public key in DER must be "
            f"{key.key_id} (openssl pkey -in KEY -pubout -outform DER | sha256sum)",
        )
    )


def _texts(frame: Any, received: bytes) -> Iterator[tuple[str, bytes]]:
    """The texts that connectors sign by mistake, each with its name, behind "over"."""
    data = frame.data
    yield from _xml_texts(frame, received) if isinstance(frame, XmlFrame) else _json_texts(data)
    yield "data with a line end behind it", data + b"\n"
    yield "data with a line end behind it", data + b"\r\n"
    digest = hashlib.sha256(data)
    yield "the SHA-256 digest of data, so it was hashed twice", digest.digest()
    yield "the hex text of data's SHA-256 digest", digest.hexdigest().encode()
    yield "the base64 text of data", b64encode(data)
    yield "the base64 text of data's SHA-256 digest", b64encode(digest.digest())


def _json_texts(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "the whole envelope without its signature", b'{"data":%b}' % data
    try:
        value = jsontext.parse(data)
    except SigningError:
        return
    yield from _spellings("", value)
    body = jsontext.member(data, forms.BODY) if isinstance(value, dict) else None
    if body is not None:
        yield "esbBody alone", body
        yield from _spellings("esbBody alone, as ", value[forms.BODY])
    yield from _spellings("the whole envelope without its signature, as ", {"data": value})


def _spellings(what: str, value: Any) -> Iterator[tuple[str, bytes]]:
    """A value as the serialisers of the known clients print it."""
    styles: list[tuple[str, dict[str, Any]]] = [
        ("compact text", {"separators": (",", ":")}),
        ("spaced text (a blank behind every comma and colon)", {}),
        ("text indented by 2", {"indent": 2}),
        ("text indented by 4", {"indent": 4}),
    ]
    orders: list[tuple[str, dict[str, Any]]] = [("", {}), (" with sorted members", {"sort_keys": True})]
    for name, style in styles:
        for order, members in orders:
            for escaped in (False, True):
                # the standard library's serialiser, because that is what the client used
                text = json.dumps(value, ensure_ascii=escaped, **style, **members)  # noqa: TID251
                escapes = ", non-ASCII letters escaped" if escaped and "\\u" in text else ""
                yield f"{what}{name}{order}{escapes}", text.encode("utf-8", "surrogatepass")
                if "/" in text and not escaped:
                    yield f"{what}{name}{order}, slashes escaped", text.replace("/", "\\/").encode()


def _xml_texts(frame: XmlFrame, received: bytes) -> Iterator[tuple[str, bytes]]:
    data = frame.data
    yield "data behind an XML declaration", declared(frame)
    yield "data behind an XML declaration", _DECLARATION + data
    yield "data behind an XML declaration", _DECLARATION + b"\n" + data
    yield "data without white space between its elements", stripped(data)
    opened, closed = data.find(b">"), data.rfind(b"</")
    yield "what is inside the element data, without its tags", data[opened + 1 : closed]
    start, end = data.find(b"<esbBody"), data.rfind(b"</esbBody>")
    if 0 <= start < end:
        body = data[start : end + 10]
        yield "the element esbBody alone", body
        yield "what is inside esbBody", body[body.find(b">") + 1 : -10]
    sign, done = received.rfind(b"<signature"), received.rfind(b"</signature>")
    if 0 <= sign < done:
        yield "the whole document without its signature", received[:sign] + received[done + 12 :]


def _diagnose_encoding(frame: Any, received: bytes, key: PublicKey) -> Diagnosis | None:
    """The right key over the right text, and the signature's bytes spelt otherwise than ASN.1 DER in base64."""
    signature = frame.signature
    for what, raw in _unwrapped(signature):
        if key.verify(frame.data, raw):
            return Diagnosis(f"the signature is {what}", "encode the DER bytes of the signature in base64, once")
    half = _CURVE_BITS.get(key.curve, 0) // 8
    if not half or len(signature) != 2 * half:
        return None
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    der = encode_dss_signature(r, s)
    for what, text in [("data as it was sent", frame.data), *_texts(frame, received)]:
        if key.verify(text, der):
            also = "" if what.startswith("data as") else f"; and it is over {what}"
            return Diagnosis(
                f"the signature is r and s side by side (IEEE P1363){also}",
                "encode the signature as ASN.1 DER: withECDSA in Java, dsaEncoding 'der' in Node",
            )
    return None


def _unwrapped(signature: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes of a signature that was encoded once too often, or as hex, which is base64 by accident."""
    try:
        yield "hex, not base64", bytes.fromhex(b64encode(signature).decode())
    except ValueError:
        pass
    for what, decode in (("base64 of hex", bytes.fromhex), ("base64 of base64", b64decode)):
        try:
            yield what, decode(signature.decode("ascii"))
        except ValueError:
            continue


def _diagnose_hash(data: bytes, signature: bytes, key: PublicKey) -> Diagnosis | None:
    public = load_der_public_key(key.der())
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return None
    for name, made in _HASHES.items():
        try:
            public.verify(signature, data, ec.ECDSA(made))
        except InvalidSignature:
            continue
        return Diagnosis(f"the text was hashed with {name}", "sign with ECDSA and SHA-256")
    return None


def _diagnose_key(signature: bytes, key: PublicKey) -> Diagnosis | None:
    """A signature that cannot be of this key's kind."""
    bits = _CURVE_BITS.get(key.curve)
    if bits is None:
        return None
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        kind = "an RSA signature" if len(signature) in {128, 256, 384, 512} else "not ASN.1 DER"
        return Diagnosis(
            f"the signature is {kind}, and the registered key is on {key.curve}",
            "sign with the key whose public half is registered: ECDSA with SHA-256, as ASN.1 DER",
        )
    if max(r.bit_length(), s.bit_length()) > bits:
        return Diagnosis(
            f"the signature is of a larger curve than the registered key's {key.curve}",
            "sign with the key whose public half is registered",
        )
    return None
