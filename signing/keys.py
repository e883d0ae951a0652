"""Keys: generate, load, sign, verify, and the ring of one system with the validity of each key.

Rule: the kind of a key is read from the key, never from a message. ECDSA with SHA-256 on P-256, P-384 and secp256k1;
RSA (2048 bits and more, PKCS#1 v1.5, SHA-256) loads for old systems and verifies only in a window that says so.
Nothing here shows a private key in its `repr`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from signing.errors import SigningError

CURVES: Final = {curve.name: curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP256K1())}
RSA_MIN_BITS: Final = 2048
RSA_MAX_BITS: Final = 8192
"""Verifying takes time that grows with the key, and the other side chooses the key."""

_ECDSA: Final = ec.ECDSA(SHA256())
_ECDH: Final = ec.ECDH()
_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = SHA256()


class PublicKey:
    """A public key. `key_id` is the SHA-256 (hex) of its SubjectPublicKeyInfo DER; equal keys have equal ids."""

    __slots__ = ("_check", "_der", "_key", "curve", "key_id")

    def __init__(self, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> None:
        self.curve = _kind_of(key)
        self._key = key
        self._check = _checking(key)
        self._der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = hashlib.sha256(self._der).hexdigest()

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` (ASN.1 DER for ECDSA) over `data` was made with the private half. Never raises."""
        try:
            self._check(signature, data)
        except InvalidSignature:
            return False
        return True

    def der(self) -> bytes:
        """SubjectPublicKeyInfo, DER. Clients take it in base64, without armour."""
        return self._der

    def pem(self) -> str:
        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.key_id == self.key_id

    def __hash__(self) -> int:
        return hash(self.key_id)

    def __repr__(self) -> str:
        return f"PublicKey({self.curve}, {self.key_id[:16]})"


class PrivateKey:
    """A private key. Shows its public half only."""

    __slots__ = ("_key", "_make", "public")

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._key = key
        self._make = _making(key)
        self.public = PublicKey(key.public_key())

    def sign(self, data: bytes) -> bytes:
        """Signature over `data` with SHA-256: ASN.1 DER for ECDSA. Randomised: two calls differ."""
        return self._make(data)

    def agree(self, other: PublicKey) -> bytes:
        """ECDH: what this key and the private half of `other` have in common (the x coordinate, as many bytes as the
        curve has). Raises "sealed-body" unless both lie on one curve. The one operation besides `sign`, so that a key
        in a device can stand here."""
        theirs = serialization.load_der_public_key(other.der())
        if not isinstance(self._key, ec.EllipticCurvePrivateKey) or not isinstance(theirs, ec.EllipticCurvePublicKey):
            raise SigningError("sealed-body", "a key is not on an elliptic curve")
        if other.curve != self.public.curve:
            raise SigningError("sealed-body", "the keys are on two curves")
        try:
            return self._key.exchange(_ECDH, theirs)
        except ValueError:
            raise SigningError("sealed-body", "the keys do not agree") from None

    def pem(self) -> bytes:
        """PKCS#8, unencrypted: for a key file of mode 0600 and nothing else."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.curve}, {self.public.key_id[:16]})"

    def __reduce__(self) -> str:
        raise TypeError("a private key does not leave its process")


def generate(curve: str = "secp256r1") -> PrivateKey:
    """A new ECDSA key. Raises "key-format" for a curve that is not taken here."""
    if curve not in CURVES:
        raise SigningError("key-format", f"the curve must be one of {', '.join(CURVES)}")
    return PrivateKey(ec.generate_private_key(CURVES[curve]))


def load_private(text: bytes | str) -> PrivateKey:
    """A private key from PEM, DER (PKCS#8 or SEC1), base64 of the DER, or base64 of the PEM. Raises "key-format"."""
    key = _load(text, _pem_private, _der_private)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SigningError("key-format", "neither an ECDSA nor an RSA key")
    return PrivateKey(key)


def load_public(text: bytes | str) -> PublicKey:
    """A public key from PEM, DER (SubjectPublicKeyInfo), base64 of the DER, or base64 of the PEM. Raises
    "key-format"; a private key is refused, not halved, so that nobody gets used to handing them over."""
    key = _load(text, _pem_public, _der_public)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SigningError("key-format", "neither an ECDSA nor an RSA key")
    return PublicKey(key)


@dataclass(frozen=True, slots=True)
class KeyWindow:
    """A key and when it is valid: from `not_before` on, until just before `not_after` (ms; None: open-ended)."""

    key: PublicKey
    not_before: int
    not_after: int | None = None
    allow_rsa: bool = False

    def covers(self, ms: int) -> bool:
        return self.not_before <= ms and (self.not_after is None or ms < self.not_after)


class KeyRing:
    """The keys of one system, ready for every moment: which are valid then, and which are known but not valid.

    Windows may overlap: that is how a key is rotated without a gap. RSA keys are left out unless their window
    allows them. What `valid_at` answers is precomputed; a look-up is one bisection.
    """

    __slots__ = ("_moments", "_segments", "windows")

    def __init__(self, windows: Iterable[KeyWindow]) -> None:
        self.windows = tuple(windows)
        usable = [w for w in self.windows if w.key.curve != "rsa" or w.allow_rsa]
        moments = {w.not_before for w in usable} | {w.not_after for w in usable if w.not_after is not None}
        self._moments = sorted(moments)
        # segment i holds from moment i-1 to just before moment i; nothing is valid before the first moment
        times = [self._moments[0] - 1, *self._moments] if self._moments else [0]
        self._segments = [_split(usable, time) for time in times]

    def valid_at(self, ms: int) -> tuple[PublicKey, ...]:
        """Keys valid at `ms`, the most recently begun first."""
        return self._segments[bisect_right(self._moments, ms)][0]

    def others(self, ms: int) -> tuple[PublicKey, ...]:
        """Keys that are known but not valid at `ms`: revoked, ended, or not begun."""
        return self._segments[bisect_right(self._moments, ms)][1]

    def __repr__(self) -> str:
        return f"KeyRing({len(self.windows)} keys)"


def _split(windows: list[KeyWindow], ms: int) -> tuple[tuple[PublicKey, ...], tuple[PublicKey, ...]]:
    newest = sorted(windows, key=lambda w: -w.not_before)
    valid = tuple(dict.fromkeys(w.key for w in newest if w.covers(ms)))
    others = tuple(dict.fromkeys(w.key for w in newest if w.key not in valid))
    return valid, others


def _checking(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> Callable[[bytes, bytes], None]:
    """Verification of (signature, data) by this key: what kind it is, is asked once and not per message."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return lambda signature, data: key.verify(signature, data, _ECDSA)
    return lambda signature, data: key.verify(signature, data, _PKCS1, _SHA256)


def _making(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda data: key.sign(data, _ECDSA)
    return lambda data: key.sign(data, _PKCS1, _SHA256)


def _kind_of(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
            raise SigningError("key-format", f"RSA keys have {RSA_MIN_BITS} to {RSA_MAX_BITS} bits here")
        return "rsa"
    if key.curve.name not in CURVES:
        raise SigningError("key-format", f"the curve must be one of {', '.join(CURVES)}")
    return key.curve.name


def _load(text: bytes | str, from_pem: Callable[[bytes], object], from_der: Callable[[bytes], object]) -> object:
    raw = text.encode() if isinstance(text, str) else bytes(text)
    try:
        if raw.lstrip().startswith(b"-----"):
            return from_pem(raw.strip() + b"\n")
        if not raw.startswith(b"\x30"):  # neither armour nor a DER SEQUENCE: base64 of one or the other
            raw = base64.b64decode(b"".join(raw.split()), validate=True)
            if raw.lstrip().startswith(b"-----"):
                return from_pem(raw)
        elif _is_base64(raw):  # "0..." may also begin base64; a DER key holds bytes that base64 does not
            raw = base64.b64decode(b"".join(raw.split()), validate=True)
        return from_der(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningError("key-format", "not a key in PEM, DER or base64 that can be read here") from None


def _is_base64(raw: bytes) -> bool:
    try:
        base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        return False
    return True


def _pem_private(pem: bytes) -> object:
    return serialization.load_pem_private_key(pem, password=None)


def _der_private(der: bytes) -> object:
    return serialization.load_der_private_key(der, password=None)


def _pem_public(pem: bytes) -> object:
    return serialization.load_pem_public_key(pem)


def _der_public(der: bytes) -> object:
    return serialization.load_der_public_key(der)
