"""Access tokens that carry their own proof: system, expiry, epoch, HMAC. Issuing one writes nothing anywhere.

Rule: a token is a claim about a system and an epoch, not a permission. The hub compares the epoch with the
directory (a rotation or suspension raises it), so that an old token ends at once. Format, all of it ASCII:

    base64url(<expires ms>.<epoch>.<system>) "." base64url(HMAC-SHA256 over the part before the dot)
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from signing.errors import SigningError

_DOMAIN: Final = b"amana:token:1:"
_MAC_TEXT: Final = 43
MAX_TEXT: Final = 1024
"""Characters of the longest text that is looked at."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `expires`: ms since 1970; valid until just before."""

    system: str
    expires: int
    epoch: int


def issue(key: bytes, system: str, expires: int, epoch: int) -> str:
    """A token for `system` until `expires` (ms), good while the system has this `epoch`."""
    claim = _text(f"{expires}.{epoch}.{system}".encode())
    return f"{claim.decode()}.{_mac(key, claim).decode()}"


def read(key: bytes, token: str, now: int) -> Token:
    """What a token of ours says. Raises "token" for anything that this key did not issue, "token-expired" for one
    whose time is over at `now` (ms)."""
    if len(token) > MAX_TEXT or not token.isascii():
        raise SigningError("token", "not a token")
    claim, dot, mac = token.encode().rpartition(b".")
    if not dot or len(mac) != _MAC_TEXT or not hmac.compare_digest(mac, _mac(key, claim)):
        raise SigningError("token", "not issued here")
    # authentic from here on: the text is one that `issue` made
    expires, epoch, system = urlsafe_b64decode(claim + b"=" * (-len(claim) % 4)).decode().split(".", 2)
    if now >= int(expires):
        raise SigningError("token-expired", "fetch a new one")
    return Token(system, int(expires), int(epoch))


def _mac(key: bytes, claim: bytes) -> bytes:
    return _text(hmac.digest(key, _DOMAIN + claim, "sha256"))


def _text(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
