"""XML in and out: one safe parser, one compact renderer.

Rule: no document type, no entity, no processing instruction and no comment is ever taken; UTF-8 only; depth and number
of elements are bounded; nothing is dropped without a word. What a document says is a value:

    a leaf                    its text, white space kept
    an element with children  an object; children of one name, when there are several, a list; their order among other
                              names is not kept, white space between them means nothing, other text among them is refused
    attributes                members "@name"; the text beside them "#text"

`render` is the way back for values of objects, lists and scalars: a list repeats its element, a list in a list and a
list without a name use `<item>`, null members are left out, `<a></a>` never `<a/>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from xml.parsers import expat

from signing.errors import SigningError
from signing.jsontext import MAX_DEPTH
from signing.portable import number_text

MAX_ELEMENTS: Final = 250_000
"""Elements and attributes of one document."""

MAX_NAME: Final = 256
"""Characters of a name."""

ITEM: Final = "item"
"""Element of a list that has no name of its own."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}
_QUOTED: Final = _ESCAPES | {ord('"'): "&quot;", ord("\n"): "&#10;", ord("\t"): "&#9;"}


class Document(NamedTuple):
    """What a document says. `spans`: where each child of the root lies in the bytes, by name."""

    root: str
    value: Any
    spans: dict[str, tuple[int, int]]


def parse(text: bytes, *, once: bool = False) -> Document:
    """A whole document. `once`: children of the root must have different names. Raises "xml"."""
    return _Reader(text, once=once).read()


def render(name: str, value: Any) -> str:
    """The element `name` holding `value`. Raises "xml" for what XML cannot hold or would not give back, "json" for a
    number that is not portable."""
    out: list[str] = []
    _element(out, name, value, MAX_DEPTH)
    return "".join(out)


def escape(text: str) -> str:
    """Character data. Raises "xml" for characters that no XML can hold."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    if _FORBIDDEN.search(text):
        raise SigningError("xml", "a character that XML cannot hold")
    return text.translate(_ESCAPES)


class _Node:
    __slots__ = ("members", "name", "start", "text")

    def __init__(self, name: str, members: dict[str, Any], start: int) -> None:
        self.name = name
        self.members = members
        self.start = start
        self.text: list[str] = []


class _Reader:
    def __init__(self, text: bytes, *, once: bool) -> None:
        self._text = text
        self._once = once
        self._stack: list[_Node] = []
        self._count = 0
        self._spans: dict[str, tuple[int, int]] = {}
        self._root: tuple[str, Any] = ("", "")
        self._parser = expat.ParserCreate("UTF-8")

    def read(self) -> Document:
        parser = self._parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.XmlDeclHandler = _check_declaration
        parser.StartDoctypeDeclHandler = _refusing("a document type")
        parser.EntityDeclHandler = _refusing("an entity")
        parser.ProcessingInstructionHandler = _refusing("a processing instruction")
        parser.CommentHandler = _refusing("a comment")
        try:
            self._text.decode()  # the parser alone would take a byte order mark's word for another encoding
            parser.Parse(self._text, True)
        except UnicodeDecodeError:
            raise SigningError("xml", "not UTF-8") from None
        except expat.ExpatError as error:
            raise SigningError("xml", f"not well-formed, line {error.lineno} column {error.offset}") from None
        return Document(*self._root, self._spans)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if self._count > MAX_ELEMENTS:
            raise SigningError("xml", f"more than {MAX_ELEMENTS} elements")
        if len(self._stack) >= MAX_DEPTH:
            raise SigningError("xml", f"deeper than {MAX_DEPTH} levels")
        if len(name) > MAX_NAME or any(len(each) > MAX_NAME for each in attributes):
            raise SigningError("xml", f"a name of more than {MAX_NAME} characters")
        members = {f"@{each}": value for each, value in attributes.items()}
        self._stack.append(_Node(name, members, self._parser.CurrentByteIndex))

    def _characters(self, text: str) -> None:
        self._stack[-1].text.append(text)

    def _end(self, name: str) -> None:
        node = self._stack.pop()
        value = _value(node)
        if not self._stack:
            self._root = (name, value)
            return
        members = self._stack[-1].members
        if len(self._stack) == 1:
            if self._once and name in members:
                raise SigningError("xml", "an element occurs twice in data")
            self._spans[name] = (node.start, self._end_of(name))
        if name not in members:
            members[name] = value
        elif type(members[name]) is list:
            members[name].append(value)
        else:
            members[name] = [members[name], value]

    def _end_of(self, name: str) -> int:
        """Where the element ends: behind its end tag, or where the parser stands behind an empty one."""
        at = self._parser.CurrentByteIndex
        tag = b"</" + name.encode()
        after = self._text[at + len(tag) : at + len(tag) + 1]
        closes = self._text.startswith(tag, at) and after in {b">", b" ", b"\t", b"\r", b"\n"}
        return self._text.index(b">", at) + 1 if closes else at


def _value(node: _Node) -> Any:
    text = "".join(node.text)
    members = node.members
    if not members:
        return text
    if any(not each.startswith("@") for each in members):
        if text.strip(" \t\r\n"):
            raise SigningError("xml", "text among elements")
    elif text:
        members["#text"] = text
    return members


def _check_declaration(version: str, encoding: str | None, _standalone: int) -> None:
    if version != "1.0" or (encoding is not None and encoding.lower() != "utf-8"):
        raise SigningError("xml", "the declaration names another version or encoding")


def _refusing(what: str) -> Any:
    def refuse(*_: Any) -> None:
        raise SigningError("xml", f"{what} is not taken")

    return refuse


def _element(out: list[str], name: str, value: Any, depth: int) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise SigningError("xml", "a member name cannot be the name of an element")
    if depth == 0:
        raise SigningError("xml", f"deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        _object(out, name, value, depth)
        return
    out.append(f"<{name}>")
    if isinstance(value, list | tuple):
        _children(out, ITEM, value, depth)
    else:
        out.append(_scalar(value))
    out.append(f"</{name}>")


def _object(out: list[str], name: str, value: Mapping[Any, Any], depth: int) -> None:
    if not all(isinstance(each, str) for each in value):
        raise SigningError("xml", "a member name is not text")
    attributes = {each: inner for each, inner in value.items() if each.startswith("@") and inner is not None}
    out.append(f"<{name}{''.join(_attribute(each[1:], inner) for each, inner in attributes.items())}>")
    rest = {each: inner for each, inner in value.items() if not each.startswith("@") and inner is not None}
    if "#text" in rest:
        if len(rest) > 1 or not attributes:
            raise SigningError("xml", "text among elements")
        out.append(_scalar(rest.pop("#text")))
    for each, inner in rest.items():
        if isinstance(inner, list | tuple) and inner:
            _children(out, each, inner, depth)
        else:
            _element(out, each, inner, depth - 1)
    out.append(f"</{name}>")


def _children(out: list[str], name: str, values: list[Any] | tuple[Any, ...], depth: int) -> None:
    for inner in values:
        if inner is None:
            raise SigningError("xml", "a null in a list has no place in XML")
        _element(out, name, inner, depth - 1)


def _attribute(name: str, value: Any) -> str:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise SigningError("xml", "a member name cannot be the name of an attribute")
    text = _plain(value)
    escape(text)
    return f' {name}="{text.translate(_QUOTED)}"'


def _scalar(value: Any) -> str:
    return escape(_plain(value))


def _plain(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return number_text(value)
    raise SigningError("xml", f"a {kind.__name__} has no place in a text")
