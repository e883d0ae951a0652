"""The XML of a part, read as a stream of elements, and what it may cost.

Rule: nothing is built but what the reader of a part keeps. No document type (so no entities), UTF-8 alone, a bound on
elements, depth, the length of one piece of markup and of one text. What looks as it nearly always does is read at once
(`Plain`), but only where the parser says that it stands between elements; it decides on everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol
from xml.parsers import expat

from adapters.kit.errors import AdapterError

MAX_DEPTH: Final = 32
MAX_NAMES: Final = 256
"""Different elements directly inside of one kind of element."""
MAX_ELEMENTS: Final = 1_000_000
"""Of all parts together. A table of seven columns and twenty thousand rows has half of them."""
MAX_MARKUP: Final = 262_144
"""Bytes of one start tag, comment or the like: the parser looks at an unfinished one again with every piece."""
MAX_TEXT: Final = 32_767
"""Characters of one cell: what spreadsheet programs allow."""

_MAIN: Final = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main ",
    "http://purl.oclc.org/ooxml/spreadsheetml/main ",
    "http://schemas.openxmlformats.org/package/2006/relationships ",
)
"""The name spaces of workbooks, of the strict form, and of relations between parts, as they precede a name."""

_MUCH: Final = "the workbook has far more markup than a table of people"
_OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""Of UTF-16 at the beginning of a part: the parser would follow them whatever it is told."""


class Hooks(NamedTuple):
    """What a reader wants of one kind of element: to be told when it begins and when it ends, and its text, in pieces."""

    begin: Callable[[Mapping[str, str]], None] | None = None
    end: Callable[[], None] | None = None
    text: Callable[[str], None] | None = None


_NOTHING: Final = Hooks()


class Plain(NamedTuple):
    """Children of one kind of element that are read without the parser. `opened`: how its start tag begins. `run`: as many
    whole children as there are, of such markup and texts that no parser could read another way. `take` gets them as text."""

    opened: bytes
    run: re.Pattern[bytes]
    take: Callable[[str], None]


class Plains(NamedTuple):
    """Where plain children may come: behind the tags `before`, in the elements `within`, by their path."""

    before: re.Pattern[bytes]
    within: Mapping[tuple[str, ...], Plain]


class Reader(Protocol):
    """What is told of a part's elements. `plain`: some of them may come together; None: all come one by one."""

    @property
    def plain(self) -> Plains | None: ...

    def hooks(self, path: tuple[str, ...]) -> Hooks | None:
        """What is wanted of elements at `path` (names from the root on, an element of a foreign name space being ""); asked
        once for each kind of place."""
        ...


class _Place:
    """Where an element stands. Made once per kind of place: there are few, and very many elements."""

    __slots__ = ("begin", "below", "end", "path", "text")

    def __init__(self, path: tuple[str, ...], hooks: Hooks) -> None:
        self.path = path
        self.below: dict[str, _Place] = {}
        self.begin, self.end, self.text = hooks

    def enter(self, name: str, reader: Reader) -> _Place:
        if len(self.path) >= MAX_DEPTH or len(self.below) >= MAX_NAMES:
            raise AdapterError("file-too-large", "the workbook has far more kinds of markup than a table of people")
        space = next((space for space in _MAIN if name.startswith(space)), None)
        path = (*self.path, "" if space is None else name[len(space) :])
        place = self.below[name] = _Place(path, reader.hooks(path) or _NOTHING)
        return place


class _Stand:
    """Where the parser stands: passes what it finds on to a reader, within the bounds. `elements`: that may still come.
    `moved`: whether an element began or ended since it was last set back."""

    __slots__ = ("elements", "moved", "parser", "path")

    def __init__(self, reader: Reader, elements: int) -> None:
        self.elements = elements
        self.moved = False
        self.path: tuple[str, ...] = ()
        self.parser = expat.ParserCreate("UTF-8", " ")
        self._attach(reader)

    def _attach(self, reader: Reader) -> None:
        """Local names throughout: a workbook has a million of these calls."""
        place, above = _Place((), _NOTHING), list[_Place]()
        take: Callable[[str], None] | None = None
        length = 0

        def begin(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal place, take, length
            self.elements -= 1
            if self.elements < 0:
                raise AdapterError("file-too-large", _MUCH)
            above.append(place)
            place = place.below.get(name) or place.enter(name, reader)
            self.moved, self.path = True, place.path
            if place.begin is not None:
                place.begin(attributes)
            take = place.text
            length = 0

        def text(found: str) -> None:
            nonlocal length
            if take is not None:
                length += len(found)
                if length > MAX_TEXT:
                    raise AdapterError("file-too-large", f"a cell holds more than {MAX_TEXT} characters")
                take(found)

        def end(_: str) -> None:
            nonlocal place, take
            if place.end is not None:
                place.end()
            take = None
            place = above.pop()
            self.moved, self.path = True, place.path

        parser = self.parser
        parser.buffer_text = True
        parser.StartElementHandler = begin
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_doctype


def _refuse_doctype(*_: object) -> None:
    raise AdapterError("file-unsuitable", "a part of the workbook has a document type")


class Markup:
    """Reads the parts of one workbook, which share one bound on elements."""

    def __init__(self) -> None:
        self._elements = MAX_ELEMENTS

    def read(self, pieces: Iterable[bytes], reader: Reader) -> None:
        """Pass one part through `reader`. Raises `AdapterError`."""
        feed = _Feed(_Stand(reader, self._elements))
        plain = reader.plain
        try:
            for piece in pieces:
                if feed.fed == 0 and piece.startswith(_OTHER_MARKS):
                    raise AdapterError("file-unsuitable", "a part of the workbook is not in UTF-8")
                if plain is None:
                    feed.give(piece)
                else:
                    feed.give_around(piece, plain)
            feed.stand.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise AdapterError("file-unsuitable", "a part of the workbook is not XML in UTF-8") from error
        self._elements = feed.stand.elements


class _Feed:
    """What the parser of one part is given."""

    def __init__(self, stand: _Stand) -> None:
        self.stand = stand
        self.fed = 0
        self._last = b""
        self._opened: set[tuple[str, ...]] = set()

    def give(self, some: bytes) -> int:
        """Returns how many bytes the parser keeps, waiting for the end of what began in them."""
        parser = self.stand.parser
        parser.Parse(some, False)
        self.fed += len(some)
        waiting = self.fed - parser.CurrentByteIndex
        if waiting > MAX_MARKUP:
            raise AdapterError("file-too-large", "a piece of the workbook's markup has no end")
        return waiting

    def give_around(self, piece: bytes, plains: Plains) -> None:
        """All of a piece but the runs of plain children in it."""
        stand = self.stand
        at = 0
        while (tag := plains.before.search(piece, at)) is not None:
            some = piece[at : tag.end()]
            at = tag.end()
            stand.moved = False
            whole = self._last + some
            self._last = some[-1:]
            # within a comment or the like no element begins or ends, and none of those begins here
            if self.give(some) or not stand.moved or b"<!" in whole or b"<?" in whole:
                continue
            plain = plains.within.get(stand.path)
            if plain is None or not self._is_open(tag[0], stand.path, plain):
                continue
            run = plain.run.match(piece, at)
            if run is not None and self._take(run[0], plain):
                at = run.end()
        self._last = piece[-1:]
        self.give(piece[at:])

    def _is_open(self, tag: bytes, path: tuple[str, ...], plain: Plain) -> bool:
        """Whether the element was opened by a tag without a prefix: names within it that have none are of its name space."""
        if tag.startswith(plain.opened):
            self._opened.add(path)
        return path in self._opened

    def _take(self, run: bytes, plain: Plain) -> bool:
        """Whether the run was taken; bytes that are no UTF-8 are the parser's."""
        try:
            text = run.decode()
        except UnicodeDecodeError:
            return False
        self.stand.elements -= run.count(b"<") - run.count(b"</")
        if self.stand.elements < 0:
            raise AdapterError("file-too-large", _MUCH)
        plain.take(text)
        return True
