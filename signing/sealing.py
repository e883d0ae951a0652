"""Sealed bodies: one random secret per message, keys derived from it per purpose, secrets wrapped for keeping.

Rule: whoever has not the secret has nothing, and destroying the secret destroys every body sealed under it. All
sealing is AES-256-GCM with a random nonce, bound to the id of what it seals. Formats (version byte first):

    sealed body      01 | nonce (12) | ciphertext and tag (16)         AAD = record id
    wrapped secret   01 | salt (16) | nonce (12) | ciphertext and tag  AAD = context, key derived from wrapping key, salt

The wrapping key lives for years and wraps a secret per message, so each wrapping has a key of its own and the
random nonces never come near the limit of 2^32 under one key. Keys are derived in one step with SHA-256 (NIST SP
800-56C), a third of the price of HMAC here, and this is done four times per message. `repr` shows no key.
"""

from __future__ import annotations

from hashlib import sha256
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signing.errors import SigningError

SECRET_BYTES: Final = 32
_VERSION: Final = b"\x01"
_NONCE: Final = 12
_SALT: Final = 16
_TAG: Final = 16


def new_secret() -> bytes:
    """A fresh message secret."""
    return token_bytes(SECRET_BYTES)


class BodyKey:
    """The key for one purpose ("inbox", or the name of a contract) under one message secret."""

    __slots__ = ("_aead", "_nonces")

    def __init__(self, secret: bytes, purpose: str) -> None:
        _check_secret(secret)
        self._aead = AESGCM(_derive(secret, b"amana:body:1:" + purpose.encode()))
        self._nonces: list[bytes] = []

    def expect(self, seals: int) -> None:
        """Draw the nonces of the next `seals` bodies at once: asking the system for each costs as much as sealing."""
        drawn = token_bytes(_NONCE * seals)
        self._nonces += [drawn[first : first + _NONCE] for first in range(0, len(drawn), _NONCE)]

    def seal(self, record_id: str, body: bytes) -> bytes:
        """Sealed `body`, bound to `record_id`; 29 bytes longer than it."""
        nonce = self._nonces.pop() if self._nonces else token_bytes(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, body, record_id.encode())

    def open_seal(self, record_id: str, sealed: bytes) -> bytes:
        """Inverse of `seal`. Raises "sealed-body" for another key, another id, or any changed byte."""
        if len(sealed) < 1 + _NONCE + _TAG or sealed[:1] != _VERSION:
            raise SigningError("sealed-body", "not a sealed body")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], record_id.encode())
        except InvalidTag:
            raise SigningError("sealed-body", "does not open under this secret and id") from None

    def __repr__(self) -> str:
        return "BodyKey(...)"


def commitment(secret: bytes, body: bytes) -> str:
    """A commitment to the plain body (hex), for the open envelope: salted by the secret, so that it can be checked
    while the secret exists and tells nothing once the secret is destroyed."""
    _check_secret(secret)
    return sha256(_derive(secret, b"amana:commitment:1") + body).hexdigest()


class LocalKeyWrapper:
    """Wraps message secrets under a 32-byte key held in this process."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != SECRET_BYTES:
            raise SigningError("key-format", f"a wrapping key has {SECRET_BYTES} bytes")
        self._key = key

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """`secret`, readable only with the key and under the same `context`."""
        fresh = token_bytes(_SALT + _NONCE)
        aead = AESGCM(_derive(self._key, b"amana:wrap:1:" + fresh[:_SALT]))
        return _VERSION + fresh + aead.encrypt(fresh[_SALT:], secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Inverse of `wrap`. Raises "sealed-body" for another key, another context, or any changed byte."""
        start = 1 + _SALT + _NONCE
        if len(wrapped) < start + _TAG or wrapped[:1] != _VERSION:
            raise SigningError("sealed-body", "not a wrapped secret")
        aead = AESGCM(_derive(self._key, b"amana:wrap:1:" + wrapped[1 : 1 + _SALT]))
        try:
            return aead.decrypt(wrapped[1 + _SALT : start], wrapped[start:], context)
        except InvalidTag:
            raise SigningError("sealed-body", "does not open under this wrapping key and context") from None

    def __repr__(self) -> str:
        return "LocalKeyWrapper(...)"

    def __reduce__(self) -> str:
        raise TypeError("a wrapping key does not leave its process")


def _derive(secret: bytes, purpose: bytes) -> bytes:
    """32 bytes for one purpose from 32 secret ones. The secret's length is fixed, so no two inputs look alike."""
    return sha256(b"\0\0\0\1" + secret + purpose).digest()


def _check_secret(secret: bytes) -> None:
    if len(secret) != SECRET_BYTES:
        raise SigningError("sealed-body", f"a secret has {SECRET_BYTES} bytes")
