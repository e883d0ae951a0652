"""Conditions of rules: the text of a Common Expression Language (CEL) expression, as a tree.

Rule: what is too long or nested too deeply is refused while it is read, so a tree is small and walking it is safe.
Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md; without bytes, messages and packages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.errors import SchemaError

MOST_CHARACTERS: Final = 4096
MOST_DEPTH: Final = 24

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f]+)
    |(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<int>0x[0-9A-Fa-f]+|[0-9]+)[uU]?
    |(?P<text>"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{c: c for c in "\"'\\`?"},
}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LEVELS: Final = (
    frozenset({"<", "<=", ">", ">=", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})


class Token(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`of.member`; `test`: asked by `has()` whether it is there."""

    of: Node
    member: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """An operator (its sign), a function, or a method (`of` comes first among `args`)."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    items: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro: `over.macro(name, step)`; `keep`: the condition of `map` with three arguments."""

    macro: str
    over: Node
    name: str
    step: Node
    keep: Node | None = None


Node = Literal | Name | Select | Call | Listed | Mapped | Loop


def parse(text: str) -> Node:
    """The tree of an expression. Raises `SchemaError` of kind `rule`."""
    if len(text) > MOST_CHARACTERS:
        raise SchemaError("rule", f"longer than {MOST_CHARACTERS} characters")
    reader = _Reader(_tokens(text))
    node = reader.expression()
    if reader.here.kind != "end":
        raise SchemaError("rule", "something follows where the expression could end")
    return node


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SchemaError("rule", f"character {at + 1} begins nothing that CEL has here")
        kind = match.lastgroup or ""
        if kind != "space":
            if kind == "text" and found and found[-1].kind == "name" and text[at - 1].isalnum():
                raise SchemaError("rule", "raw texts and bytes are not taken: write a plain text")
            found.append(Token(kind, match.group(kind)))
        at = match.end()
    return [*found, Token("end", "")]


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def _take(self, sign: str) -> bool:
        if self.here.kind in {"sign", "name"} and self.here.text == sign:
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise SchemaError("rule", f"{sign} expected")

    def _deeper(self, by: int = 1) -> None:
        self._depth += by
        if self._depth > MOST_DEPTH:
            raise SchemaError("rule", f"nested deeper than {MOST_DEPTH}")

    def expression(self) -> Node:
        self._deeper()
        node = self._joined("||")
        if self._take("?"):
            then = self._joined("||")
            self._need(":")
            node = Call("?:", (node, then, self.expression()))
        self._depth -= 1
        return node

    def _joined(self, sign: str) -> Node:
        def next_one() -> Node:
            return self._joined("&&") if sign == "||" else self._binary(0)

        parts = [next_one()]
        while self._take(sign):
            parts.append(next_one())
        return parts[0] if len(parts) == 1 else Call(sign, tuple(parts))

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._binary(level + 1)
        grown = 0
        while self.here.kind in {"sign", "name"} and self.here.text in _LEVELS[level]:
            sign = self.here.text
            self._at += 1
            self._deeper()  # the tree leans to the left: a long chain is a deep tree
            grown += 1
            node = Call(sign, (node, self._binary(level + 1)))
        self._depth -= grown
        return node

    def _unary(self) -> Node:
        for sign in ("!", "-"):
            if self._take(sign):
                self._deeper()
                node = Call("!" if sign == "!" else "neg", (self._unary(),))
                self._depth -= 1
                return node
        return self._member()

    def _member(self) -> Node:
        node = self._primary()
        grown = 0
        while True:
            if self._take("."):
                name = self._name()
                node = self._method(node, name) if self._take("(") else Select(node, name)
            elif self._take("["):
                node = Call("[]", (node, self.expression()))
                self._need("]")
            else:
                self._depth -= grown
                return node
            self._deeper()
            grown += 1

    def _name(self) -> str:
        if self.here.kind != "name":
            raise SchemaError("rule", "a name expected")
        self._at += 1
        return self._tokens[self._at - 1].text

    def _method(self, of: Node, name: str) -> Node:
        args = self._until(")")
        if name not in MACROS:
            return Call(name, (of, *args))
        if not (len(args) == 2 or (name == "map" and len(args) == 3)) or not isinstance(args[0], Name):
            raise SchemaError("rule", f"{name} takes a name and an expression")
        keep = args[1] if len(args) == 3 else None
        return Loop(name, of, args[0].name, args[-1], keep)

    def _until(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self._take(end):
            if found:
                self._need(",")
                if end == "]" and self._take(end):
                    break
            found.append(self.expression())
        return found

    def _primary(self) -> Node:
        token = self.here
        self._at += 1
        if token.kind == "int":
            return Literal(int(token.text, 16 if token.text.startswith("0x") else 10))
        if token.kind == "float":
            return Literal(float(token.text))
        if token.kind == "text":
            return Literal(_unescape(token.text[1:-1]))
        if token.kind == "name":
            return self._named(token.text)
        if token.text == "(":
            node = self.expression()
            self._need(")")
            return node
        if token.text == "[":
            return Listed(tuple(self._until("]")))
        if token.text == "{":
            return self._map()
        raise SchemaError("rule", "a value expected")

    def _named(self, name: str) -> Node:
        if name in {"true", "false", "null"}:
            return Literal({"true": True, "false": False, "null": None}[name])
        if not self._take("("):
            return Name(name)
        args = self._until(")")
        if name != "has":
            return Call(name, tuple(args))
        if len(args) != 1 or not isinstance(args[0], Select):
            raise SchemaError("rule", "has takes a member, such as has(message.name)")
        return Select(args[0].of, args[0].member, test=True)

    def _map(self) -> Node:
        items: list[tuple[Node, Node]] = []
        while not self._take("}"):
            if items:
                self._need(",")
            key = self.expression()
            self._need(":")
            items.append((key, self.expression()))
        return Mapped(tuple(items))


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2) or match.group(3)
        if code is not None:
            number = int(code, 16)
            if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                raise SchemaError("rule", "an escape names no character")
            return chr(number)
        known = _ESCAPES.get(match.group(4))
        if known is None:
            raise SchemaError("rule", "an escape that CEL does not have")
        return known

    return _ESCAPE.sub(one, text) if "\\" in text else text
