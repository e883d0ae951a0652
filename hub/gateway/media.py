"""What a request is written in, and what its signed bytes say: content type, frame, signature, members.

Rule: the content type decides between JSON and XML; nothing is sniffed. Whatever verified is what is read, and its form is
told to whoever keeps the message. An answer has the media type of its request, JSON where that is not known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.errors import BadMessage
from signing import forms
from signing.errors import SigningError
from signing.forms import Form, Media
from signing.keys import KeyRing

CONTENT_TYPES: Final[dict[Media, bytes]] = {"json": b"application/json", "xml": b"application/xml"}
"""Of what the hub sends."""

_MEDIA: Final[dict[bytes, Media]] = {
    b"": "json",
    b"application/json": "json",
    b"application/xml": "xml",
    b"text/xml": "xml",
}
_PLAIN: Final = re.compile(
    r"(?:application/json|(?:application|text)/xml)(?: ?; ?charset=\"?[a-z0-9-]{1,20}\"?)?", re.IGNORECASE
)
_SIGNATURE_CODES: Final = {
    "signature": "AMANA-SIG-001",
    "no-key": "AMANA-SIG-002",
    "expired-key": "AMANA-SIG-003",
}


class Said(NamedTuple):
    """What a system signed: the members of `data`, the bytes of `esbBody` among them (None: absent), and in which form of
    the received bytes they verified."""

    members: dict[str, Any]
    span: bytes | None
    form: Form


@lru_cache(maxsize=256)
def media_of(content_type: bytes) -> Media:
    """What a body of this content type is written in. Raises AMANA-HTTP-002."""
    media = _MEDIA.get(content_type.partition(b";")[0].strip().lower())
    if media is None:
        raise BadMessage("AMANA-HTTP-002")
    return media


def answer_media(content_type: bytes) -> Media:
    """What the answer is to be written in."""
    return _MEDIA.get(content_type.partition(b";")[0].strip().lower(), "json")


@lru_cache(maxsize=256)
def kept_type(content_type: bytes) -> str:
    """The content type for a header of a record: as received, but parameters other than a charset are left out."""
    text = content_type.decode("latin-1").strip()
    return text if _PLAIN.fullmatch(text) else CONTENT_TYPES[answer_media(content_type)].decode()


def read_signed(received: bytes, media: Media, ring: KeyRing, now: int) -> Said:
    """Frame, signature by a key that is valid at `now` (ms), strict parse. Raises `BadMessage`."""
    try:
        verified = forms.verify_forms(forms.frame_body(received, media), ring, now)
    except SigningError as error:
        raise BadMessage(_SIGNATURE_CODES.get(error.kind, "AMANA-FRM-001")) from None
    try:
        members, span = forms.read_message(verified.data, verified.form)
    except SigningError as error:
        raise refused_text(error, media) from None
    return Said(members, span, verified.form)


def refused_text(error: SigningError, media: Media) -> BadMessage:
    """What the sender is told of a text that cannot be read. The detail names a rule and nothing of the text."""
    if error.kind == "xml":
        return BadMessage("AMANA-XML-001", error.detail)
    return BadMessage("AMANA-XML-002" if media == "xml" else "AMANA-JSON-001")
