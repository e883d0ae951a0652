"""Envelopes of pulls, in the form that the other side speaks: what the hub says in its own name, and what it reads.

Rule: what verified is what is read; what cannot be said so that every client verifies it is refused, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from signing import envelope, jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.control.objects import System
    from signing.keys import KeyRing, PrivateKey

Media = Literal["json", "xml"]
Kind = Literal["request", "response"]

CONTENT_TYPES: Final[Mapping[Media, str]] = {"json": "application/json", "xml": "application/xml"}


class Said(NamedTuple):
    """Members of `data` that somebody signed, and the form in which they verified."""

    members: dict[str, Any]
    form: str


def read_signed(received: bytes, ring: KeyRing, now: int) -> Said | None:
    """What a validly signed envelope says; None for anything else."""
    try:
        frame = envelope.frame(received)
        envelope.verify(frame, ring, now)
        members = jsontext.parse(frame.data)
    except SigningError:
        return None
    return Said(members, "json") if isinstance(members, dict) else None


def read_kept(received: bytes, form: str) -> dict[str, Any]:
    """The members of an envelope that verified in this form when it was received."""
    members = jsontext.parse(envelope.frame(received).data)
    assert isinstance(members, dict), form
    return members


def say(members: Mapping[str, Any], key: PrivateKey, media: Media, kind: Kind) -> bytes:
    """The hub's signed envelope; members that are None are left out. Raises "json" for what is not portable."""
    assert media == "json", kind
    return envelope.seal(envelope.render_data({n: v for n, v in members.items() if v is not None}), key)


def media_of(system: System) -> Media:
    """What this system is sent."""
    return "xml" if system.options.get("format") == "xml" else "json"
