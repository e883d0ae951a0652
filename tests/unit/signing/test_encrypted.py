"""What is no encrypted body, and what the refusals tell."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signing import keys
from signing.encrypted import is_sealed, open_for, seal_for
from signing.errors import SigningError

KEY = keys.generate()
VALUE = seal_for(b'{"a":1}', KEY.public)
DER = KEY.public.der()


def off_the_curve() -> str:
    """The key with its last coordinate changed: a point that lies on another curve."""
    der = DER[:-1] + bytes([DER[-1] ^ 1])
    pem = b"-----BEGIN PUBLIC KEY-----\n" + b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    return b64encode(pem).decode()


BROKEN: dict[str, Any] = {
    "no object": [VALUE],
    "nothing": {},
    "a member too many": {**VALUE, "x": "y"},
    "a member missing": {name: text for name, text in VALUE.items() if name != "iv"},
    "no text": {**VALUE, "iv": 12},
    "no base64": {**VALUE, "encryptedData": "not base64!"},
    "url-safe base64": {**VALUE, "iv": "-" * 16},
    "a longer nonce": {**VALUE, "iv": b64encode(bytes(16)).decode()},
    "no nonce": {**VALUE, "iv": ""},
    "shorter than a tag": {**VALUE, "encryptedData": b64encode(bytes(15)).decode()},
    "tag at the end": {**VALUE, "encryptedData": b64encode(b64decode(VALUE["encryptedData"])[::-1]).decode()},
    "a key without armour": {**VALUE, "ephemeralKey": b64encode(DER).decode()},
    "a private key": {**VALUE, "ephemeralKey": b64encode(KEY.pem()).decode()},
    "a key of another curve": {
        **VALUE,
        "ephemeralKey": seal_for(b"", keys.generate("secp256k1").public)["ephemeralKey"],
    },
    "a point off the curve": {**VALUE, "ephemeralKey": off_the_curve()},
    "a key of endless text": {**VALUE, "ephemeralKey": VALUE["ephemeralKey"] + "A" * 4096},
    "not ASCII": {**VALUE, "iv": "é" * 16},
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_is_wrong_the_error_is_the_same(name: str) -> None:
    """Every kind of damage gives the one kind and the one text, so that answers teach an attacker nothing."""
    with pytest.raises(SigningError) as caught:
        open_for(BROKEN[name], KEY)
    assert (caught.value.kind, caught.value.detail) == ("sealed-body", "does not open under this key")
    assert caught.value.__cause__ is None


def test_shape_alone_tells_an_encrypted_body() -> None:
    """Three members of text and nothing else; what is in them does not matter."""
    assert is_sealed(VALUE)
    assert is_sealed(dict.fromkeys(VALUE, ""))
    assert not any(is_sealed(BROKEN[name]) for name in ("no object", "nothing", "a member too many", "no text"))


def test_rsa_keys_take_no_encrypted_body() -> None:
    """A key without a curve is refused on both ends."""
    old = keys.PrivateKey(rsa.generate_private_key(65537, 2048))
    with pytest.raises(SigningError, match="sealed-body"):
        seal_for(b"x", old.public)
    with pytest.raises(SigningError, match="sealed-body"):
        open_for(VALUE, old)


def test_the_same_text_is_never_encrypted_alike() -> None:
    """Key, nonce and data are fresh every time."""
    again = seal_for(b'{"a":1}', KEY.public)
    assert all(again[name] != VALUE[name] for name in VALUE)
