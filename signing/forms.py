"""Every form in which an envelope travels: JSON and XML, and the few spellings that published clients sign.

Rule: the received bytes of `data` are verified first; only what no key made is tried again in a short fixed list of
fallbacks, and whatever verifies is what is parsed, and nothing else:

    json            the span as received
    json-compact    the span printed anew, compact, members in their order
    xml             the span from `<data` to the last `</data>` as received
    xml-declared    a declaration line, then the span: Python's xmltodict signs its own
    xml-stripped    the span without white space between its tags

A message keeps its form's name, so that `verified_bytes` finds the same bytes again without keys.

The body of an XML message is in `esbBody` as elements, as escaped text holding a document, or as JSON inside `<root>`.
One element `root` is unwrapped, any other stays as a member. Inside `<root>`, text that begins as a JSON object or list
is that JSON: JavaScript wraps whatever string it is given, so if the text is no XML the JSON is taken as it stands.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from signing import envelope, jsontext, xmltext
from signing.envelope import Frame
from signing.errors import SigningError
from signing.keys import KeyRing, PrivateKey, PublicKey
from signing.portable import portable
from signing.xmlframe import XmlFrame, declared, frame_xml, stripped

Form = Literal["json", "json-compact", "xml", "xml-declared", "xml-stripped"]
Media = Literal["json", "xml"]
Kind = Literal["request", "response"]

BODY: Final = "esbBody"
_ROOT_START: Final = "<root>"
_ROOT_END: Final = "</root>"
_NOT_NESTED: Final = frozenset({"data", "signature"})
_TRUTH: Final = {"true": True, "false": False}
_SPACE: Final = " \t\r\n"


class Verified(NamedTuple):
    """The bytes that a key made, in which form of the received ones they were found, and the key."""

    data: bytes
    form: Form
    key: PublicKey


class _Spans(msgspec.Struct, gc=False):
    esbBody: msgspec.Raw  # noqa: N815 -- the name on the wire


_spans = msgspec.json.Decoder(_Spans)


class Reading(NamedTuple):
    """Members of `data`, and the received bytes of `esbBody` (for XML the whole element); None if absent."""

    members: dict[str, Any]
    body: bytes | None


def frame_body(received: bytes, media: Media) -> Frame:
    """The spans of a received body. Raises "framing"."""
    return envelope.frame(received) if media == "json" else frame_xml(received)


def verify_forms(frame: Frame, ring: KeyRing, now: int) -> Verified:
    """What verifies: the received bytes, else a fallback. Raises as `envelope.verify`: "expired-key" when a known key
    made the signature that is not valid at `now` (ms), "no-key" when the ring has no valid key, "signature"."""
    form: Form = "xml" if isinstance(frame, XmlFrame) else "json"
    valid = ring.valid_at(now)
    for key in valid:
        if key.verify(frame.data, frame.signature):
            return Verified(frame.data, form, key)
    others = ring.others(now)
    if valid or others:
        attempts = [(form, frame.data), *_fallbacks(frame)]
        for form, data in attempts[1:]:
            for key in valid:
                if key.verify(data, frame.signature):
                    return Verified(data, form, key)
        for _, data in attempts:
            for key in others:
                if key.verify(data, frame.signature):
                    raise SigningError("expired-key", f"key {key.key_id[:16]}")
    if not valid:
        raise SigningError("no-key", "no registered key is valid now")
    raise SigningError("signature", "no registered key made this signature over these bytes")


def verified_bytes(received: bytes, form: str) -> bytes:
    """The bytes that verified when `received` was taken in this form. Raises "framing" for what was never taken so."""
    frame = frame_body(received, media_of(form))
    if form in {"json", "xml"}:
        return frame.data
    for found, data in _fallbacks(frame):
        if found == form:
            return data
    raise SigningError("framing", "these bytes were never taken in this form")


def media_of(form: str) -> Media:
    return "xml" if form.startswith("xml") else "json"


def read_message(data: bytes, form: str) -> Reading:
    """What verified bytes say, strictly. Raises "json" or "xml".

    From XML every leaf is text, but for `success`; the contract's schema turns texts into values afterwards."""
    if form[:3] == "xml":
        return _read_xml(data)
    members = jsontext.parse(data)
    if type(members) is not dict:
        raise SigningError("json", "data is not an object")
    return Reading(members, bytes(_spans.decode(data).esbBody) if BODY in members else None)


def read_data(data: bytes, form: str) -> dict[str, Any]:
    """The members of `data`, as `read_message`."""
    return read_message(data, form).members


def body_bytes(data: bytes, form: str) -> bytes | None:
    """The bytes of `esbBody` as received, as `read_message`."""
    return read_message(data, form).body


def seal_form(members: Mapping[str, Any], key: PrivateKey, media: Media, kind: Kind) -> bytes:
    """The signed envelope around `members`, in an order and spelling that every known client verifies; members that
    are None are left out. Raises "json" or "xml" for what cannot be made so."""
    if media == "json":
        return envelope.seal(render_data_json(members), key)
    data = render_data_xml(members, wrap=kind == "request")
    root = b"esbrequest" if kind == "request" else b"esbresponse"
    return b"<%b>%b<signature>%b</signature></%b>" % (root, data, b64encode(key.sign(data)), root)


def render_data_json(members: Mapping[str, Any]) -> bytes:
    """The data node around somebody else's values. Raises "json"."""
    return jsontext.render(portable({name: value for name, value in members.items() if value is not None}))


def render_data_xml(members: Mapping[str, Any], *, wrap: bool = False) -> bytes:
    """The data node in XML, no element in it called `data` or `signature`. `wrap`: the body inside `<root>`, as every
    client sends it. Raises "xml"."""
    if not _NOT_NESTED.isdisjoint(members):
        raise SigningError("xml", "a member of data is called data or signature")
    parts = [
        _render_body(value, wrap=wrap) if name == BODY else xmltext.render(name, value)
        for name, value in members.items()
        if value is not None
    ]
    return f"<data>{''.join(parts)}</data>".encode()


def _render_body(body: Any, *, wrap: bool) -> str:
    if isinstance(body, str) and body.lstrip(_SPACE)[:1] in {"{", "["}:
        return xmltext.render(BODY, body)  # inside <root> it would be read as JSON
    if _holds(body, _NOT_NESTED):
        return f"<{BODY}>{xmltext.escape(xmltext.render('root', body))}</{BODY}>"
    if isinstance(body, list | tuple):
        body = {xmltext.ITEM: body} if body else {}
    ambiguous = not isinstance(body, Mapping) or set(body) == {"root"}
    return xmltext.render(BODY, {"root": body} if wrap or ambiguous else body)


def _holds(value: Any, names: frozenset[str]) -> bool:
    level = [value]
    while level:
        inner = level.pop()
        if isinstance(inner, Mapping):
            if not names.isdisjoint(inner):
                return True
            level += inner.values()
        elif isinstance(inner, list | tuple):
            level += inner
    return False


def _fallbacks(frame: Frame) -> Iterator[tuple[Form, bytes]]:
    """Each different from what was tried before it; at most two."""
    if isinstance(frame, XmlFrame):
        yield "xml-declared", declared(frame)
        bare = stripped(frame.data)
        if bare != frame.data:
            yield "xml-stripped", bare
        return
    try:
        compact = jsontext.render(jsontext.parse(frame.data))
    except SigningError:
        return
    if compact != frame.data:
        yield "json-compact", compact


def _read_xml(data: bytes) -> Reading:
    document = xmltext.parse(data, once=True)
    if document.root != "data":
        raise SigningError("xml", "the root is not data")
    members = document.value
    if type(members) is not dict:
        raise SigningError("xml", "data has no members")
    if type(members.get("success")) is str:
        members["success"] = _TRUTH.get(members["success"].lower(), members["success"])
    span = document.spans.get(BODY)
    if span is None:
        return Reading(members, None)
    members[BODY] = unwrap_body(members[BODY])
    return Reading(members, data[span[0] : span[1]])


def unwrap_body(value: Any) -> Any:
    """A body as XML brings it, without what clients put around it: escaped text, or an element `root`. Raises "xml" or
    "json"."""
    if type(value) is str:
        text = value.strip(_SPACE)
        return _read_document(text) if text.startswith("<") else value
    if type(value) is dict and len(value) == 1 and "root" in value:
        return _unwrap(value["root"])
    return value


def read_text(text: str) -> Any:
    """A body that came as a text of its own beside XML (encrypted, or uploaded): a document, or JSON. Raises "xml" or
    "json"."""
    text = text.strip(_SPACE)
    return jsontext.parse(text.encode()) if _begins_json(text) else _read_document(text)


def _read_document(text: str) -> Any:
    """The document that came as escaped text."""
    try:
        name, value, _ = xmltext.parse(text.encode())
    except SigningError:
        inner = text[len(_ROOT_START) : -len(_ROOT_END)]
        if not (text.startswith(_ROOT_START) and text.endswith(_ROOT_END) and _begins_json(inner)):
            raise
        return jsontext.parse(inner.encode())
    return _unwrap(value) if name == "root" else {name: value}


def _unwrap(value: Any) -> Any:
    """What `<root>` holds."""
    return jsontext.parse(value.encode()) if type(value) is str and _begins_json(value) else value


def _begins_json(text: str) -> bool:
    return text.lstrip(_SPACE)[:1] in {"{", "["}
