"""The rows of an input, counted and read without asking the adapter, so that a law can say whether any was lost.

Rule: what is read here is only what the manifest says of the form; no rule of the system is known. Numbers compare by
value (`07` and `7.0` are 7), texts as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree import ElementTree as ET

from adapters.kit import attached
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.manifest import Exchange, Rows

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)


def rows_of(exchange: Exchange, body: Any) -> list[Any] | None:
    """The rows of `body`; None where no form says what they are."""
    rows = exchange.rows
    if rows is None:
        member = exchange.dedupe.rows
        if member is None:
            return None
        rows = Rows(form="lines") if isinstance(body, bytes) else Rows(form="member", at=member)
    if rows.form == "case":
        return None
    if rows.form == "member":
        return _member(body, rows.at)
    content = _content(exchange, body)
    if rows.form == "element":
        return [element for element in ET.fromstring(content).iter() if _tag(element) == rows.at]  # noqa: S314
    lines = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    filled = [line for line in lines if line.strip()]
    inner = filled[rows.head : len(filled) - rows.tail]
    if rows.form == "lines":
        return [line.split("\t") for line in inner]
    head = filled[rows.head - 1] if rows.head else ""
    names = next(csv.reader(io.StringIO(head), delimiter=rows.delimiter), [])
    text = "\n".join(inner)
    return [dict(zip(names, cells, strict=False)) for cells in csv.reader(io.StringIO(text), delimiter=rows.delimiter)]


def traced(rows: Rows, row: Any) -> Iterator[str]:
    """The values of a row that must not get lost, as comparable texts; empty ones left out."""
    for path in rows.traced:
        for value in _at(row, path):
            if value is not None and str(value).strip():
                yield comparable(str(value))


def leaves(value: Any) -> Iterator[str]:
    """Every text and number within a record, as comparable texts."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield comparable(str(value))


def comparable(text: str) -> str:
    """A text without the spaces around it; a number by its value."""
    bare = text.strip()
    if _NUMBER.fullmatch(bare) and len(bare) < 16 and not bare.startswith("0"):
        try:
            return f"{Decimal(bare).normalize():f}"
        except InvalidOperation:
            return bare
    return bare


def _content(exchange: Exchange, body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if exchange.attached:
        try:
            return attached.unwrap(body)
        except AdapterError:
            return b""
    raise KitError("manifest", f"{exchange.name}: rows of this form need bytes")


def _member(body: Any, path: str) -> list[Any]:
    for step in path.split(".") if path else ():
        body = body.get(step) if isinstance(body, dict) else None
    return body if isinstance(body, list) else []


def _at(row: Any, path: str) -> Iterator[Any]:
    if isinstance(row, ET.Element):
        yield from (element.text for element in row.iter() if _tag(element) == path)
        return
    if isinstance(row, list) and path.isdigit():
        yield row[int(path)] if int(path) < len(row) else None
        return
    name, _, rest = path.partition(".")
    each = name.endswith("[]")
    inner = row.get(name.removesuffix("[]")) if isinstance(row, dict) else None
    for item in inner or () if each else (inner,):
        yield from _at(item, rest) if rest else (item,)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
