"""The GovESB JSON envelope `{"data":{...},"signature":"<base64>"}`: frame, verify, render, seal.

Rule: what is verified are the received bytes of the value of `data`, and nothing but these bytes is processed
afterwards. There is no canonical form: every client signs the text that it embeds.

Why spans are enough, although `frame` interprets nothing. `frame` splits a body into

    {"data": SPAN ,"signature":"TEXT"}      or      {"signature":"TEXT","data": SPAN }

by fixed bytes at both ends, where TEXT is one JSON string and everything outside SPAN is checked byte for byte. If
SPAN then verifies, and `signing.jsontext.parse` takes it as exactly one JSON object (no trailing bytes, no duplicate
members), the whole body is one well-formed object with exactly the two members, and any other strict parser finds
the same `data` in it. A second `data`, a second `signature`, or anything else smuggled between the two ends lies
inside SPAN, where it either breaks the signature or is no single object. So a caller must do all three, in this
order: `frame`, `verify`, `parse(frame.data)`; and take everything from the parsed span, nothing from the body.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from signing.errors import SigningError
from signing.jsontext import MAX_DEPTH, parse, render
from signing.keys import KeyRing, PrivateKey, PublicKey

MAX_SAFE_INTEGER: Final = 2**53
"""Up to here an integer survives every client: JavaScript keeps numbers as IEEE doubles."""

MAX_SIGNATURE_TEXT: Final = 4096
"""Characters and escapes; the same bound stands in the expressions below. RSA with 8192 bits needs 1368."""

_SPACE: Final = b" \t\r\n"
_COMPACT_HEAD: Final = b'{"data":{'
_COMPACT_TAIL: Final = b',"signature":"'
_DATA_FIRST = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"data"[ \t\r\n]*:[ \t\r\n]*(?=\{)')
_TAIL = re.compile(rb'"signature"[ \t\r\n]*:[ \t\r\n]*"((?:[^"\\]|\\.){0,4096}+)"[ \t\r\n]*\}[ \t\r\n]*')
_SIGNATURE_FIRST = re.compile(
    rb'[ \t\r\n]*\{[ \t\r\n]*"signature"[ \t\r\n]*:[ \t\r\n]*"((?:[^"\\]|\\.){0,4096}+)"[ \t\r\n]*,'
    rb'[ \t\r\n]*"data"[ \t\r\n]*:[ \t\r\n]*(?=\{)'
)
_survives = frozenset({str, bool, type(None)}).issuperset
_INTEGER_LIKE = re.compile(r"0|[1-9][0-9]*")
# control characters that JavaScript writes as \u001f and Jackson as \u001F: one of the two could not verify them
_UNPORTABLE_ESCAPE = re.compile(rb"(?:^|[^\\])(?:\\\\)*\\u00[01][a-f]")


@dataclass(frozen=True, slots=True)
class Frame:
    """Spans of a received body: `data` as received, without white space around; `signature` decoded from base64."""

    data: bytes
    signature: bytes


def frame(body: bytes) -> Frame:
    """Find the two values of an envelope, in either order, JSON white space allowed outside them. Interprets
    nothing of `data`. Raises "framing". Time is linear in the body; no white space or escape makes it worse."""
    if body.startswith(_COMPACT_HEAD) and body.endswith(b'"}'):
        split = body.rfind(_COMPACT_TAIL)
        text = body[split + 14 : -2]
        if split > 0 and body[split - 1] == 0x7D and b'"' not in text:
            return Frame(body[8:split], _signature(text))
    first = _DATA_FIRST.match(body)
    if first:
        return _data_first(body, first.end())
    first = _SIGNATURE_FIRST.match(body)
    if first:
        return _data_last(body, first)
    raise SigningError("framing", "the body does not begin as an envelope")


def verify(frame: Frame, ring: KeyRing, now: int) -> PublicKey:
    """The valid key that signed the data span. Raises "expired-key" when a known key did that is not valid at `now`
    (ms), "no-key" when the ring has no valid key, "signature" otherwise."""
    valid = ring.valid_at(now)
    for key in valid:
        if key.verify(frame.data, frame.signature):
            return key
    for key in ring.others(now):
        if key.verify(frame.data, frame.signature):
            raise SigningError("expired-key", f"key {key.key_id[:16]}")
    if not valid:
        raise SigningError("no-key", "no registered key is valid now")
    raise SigningError("signature", "no registered key made this signature over these bytes")


def render_data(members: Mapping[str, Any]) -> bytes:
    """The data node of an envelope of ours: compact UTF-8 in the given order, such that every known client reprints
    it to the same bytes. Raises "json" for what would not survive that: floats, integers beyond 2^53, member names
    that look like integers (JavaScript moves them first), control characters that clients escape differently."""
    _refuse_unportable(dict(members))
    text = render(dict(members))
    if _UNPORTABLE_ESCAPE.search(text):
        raise SigningError("json", "a control character that clients escape differently")
    return text


def seal(data: bytes, key: PrivateKey) -> bytes:
    """The signed envelope around a rendered data node: exactly `{"data":{...},"signature":"..."}`."""
    if not (data.startswith(b"{") and data.endswith(b"}")):
        raise SigningError("framing", "the data node is not an object")
    return b'{"data":%b,"signature":"%b"}' % (data, b64encode(key.sign(data)))


def _data_first(body: bytes, start: int) -> Frame:
    name = body.rfind(b'"signature"', start)
    tail = _TAIL.fullmatch(body, name) if name > 0 else None
    if tail is None:
        raise SigningError("framing", "the body does not end with its signature")
    before = body[start:name].rstrip(_SPACE)
    if not before.endswith(b","):
        raise SigningError("framing", "no comma between data and signature")
    return _framed(before[:-1].rstrip(_SPACE), tail[1])


def _data_last(body: bytes, first: re.Match[bytes]) -> Frame:
    before = body[first.end() :].rstrip(_SPACE)
    if not before.endswith(b"}"):
        raise SigningError("framing", "the body does not end as an object")
    return _framed(before[:-1].rstrip(_SPACE), first[1])


def _framed(data: bytes, signature: bytes) -> Frame:
    if not data.endswith(b"}"):
        raise SigningError("framing", "data is not an object")
    return Frame(data, _signature(signature))


def _signature(text: bytes) -> bytes:
    """The bytes behind a JSON string of base64; clients may escape its `/` and `=`."""
    if len(text) > MAX_SIGNATURE_TEXT:
        raise SigningError("framing", "the signature is too long")
    if b"\\" in text:
        try:
            text = parse(b'"' + text + b'"').encode()
        except SigningError:
            raise SigningError("framing", "the signature is not a JSON string") from None
    try:
        return a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError):
        raise SigningError("framing", "the signature is not base64") from None


def _refuse_unportable(root: dict[str, Any]) -> None:
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            values = _named_values(container) if type(container) is dict else container
            if _survives(map(type, values)):
                continue
            for value in values:
                kind = type(value)
                if kind is int:
                    if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
                        raise SigningError("json", "an integer is beyond 2^53")
                elif kind is dict or kind is list or kind is tuple:
                    below.append(value)
                elif not (kind is str or kind is bool or value is None):
                    raise SigningError("json", f"a {kind.__name__} does not survive every client")
        if not below:
            return
        level = below
    raise SigningError("json", f"deeper than {MAX_DEPTH} levels")


def _named_values(container: dict[Any, Any]) -> Iterable[Any]:
    for name in container:
        if type(name) is not str or _INTEGER_LIKE.fullmatch(name):
            raise SigningError("json", "a member name looks like an integer")
    return container.values()
