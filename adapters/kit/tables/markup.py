"""The XML of a part, read as a stream of elements, and what it may cost.

Rule: nothing is built but what the reader of a part keeps. No document type (so no entities), UTF-8 alone, a bound on
elements, depth, the length of one piece of markup and of one text.
"""

from __future__ import annotations

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

_OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""Of UTF-16 at the beginning of a part: the parser would follow them whatever it is told."""


class Hooks(NamedTuple):
    """What a reader wants of one kind of element: to be told when it begins and when it ends, and its text, in pieces."""

    begin: Callable[[Mapping[str, str]], None] | None = None
    end: Callable[[], None] | None = None
    text: Callable[[str], None] | None = None


_NOTHING: Final = Hooks()


class Reader(Protocol):
    """What is told of a part's elements."""

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


def _attach(parser: expat.XMLParserType, reader: Reader, elements: int) -> Callable[[], int]:
    """Have the parser pass on what it finds to a reader, within the bounds; `elements`: that may still come, and what comes
    back says how many are left. Local names throughout: a workbook has a million of these calls."""
    place, above = _Place((), _NOTHING), list[_Place]()
    take: Callable[[str], None] | None = None
    length = 0

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal elements, place, take, length
        elements -= 1
        if elements < 0:
            raise AdapterError("file-too-large", "the workbook has far more markup than a table of people")
        above.append(place)
        place = place.below.get(name) or place.enter(name, reader)
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

    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return lambda: elements


def _refuse_doctype(*_: object) -> None:
    raise AdapterError("file-unsuitable", "a part of the workbook has a document type")


class Markup:
    """Reads the parts of one workbook, which share one bound on elements."""

    def __init__(self) -> None:
        self._elements = MAX_ELEMENTS

    def read(self, pieces: Iterable[bytes], reader: Reader) -> None:
        """Pass one part through `reader`. Raises `AdapterError`."""
        parser = expat.ParserCreate("UTF-8", " ")
        left = _attach(parser, reader, self._elements)
        fed = 0
        try:
            for piece in pieces:
                if fed == 0 and piece.startswith(_OTHER_MARKS):
                    raise AdapterError("file-unsuitable", "a part of the workbook is not in UTF-8")
                parser.Parse(piece, False)
                fed += len(piece)
                if fed - parser.CurrentByteIndex > MAX_MARKUP:
                    raise AdapterError("file-too-large", "a piece of the workbook's markup has no end")
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise AdapterError("file-unsuitable", "a part of the workbook is not XML in UTF-8") from error
        self._elements = left()
