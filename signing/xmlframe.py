"""The GovESB XML envelope `<esbrequest><data>...</data><signature>base64</signature></esbrequest>`: spans only.

Rule: as for JSON. `frame_xml` interprets nothing of `data`; it checks everything outside the span byte for byte:

    DECLARATION? <esbrequest> SPAN <signature>TEXT</signature> </esbrequest>        (or the signature first)

with white space between, `esbresponse` alike; SPAN reaches from the first `<data` to the last `</data>`. If SPAN then
verifies and `signing.xmltext.parse` takes it as exactly one element, the whole body is one well-formed document with
exactly the two children, and any other parser finds the same `data`. Comments, a second `data`, a wrapped signature, an
attribute or trailing bytes lie either outside, where nothing of them is allowed, or inside SPAN, where they break the
signature or the parse.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Final

from signing.envelope import Frame
from signing.errors import SigningError

DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>'
"""As a Python client writes it, who signs this line too."""

_S: Final = rb"[ \t\r\n]"
_HEAD = re.compile(
    rb"(<\?xml"
    + _S
    + rb"+version=(?:\"1\.0\"|'1\.0')(?:"
    + _S
    + rb"+encoding=(?:\"[Uu][Tt][Ff]-8\"|'[Uu][Tt][Ff]-8'))?(?:"
    + _S
    + rb"+standalone=(?:\"(?:yes|no)\"|'(?:yes|no)'))?"
    + _S
    + rb"*\?>)?"
    + _S
    + rb"*<(esbrequest|esbresponse)"
    + _S
    + rb"*>"
    + _S
    + rb"*"
)
_SIGNATURE: Final = rb"<signature>([A-Za-z0-9+/= \t\r\n]{0,8192}+)</signature>"
_SIGNATURE_FIRST = re.compile(_SIGNATURE + _S + rb"*+")
_DATA = re.compile(rb"<data(?=[ \t\r\n>])")
_END: Final = b"</data>"
_TAIL = re.compile(_S + rb"*+(?:" + _SIGNATURE + _S + rb"*+)?</(esbrequest|esbresponse)" + _S + rb"*+>" + _S + rb"*+")
_BETWEEN = re.compile(rb">[ \t\r\n]+<")


@dataclass(frozen=True, slots=True)
class XmlFrame(Frame):
    """Spans of a received XML body. `declaration`: as received, without white space behind it; empty if none."""

    declaration: bytes


def frame_xml(body: bytes) -> XmlFrame:
    """Find data and signature, in either order. Raises "framing". Linear in the body."""
    head = _HEAD.match(body)
    if head is None:
        raise SigningError("framing", "the body does not begin as an XML envelope in UTF-8")
    early = _SIGNATURE_FIRST.match(body, head.end())
    start = early.end() if early else head.end()
    end = body.rfind(_END)
    if end < start or not _DATA.match(body, start):
        raise SigningError("framing", "data is not where it belongs")
    end += len(_END)
    tail = _TAIL.fullmatch(body, end)
    if tail is None or tail[2] != head[2]:
        raise SigningError("framing", "the body does not end as an XML envelope")
    if (early is None) == (tail[1] is None):
        raise SigningError("framing", "one signature is needed beside data")
    return XmlFrame(body[start:end], _decode(early[1] if early else tail[1]), head[1] or b"")


def declared(frame: XmlFrame) -> bytes:
    """The span as a document of its own: behind the declaration line that was received, or a Python client's."""
    return (frame.declaration or DECLARATION) + b"\n" + frame.data


def stripped(data: bytes) -> bytes:
    """The span without white space between its tags."""
    return _BETWEEN.sub(b"><", data)


def _decode(text: bytes) -> bytes:
    try:
        return a2b_base64(b"".join(text.split()), strict_mode=True)
    except (Base64Error, ValueError):
        raise SigningError("framing", "the signature is not base64") from None
