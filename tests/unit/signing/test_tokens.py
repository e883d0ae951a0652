"""Self-contained access tokens."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from signing import tokens
from signing.errors import SigningError

KEY = bytes(range(32))
NOW = 1_790_000_000_000


def kind_of(token: str, *, key: bytes = KEY, now: int = NOW) -> str:
    with pytest.raises(SigningError) as caught:
        tokens.read(key, token, now)
    return caught.value.kind


@pytest.mark.parametrize("system", ["hr", "a.b.c", "sistem-é", "x" * 64])
def test_read_inverts_issue(system: str) -> None:
    """A token says what was put in, dots and all."""
    token = tokens.issue(KEY, system, NOW + 1, 3)
    assert tokens.read(KEY, token, NOW) == tokens.Token(system, NOW + 1, 3)


def test_token_ends_at_its_expiry() -> None:
    """The last millisecond counts, the expiry itself does not."""
    token = tokens.issue(KEY, "hr", NOW, 0)
    assert tokens.read(KEY, token, NOW - 1).expires == NOW
    assert kind_of(token) == "token-expired"


def test_every_changed_character_is_refused() -> None:
    """No character of a token can be replaced, dropped or doubled."""
    token = tokens.issue(KEY, "hr", NOW + 1, 0)
    for at, character in enumerate(token):
        other = "A" if character != "A" else "B"
        for changed in (
            token[:at] + other + token[at + 1 :],
            token[:at] + token[at + 1 :],
            token[:at] + character * 2 + token[at + 1 :],
        ):
            assert kind_of(changed) == "token"


@pytest.mark.parametrize(
    "token",
    ["", ".", "a.b", "Bearer x", "é" * 60, "A" * 100_000, "." + "A" * 43, "A." + "A" * 43, "\ud800." + "A" * 43],
)
def test_garbage_is_no_token(token: str) -> None:
    """Whatever is sent as a token is refused with one kind, never another error."""
    assert kind_of(token) == "token"


def test_token_of_another_hub_is_refused() -> None:
    """A token issued under another key is refused, expired or not."""
    assert kind_of(tokens.issue(bytes(32), "hr", NOW + 1, 0)) == "token"
    assert kind_of(tokens.issue(bytes(32), "hr", NOW - 1, 0)) == "token"


def test_claim_cannot_be_swapped() -> None:
    """The proof of one claim does not carry another system."""
    mine, theirs = tokens.issue(KEY, "hr", NOW + 1, 0), f"{NOW + 1}.0.pay"
    forged = urlsafe_b64encode(theirs.encode()).decode().rstrip("=") + "." + mine.rpartition(".")[2]
    assert kind_of(forged) == "token"
