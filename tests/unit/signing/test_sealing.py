"""Sealed bodies, commitments, wrapped secrets."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from signing import sealing
from signing.errors import SigningError

SECRET = bytes(range(32))
ID = "ab" * 32


def test_open_seal_inverts_seal() -> None:
    """A sealed body opens under its secret, purpose and id."""
    key = sealing.BodyKey(SECRET, "inbox")
    assert sealing.BodyKey(SECRET, "inbox").open_seal(ID, key.seal(ID, b"body")) == b"body"


def test_sealing_twice_gives_other_bytes() -> None:
    """Nonces are fresh: equal bodies cannot be recognised by their sealed form."""
    key = sealing.BodyKey(SECRET, "inbox")
    assert key.seal(ID, b"body") != key.seal(ID, b"body")


def test_bodies_that_were_expected_have_nonces_of_their_own() -> None:
    """No nonce is used twice, whether fewer or more bodies come than were announced; all of them open."""
    key = sealing.BodyKey(SECRET, "inbox")
    key.expect(3)
    sealed = [key.seal(ID, b"body") for _ in range(5)]
    key.expect(2)
    sealed.append(key.seal(ID, b"body"))
    assert len({one[1:13] for one in sealed}) == len(sealed)
    assert {sealing.BodyKey(SECRET, "inbox").open_seal(ID, one) for one in sealed} == {b"body"}


@pytest.mark.parametrize(
    "opening",
    [
        lambda sealed: sealing.BodyKey(bytes(32), "inbox").open_seal(ID, sealed),
        lambda sealed: sealing.BodyKey(SECRET, "employee").open_seal(ID, sealed),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal("ac" * 32, sealed),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal(ID, sealed[:-1]),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal(ID, sealed + b"\0"),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal(ID, b"\x02" + sealed[1:]),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal(ID, b""),
        lambda sealed: sealing.BodyKey(SECRET, "inbox").open_seal(ID, sealed[:20]),
    ],
)
def test_anything_else_does_not_open(opening: Callable[[bytes], bytes]) -> None:
    """Another secret, purpose, id or byte is "sealed-body"."""
    sealed = sealing.BodyKey(SECRET, "inbox").seal(ID, b"body")
    with pytest.raises(SigningError) as caught:
        opening(sealed)
    assert caught.value.kind == "sealed-body"


def test_every_byte_of_a_sealed_body_counts() -> None:
    """Flipping any one bit anywhere refuses the whole."""
    key = sealing.BodyKey(SECRET, "inbox")
    sealed = key.seal(ID, b"body")
    for at in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(SigningError, match="sealed-body"):
            key.open_seal(ID, bytes(changed))


def test_commitment_depends_on_secret_and_body() -> None:
    """The same body under another secret has another commitment, so commitments cannot be compared or guessed."""
    one = sealing.commitment(SECRET, b"body")
    assert one == sealing.commitment(SECRET, b"body")
    assert len(one) == 64
    assert one != sealing.commitment(bytes(32), b"body")
    assert one != sealing.commitment(SECRET, b"bodz")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_secrets_have_their_size(size: int) -> None:
    """A short or long secret is refused wherever it is used."""
    with pytest.raises(SigningError, match="32"):
        sealing.BodyKey(bytes(size), "inbox")
    with pytest.raises(SigningError, match="32"):
        sealing.commitment(bytes(size), b"")
    with pytest.raises(SigningError, match="32"):
        sealing.LocalKeyWrapper(bytes(size))


def test_new_secrets_differ() -> None:
    """Each message gets a secret of its own, of the right size."""
    made = {sealing.new_secret() for _ in range(50)}
    assert ({len(secret) for secret in made}, len(made)) == ({sealing.SECRET_BYTES}, 50)


def test_unwrap_inverts_wrap() -> None:
    """A wrapped secret opens under the same key and context, and is not visible in the wrapping."""
    wrapper = sealing.LocalKeyWrapper(SECRET)
    wrapped = wrapper.wrap(b"s" * 32, b"context")
    assert b"s" * 8 not in wrapped
    assert sealing.LocalKeyWrapper(SECRET).unwrap(wrapped, b"context") == b"s" * 32
    assert wrapped != wrapper.wrap(b"s" * 32, b"context")


def test_unwrap_refuses_everything_else() -> None:
    """Another key, another context, any flipped bit or cut is refused."""
    wrapper = sealing.LocalKeyWrapper(SECRET)
    wrapped = wrapper.wrap(b"s" * 32, b"context")
    attempts = [(sealing.LocalKeyWrapper(bytes(32)), wrapped, b"context"), (wrapper, wrapped, b"contexu")]
    attempts += [(wrapper, wrapped[:cut], b"context") for cut in (0, 1, 28, len(wrapped) - 1)]
    for at in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[at // 8] ^= 1 << at % 8
        attempts.append((wrapper, bytes(changed), b"context"))
    for who, what, context in attempts:
        with pytest.raises(SigningError, match="sealed-body"):
            who.unwrap(what, context)


def test_keys_show_in_no_repr_and_no_pickle() -> None:
    """`repr` of a body key and a wrapper is constant, and a wrapper does not pickle."""
    secret = b"visible-secret-visible-secret-32"
    shown = repr([sealing.BodyKey(secret, "inbox"), sealing.LocalKeyWrapper(secret)])
    assert shown == "[BodyKey(...), LocalKeyWrapper(...)]"
    with pytest.raises(TypeError, match="leave"):
        pickle.dumps(sealing.LocalKeyWrapper(secret))
