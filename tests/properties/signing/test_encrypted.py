"""Encrypted bodies of generated content, on every curve, whole and damaged."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import encrypted, keys
from signing.errors import SigningError
from tests.properties.signing.strategies import single_byte_changes

KEYS = [keys.generate(curve) for curve in keys.CURVES]
OTHERS = [keys.generate(curve) for curve in keys.CURVES]
PLAIN = st.binary(max_size=300)


@given(PLAIN, st.sampled_from(KEYS))
def test_open_for_inverts_seal_for(plain: bytes, key: keys.PrivateKey) -> None:
    """Every body comes back under its key, and has the shape by which it is known."""
    value = encrypted.seal_for(plain, key.public)
    assert encrypted.is_sealed(value)
    assert encrypted.open_for(value, key) == plain


@given(PLAIN, st.sampled_from(KEYS), st.sampled_from(OTHERS))
def test_no_other_key_opens_it(plain: bytes, key: keys.PrivateKey, other: keys.PrivateKey) -> None:
    """A key of the same or another curve opens nothing."""
    with pytest.raises(SigningError, match="sealed-body"):
        encrypted.open_for(encrypted.seal_for(plain, key.public), other)


@given(st.data(), PLAIN, st.sampled_from(KEYS), st.sampled_from(["iv", "encryptedData"]))
def test_no_changed_byte_opens(data: st.DataObject, plain: bytes, key: keys.PrivateKey, member: str) -> None:
    """One character of the nonce or the data replaced, inserted or deleted, and nothing opens: not even a second
    spelling of the same base64."""
    value = encrypted.seal_for(plain, key.public)
    changed = data.draw(single_byte_changes(value[member].encode())).decode("latin-1")
    with pytest.raises(SigningError, match="sealed-body"):
        encrypted.open_for({**value, member: changed}, key)


@given(st.data(), PLAIN, st.sampled_from(KEYS))
def test_a_changed_key_opens_nothing_else(data: st.DataObject, plain: bytes, key: keys.PrivateKey) -> None:
    """One character of the ephemeral key changed: refused, or the same key in another spelling and the same body."""
    value = encrypted.seal_for(plain, key.public)
    changed = data.draw(single_byte_changes(value["ephemeralKey"].encode())).decode("latin-1")
    with suppress(SigningError):
        assert encrypted.open_for({**value, "ephemeralKey": changed}, key) == plain
