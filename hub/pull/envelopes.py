"""Envelopes of pulls, in the form that the other side speaks: what the hub says in its own name, and what it reads.

Rule: what verified is what is read; what cannot be said so that every client verifies it is refused, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from signing import forms
from signing.errors import SigningError
from signing.forms import Kind, Media

if TYPE_CHECKING:
    from hub.control.objects import System
    from signing.keys import KeyRing, PrivateKey

CONTENT_TYPES: Final[Mapping[Media, str]] = {"json": "application/json", "xml": "application/xml"}


class Said(NamedTuple):
    """Members of `data` that somebody signed, and the form in which they verified."""

    members: dict[str, Any]
    form: str


def read_signed(received: bytes, ring: KeyRing, now: int) -> Said | None:
    """What a validly signed envelope says, in either language; None for anything else."""
    media: Media = "xml" if received.lstrip()[:1] == b"<" else "json"
    try:
        found = forms.verify_forms(forms.frame_body(received, media), ring, now)
        return Said(forms.read_data(found.data, found.form), found.form)
    except SigningError:
        return None


def read_kept(received: bytes, form: str) -> dict[str, Any]:
    """The members of an envelope that verified in this form when it was received."""
    return forms.read_data(forms.verified_bytes(received, form), form)


def say(members: Mapping[str, Any], key: PrivateKey, media: Media, kind: Kind) -> bytes:
    """The hub's signed envelope; members that are None are left out. Raises `SigningError` for what is not portable."""
    return forms.seal_form(members, key, media, kind)


def media_of(system: System) -> Media:
    """What this system is sent."""
    return "xml" if system.options.get("format") == "xml" else "json"
