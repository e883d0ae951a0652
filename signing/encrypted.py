"""The encrypted body of the GovESB clients: `{"ephemeralKey","iv","encryptedData"}`, sealed for one public key.

    ephemeralKey    base64 of the PEM text of a fresh public key on the recipient's curve
    iv              base64 of 12 bytes
    encryptedData   base64 of tag (16) and ciphertext, AES-256-GCM
    key             HKDF-SHA256(ECDH secret, salt: 32 zero bytes, info: "aes-encryption", 32 bytes)

Rule: one error, with one text, for whatever is wrong: who sends damaged bodies learns nothing from the answers. The
format authenticates no sender; open only what came inside a verified envelope. Every byte of `iv` and `encryptedData`
counts; the key's PEM text has several spellings, of which each client writes its own.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from secrets import token_bytes
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signing.errors import SigningError
from signing.keys import CURVES, PrivateKey, PublicKey, generate, load_public

MEMBERS: Final = frozenset({"ephemeralKey", "iv", "encryptedData"})
MAX_KEY_TEXT: Final = 1024
"""Characters of `ephemeralKey`; P-384 needs 288."""

_IV: Final = 12
_TAG: Final = 16
_ARMOUR: Final = b"-----BEGIN PUBLIC KEY-----"


def is_sealed(value: object) -> bool:
    """Whether a body has the shape of an encrypted one: the three members as text, and nothing else."""
    return isinstance(value, Mapping) and value.keys() == MEMBERS and all(type(v) is str for v in value.values())


def seal_for(plain: bytes, public: PublicKey) -> dict[str, str]:
    """`plain` for the holder of `public`'s private half. Raises "sealed-body" when that is no ECDSA key."""
    if public.curve not in CURVES:
        raise SigningError("sealed-body", "a body is sealed for a key on an elliptic curve")
    fresh = generate(public.curve)
    iv = token_bytes(_IV)
    sealed = AESGCM(_derive(fresh.agree(public))).encrypt(iv, plain, None)
    return {
        "ephemeralKey": b64encode(fresh.public.pem().encode()).decode(),
        "iv": b64encode(iv).decode(),
        "encryptedData": b64encode(sealed[-_TAG:] + memoryview(sealed)[:-_TAG]).decode(),
    }


def open_for(value: Mapping[str, Any], private: PrivateKey) -> bytes:
    """Inverse of `seal_for`. Raises "sealed-body" for another shape, another key or curve, and any changed byte."""
    try:
        return _open(value, private)
    except (SigningError, InvalidTag):
        raise SigningError("sealed-body", "does not open under this key") from None


def _open(value: Mapping[str, Any], private: PrivateKey) -> bytes:
    if not is_sealed(value) or len(value["ephemeralKey"]) > MAX_KEY_TEXT:
        raise SigningError("sealed-body", "shape")
    iv = _decode(value["iv"])
    sealed = _decode(value["encryptedData"])
    pem = _decode(value["ephemeralKey"])
    if len(iv) != _IV or len(sealed) < _TAG or not pem.startswith(_ARMOUR):
        raise SigningError("sealed-body", "shape")
    aead = AESGCM(_derive(private.agree(load_public(pem))))
    return aead.decrypt(iv, sealed[_TAG:] + sealed[:_TAG], None)


def _derive(shared: bytes) -> bytes:
    return HKDF(SHA256(), 32, bytes(32), b"aes-encryption").derive(shared)


def _decode(text: str) -> bytes:
    """Strict base64: one spelling for the same bytes, unlike the decoder's own leniency towards the last bits."""
    try:
        raw = a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError):
        raise SigningError("sealed-body", "base64") from None
    if raw and b64encode(raw[-((len(raw) - 1) % 3 + 1) :]).decode() != text[-4:]:
        raise SigningError("sealed-body", "base64")
    return raw
