"""Why bytes are no envelope, and why an encrypted body does not open. Pure; nothing of the bytes is quoted."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.conformance.events import Diagnosis, Media
from signing import encrypted, jsontext
from signing.errors import SigningError
from signing.keys import PrivateKey, load_public

ENVELOPE: Final = '{"data":{...},"signature":"..."}'
_JSON: Final = f"send {ENVELOPE} and nothing around it"
_XML: Final = "send <esbrequest><data>...</data><signature>...</signature></esbrequest>"
_BASE64: Final = "encode the DER bytes of the signature in standard base64, in one line"


def diagnose_framing(received: bytes, media: Media) -> Diagnosis:
    """Why a body is no envelope."""
    text = received.strip()
    if not text:
        return Diagnosis("the body is empty", _JSON)
    if text.startswith(b"\xef\xbb\xbf"):
        return Diagnosis("the body begins with a byte order mark", "write UTF-8 without a byte order mark")
    if media == "xml":
        if text.startswith(b"{"):
            return Diagnosis("the body is JSON under an XML content type", "name the type that you send")
        return Diagnosis("the document is not framed as an envelope", _XML)
    if text.startswith(b"<"):
        return Diagnosis("the body is XML under a JSON content type", "send Content-Type: application/xml")
    if re.match(rb"[A-Za-z_]{1,40}=", text):
        return Diagnosis("the body is a form", _JSON)
    return _diagnose_json(received)


def _diagnose_json(received: bytes) -> Diagnosis:
    try:
        value = jsontext.parse(received)
    except SigningError as error:
        return Diagnosis(f"the body is {error.detail}", "correct the serialiser of the connector")
    if not isinstance(value, dict):
        return Diagnosis("the body is no object", _JSON)
    data, signature = value.get("data"), value.get("signature")
    if data is None or signature is None:
        lacks = " and ".join(name for name in ("data", "signature") if name not in value) or "data or signature"
        return Diagnosis(f"the envelope lacks {lacks}", _JSON)
    if isinstance(data, str):
        return Diagnosis("data is text", "embed data as an object, not as the text of one")
    if not isinstance(data, dict):
        return Diagnosis("data is no object", _JSON)
    if not isinstance(signature, str):
        return Diagnosis("signature is no text", _BASE64)
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}){32,}", signature):
        return Diagnosis("the signature is hex", _BASE64)
    if re.search(r"[-_]", signature):
        return Diagnosis("the signature is base64 for addresses (with - and _)", _BASE64)
    if re.search(r"\s", signature):
        return Diagnosis("the signature's base64 has line breaks or blanks", _BASE64)
    if len(value) > 2:
        return Diagnosis("the envelope has members beside data and signature", _JSON)
    return Diagnosis("the signature is not base64", _BASE64)


def diagnose_encrypted(value: object, private: PrivateKey) -> Diagnosis | None:
    """Why a body sealed for `private`'s public half does not open; None when it does."""
    if not isinstance(value, Mapping) or not encrypted.is_sealed(value):
        return Diagnosis(
            "the body is not encrypted",
            'send esbBody as {"ephemeralKey","iv","encryptedData"}, three texts and nothing else',
        )
    try:
        encrypted.open_for(value, private)
    except SigningError:
        return _diagnose_sealing(value, private)
    return None


def _diagnose_sealing(value: Mapping[str, Any], private: PrivateKey) -> Diagnosis:
    try:
        iv, sealed, key = (b64decode(value[name], validate=True) for name in ("iv", "encryptedData", "ephemeralKey"))
    except (Base64Error, ValueError):
        return Diagnosis("a member is not base64", "encode all three in standard base64")
    if len(iv) != 12:
        return Diagnosis(f"the IV has {len(iv)} bytes", "use 12 random bytes, new ones for each body")
    try:
        public = load_public(key)
    except SigningError:
        return Diagnosis("ephemeralKey holds no public key", "send base64 of the PEM text of the ephemeral public key")
    if public.curve != private.public.curve:
        return Diagnosis(
            f"the ephemeral key is on {public.curve}",
            f"make it on the curve of the hub's public key, {private.public.curve}",
        )
    shared = private.agree(public)
    for seen, mend, derive, body in _VARIANTS:
        try:
            AESGCM(derive(shared)).decrypt(iv, body(sealed), None)
        except (InvalidTag, ValueError):
            continue
        return Diagnosis(seen, mend)
    if not key.lstrip().startswith(b"-----BEGIN"):
        return Diagnosis("ephemeralKey is base64 of DER", "send base64 of the PEM text of the ephemeral public key")
    return Diagnosis(
        "the body does not open under the hub's key",
        "encrypt for the hub's public key of this page; AES-256-GCM without further data, key by HKDF-SHA256",
    )


def _hkdf(info: bytes) -> Callable[[bytes], bytes]:
    return lambda shared: HKDF(SHA256(), 32, bytes(32), info).derive(shared)


def _tag_first(sealed: bytes) -> bytes:
    return sealed[16:] + sealed[:16]


def _as_is(sealed: bytes) -> bytes:
    return sealed


_INFO: Final = b"aes-encryption"
_TAG: Final = ("the tag stands behind the ciphertext", "encryptedData is base64 of tag (16 bytes), then ciphertext")
_DERIVE: Final = "derive the key by HKDF-SHA256 with 32 zero bytes as salt and the info aes-encryption"
_VARIANTS: Final = (
    (*_TAG, _hkdf(_INFO), _as_is),
    ("ephemeralKey is base64 of DER", "send base64 of the PEM text of the key", _hkdf(_INFO), _tag_first),
    ("the key was derived without the info aes-encryption", _DERIVE, _hkdf(b""), _tag_first),
    ("the shared secret was used as the key", _DERIVE, lambda shared: shared[:32], _tag_first),
    (
        "the key is a plain SHA-256 of the shared secret",
        _DERIVE,
        lambda shared: hashlib.sha256(shared).digest(),
        _tag_first,
    ),
    ("the key was derived without the info, and the tag stands behind", _DERIVE, _hkdf(b""), _as_is),
    ("the shared secret was used as the key, and the tag stands behind", _DERIVE, lambda shared: shared[:32], _as_is),
)
