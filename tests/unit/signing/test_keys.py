"""Keys and rings."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from signing import keys
from signing.errors import SigningError

PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8
SEC1 = serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@pytest.mark.parametrize("curve", sorted(keys.CURVES))
def test_sign_and_verify_on_every_curve(curve: str) -> None:
    """What a key signs its public half verifies, and nothing else."""
    key = keys.generate(curve)
    signature = key.sign(b"text")
    assert key.public.curve == curve
    assert key.public.verify(b"text", signature)
    assert not key.public.verify(b"text ", signature)
    assert not keys.generate(curve).public.verify(b"text", signature)


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x00" * 70, b"\x30\x06\x02\x01\x00\x02\x01\x00", b"x" * 5000])
def test_garbage_is_no_signature(garbage: bytes) -> None:
    """Malformed and all-zero signatures are refused without an error."""
    assert keys.generate().public.verify(b"text", garbage) is False


@pytest.mark.parametrize("curve", sorted(keys.CURVES))
@pytest.mark.parametrize(
    "spell",
    [
        lambda key: key.private_bytes(PEM, PKCS8, PLAIN),
        lambda key: key.private_bytes(PEM, PKCS8, PLAIN).decode(),
        lambda key: b"\n  " + key.private_bytes(PEM, PKCS8, PLAIN).replace(b"\n", b"\r\n"),
        lambda key: key.private_bytes(PEM, SEC1, PLAIN),
        lambda key: key.private_bytes(DER, PKCS8, PLAIN),
        lambda key: key.private_bytes(DER, SEC1, PLAIN),
        lambda key: base64.b64encode(key.private_bytes(DER, PKCS8, PLAIN)),
        lambda key: base64.b64encode(key.private_bytes(DER, SEC1, PLAIN)).decode() + "\n",
        lambda key: base64.encodebytes(key.private_bytes(PEM, PKCS8, PLAIN)),
    ],
)
def test_private_keys_load_from_every_spelling(
    curve: str, spell: Callable[[ec.EllipticCurvePrivateKey], bytes | str]
) -> None:
    """PEM, DER and base64 of either give the same key, PKCS#8 or SEC1, and the curve comes from the key."""
    original = ec.generate_private_key(keys.CURVES[curve])
    loaded = keys.load_private(spell(original))
    assert loaded.public == keys.PublicKey(original.public_key())
    assert loaded.public.curve == curve


def test_public_keys_load_from_every_spelling() -> None:
    """PEM, DER, base64 of DER and base64 of PEM give the same key id."""
    key = keys.generate("secp256k1").public
    pem = key.pem()
    spellings: list[bytes | str] = [
        pem,
        pem.encode(),
        key.der(),
        base64.b64encode(key.der()),
        base64.b64encode(pem.encode()).decode(),
    ]
    assert {keys.load_public(text).key_id for text in spellings} == {key.key_id}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        b"\x30\x03\x02\x01\x01",
        base64.b64encode(b"\x30\x03\x02\x01\x01"),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "schlüssel",
        "0",
    ],
)
def test_what_is_no_key_is_refused(text: bytes | str) -> None:
    """Garbage is "key-format" for both loaders."""
    for load in (keys.load_public, keys.load_private):
        with pytest.raises(SigningError) as caught:
            load(text)
        assert caught.value.kind == "key-format"


def test_public_loader_refuses_a_private_key_without_quoting_it() -> None:
    """A private key handed in as public is refused, and the error shows none of it."""
    pem = keys.generate().pem().decode()
    with pytest.raises(SigningError) as caught:
        keys.load_public(pem)
    assert pem.splitlines()[1][:16] not in str(caught.value)


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.SECP521R1(), ec.BrainpoolP256R1()])
def test_other_curves_are_refused(curve: ec.EllipticCurve) -> None:
    """Only the three curves are taken."""
    key = ec.generate_private_key(curve)
    with pytest.raises(SigningError, match="curve"):
        keys.load_private(key.private_bytes(PEM, PKCS8, PLAIN))
    with pytest.raises(SigningError, match="curve"):
        keys.generate(curve.name)


def test_other_kinds_of_keys_are_refused() -> None:
    """Ed25519 is neither ECDSA nor RSA."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(SigningError, match="neither"):
        keys.load_private(key.private_bytes(PEM, PKCS8, PLAIN))
    with pytest.raises(SigningError, match="neither"):
        keys.load_public(public)


def test_short_rsa_is_refused() -> None:
    """RSA below 2048 bits does not load."""
    with pytest.raises(SigningError, match="2048"):
        keys.load_private(rsa_key(1024).private_bytes(PEM, PKCS8, PLAIN))


def test_encrypted_private_key_is_refused() -> None:
    """A key under a passphrase is "key-format", not a question on the terminal."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"pass"))
    with pytest.raises(SigningError) as caught:
        keys.load_private(pem)
    assert caught.value.kind == "key-format"


def test_rsa_verifies_only_in_a_window_that_allows_it() -> None:
    """An RSA key loads, signs and verifies by itself, but a ring leaves it out unless its window says so."""
    key = keys.load_private(rsa_key(2048).private_bytes(PEM, PKCS8, PLAIN))
    assert key.public.curve == "rsa"
    assert key.public.verify(b"x", key.sign(b"x"))
    assert not key.public.verify(b"y", key.sign(b"x"))
    refused = keys.KeyRing([keys.KeyWindow(key.public, 0)])
    allowed = keys.KeyRing([keys.KeyWindow(key.public, 0, allow_rsa=True)])
    assert (refused.valid_at(1), refused.others(1)) == ((), ())
    assert allowed.valid_at(1) == (key.public,)


def test_repr_and_pickle_hold_no_private_key() -> None:
    """Neither `repr`, `str`, nor pickling lets a private key out."""
    key = keys.generate()
    body = "".join(key.pem().decode().splitlines()[1:-1])
    number = key._key.private_numbers().private_value  # type: ignore[union-attr]
    for text in (repr(key), str(key), f"{[key]}"):
        assert body[:20] not in text
        assert str(number) not in text
        assert f"{number:x}" not in text
    with pytest.raises(TypeError, match="leave"):
        pickle.dumps(key)


def test_key_id_is_the_digest_of_the_public_key() -> None:
    """The id of a key is the SHA-256 of its SubjectPublicKeyInfo; equal keys are equal and hash alike."""
    key = keys.generate().public
    again = keys.load_public(key.der())
    assert len(key.key_id) == 64
    assert (key == again, hash(key) == hash(again), key == keys.generate().public) == (True, True, False)


A, B, C = (keys.generate().public for _ in range(3))


@pytest.mark.parametrize(
    ("ms", "valid", "others"),
    [
        (0, (), (C, B, A)),
        (99, (), (C, B, A)),
        (100, (A,), (C, B)),
        (199, (A,), (C, B)),
        (200, (B, A), (C,)),
        (299, (B, A), (C,)),
        (300, (B,), (C, A)),
        (400, (C, B), (A,)),
        (10**15, (C, B), (A,)),
    ],
)
def test_ring_answers_for_every_moment(
    ms: int, valid: tuple[keys.PublicKey, ...], others: tuple[keys.PublicKey, ...]
) -> None:
    """A key is valid from its first millisecond until just before its last; windows overlap while keys rotate."""
    ring = keys.KeyRing([keys.KeyWindow(A, 100, 300), keys.KeyWindow(B, 200), keys.KeyWindow(C, 400)])
    assert (ring.valid_at(ms), ring.others(ms)) == (valid, others)


def test_ring_counts_a_renewed_key_once() -> None:
    """A key with two windows is valid in either and in neither list twice."""
    ring = keys.KeyRing([keys.KeyWindow(A, 100, 200), keys.KeyWindow(A, 300)])
    actual = [(ring.valid_at(ms), ring.others(ms)) for ms in (150, 250, 350)]
    assert actual == [((A,), ()), ((), (A,)), ((A,), ())]


def test_empty_ring_knows_no_key() -> None:
    """A system without keys has none at any time."""
    ring = keys.KeyRing([])
    assert (ring.valid_at(5), ring.others(5)) == ((), ())
