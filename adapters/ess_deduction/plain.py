"""The rows of a document whose markup is plain, read without a parser.

Rule: plain is what no parser could read another way: tags without attributes, texts that stand for themselves. Records nearly
always have the same fields in the same order, so that those of the first one are looked for in the others. Whatever is not
plain is the parser's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

RECORD: Final = "DeductionRecord"
_TEXT: Final = "[^<>&\x00-\x08\x0b-\x1f\ufffe\uffff]*+"
"""No markup, no line break that a parser may change, none of the characters that XML has no place for."""
_FIELDS: Final = rf"(?:<(?!{RECORD}>)([A-Za-z][0-9A-Za-z]{{0,63}})>{_TEXT}</\1>){{0,200}}+"
_HEADER: Final = re.compile(f"<Data><Header>{_FIELDS}</Header>")
_EACH: Final = re.compile("<([0-9A-Za-z]+)>([^<]*)</")
_OPENED: Final = "<MessageDetails>"
_CLOSED: Final = "</MessageDetails>"


class Row(NamedTuple):
    """One record or message: the names and texts of its fields; `flat`: none of them has fields of its own."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    flat: bool = True


class Plain(NamedTuple):
    """What Data says: the texts of its header by name, and its rows."""

    header: Mapping[str, str]
    rows: list[Row]


def read_plain(span: bytes, *, in_records: bool) -> Plain | None:
    """The whole of Data; None where it is not plain. `in_records`: its rows are records within MessageDetails, else the
    MessageDetails themselves."""
    try:
        text = span.decode()
    except UnicodeDecodeError:
        return None
    header = _HEADER.match(text)
    rows = None if header is None else _rows(text, header.end(), RECORD if in_records else "MessageDetails")
    if header is None or rows is None:
        return None
    return Plain({name: said.strip() for name, said in _EACH.findall(header[0], len("<Data><Header>"))}, rows)


def _rows(text: str, at: int, name: str) -> list[Row] | None:
    rows: list[Row] = []
    within = name == RECORD
    names: tuple[str, ...] = ()
    usual = any_row = _any_row(name)
    while text.startswith(_OPENED, at):
        before = at
        if within:
            at += len(_OPENED)
        while (found := usual.match(text, at) or any_row.match(text, at)) is not None:
            at = found.end()
            if found.re is any_row:
                said = _EACH.findall(found[0], len(name) + 2)
                row = Row(tuple(each for each, _ in said), tuple(each for _, each in said))
                if usual is any_row and said:
                    names, usual = row.names, _row_of(name, row.names)
            else:
                row = Row(names, found.groups())
            rows.append(row)
        if within and text.startswith(_CLOSED, at):
            at += len(_CLOSED)
        elif within or at == before:
            return None
    return rows if rows and at + len("</Data>") == len(text) and text.endswith("</Data>") else None


@lru_cache(maxsize=8)
def _any_row(name: str) -> re.Pattern[str]:
    return re.compile(f"<{name}>{_FIELDS}</{name}>")


@lru_cache(maxsize=64)
def _row_of(name: str, fields: tuple[str, ...]) -> re.Pattern[str]:
    """A row of exactly these fields."""
    return re.compile(f"<{name}>{''.join(f'<{field}>({_TEXT})</{field}>' for field in fields)}</{name}>")
