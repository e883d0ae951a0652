"""Sealed bodies and wrapped secrets of generated content, whole and damaged."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signing import sealing, tokens
from signing.errors import SigningError
from tests.properties.signing.strategies import TEXTS, single_byte_changes

SECRETS = st.binary(min_size=32, max_size=32)
BODIES = st.binary(max_size=200)
PURPOSES = st.sampled_from(["inbox", "employee", "pay.signal"])


@given(SECRETS, PURPOSES, TEXTS, BODIES)
def test_open_seal_inverts_seal(secret: bytes, purpose: str, record_id: str, body: bytes) -> None:
    """Every body comes back under its secret, purpose and id."""
    sealed = sealing.BodyKey(secret, purpose).seal(record_id, body)
    assert sealing.BodyKey(secret, purpose).open_seal(record_id, sealed) == body


@given(st.data(), SECRETS, PURPOSES, TEXTS, BODIES)
def test_no_change_opens(data: st.DataObject, secret: bytes, purpose: str, record_id: str, body: bytes) -> None:
    """One byte replaced, inserted or deleted, and nothing opens."""
    key = sealing.BodyKey(secret, purpose)
    changed = data.draw(single_byte_changes(key.seal(record_id, body)))
    with pytest.raises(SigningError, match="sealed-body"):
        key.open_seal(record_id, changed)


@given(SECRETS, SECRETS, PURPOSES, PURPOSES, TEXTS, TEXTS)
def test_no_other_record_opens_it(
    secret: bytes, other_secret: bytes, purpose: str, other_purpose: str, record_id: str, other_id: str
) -> None:
    """Another secret, purpose or record id does not open a body."""
    assume((secret, purpose, record_id) != (other_secret, other_purpose, other_id))
    sealed = sealing.BodyKey(secret, purpose).seal(record_id, b"body")
    with pytest.raises(SigningError, match="sealed-body"):
        sealing.BodyKey(other_secret, other_purpose).open_seal(other_id, sealed)


@given(SECRETS, SECRETS, st.binary(max_size=20))
def test_unwrap_inverts_wrap(key: bytes, secret: bytes, context: bytes) -> None:
    """Every secret comes back under its key and context."""
    wrapped = sealing.LocalKeyWrapper(key).wrap(secret, context)
    assert sealing.LocalKeyWrapper(key).unwrap(wrapped, context) == secret


@given(st.data(), SECRETS, SECRETS)
def test_no_changed_wrapping_unwraps(data: st.DataObject, key: bytes, secret: bytes) -> None:
    """One byte replaced, inserted or deleted, and nothing unwraps."""
    wrapper = sealing.LocalKeyWrapper(key)
    changed = data.draw(single_byte_changes(wrapper.wrap(secret, b"id")))
    with pytest.raises(SigningError, match="sealed-body"):
        wrapper.unwrap(changed, b"id")


@given(SECRETS, TEXTS, st.integers(1, 2**53), st.integers(0, 2**31))
def test_read_inverts_issue(key: bytes, system: str, expires: int, epoch: int) -> None:
    """Every token says what was put in, until it expires."""
    token = tokens.issue(key, system, expires, epoch)
    assert tokens.read(key, token, expires - 1) == tokens.Token(system, expires, epoch)


@given(st.data(), SECRETS)
def test_no_changed_token_is_read(data: st.DataObject, key: bytes) -> None:
    """One character replaced, inserted or deleted, and it is no token."""
    token = tokens.issue(key, "hr", 2, 0).encode()
    changed = data.draw(single_byte_changes(token)).decode("latin-1")
    with pytest.raises(SigningError, match="token"):
        tokens.read(key, changed, 1)
