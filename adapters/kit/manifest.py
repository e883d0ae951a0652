"""The manifest of an adapter: what it speaks, from whom to whom, and what it does not do.

Rule: reading a manifest imports nothing of the adapter, so a broken adapter can still be listed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adapters.kit.errors import KitError

FILE = "manifest.toml"

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1, max_length=600)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dedupe(_Strict):
    """When two messages are the same. `rows` names the member that lists the rows; `fields` the natural key."""

    rule: Literal["request-id", "natural-key", "window"] = "window"
    fields: tuple[str, ...] = ()
    rows: str | None = None

    @model_validator(mode="after")
    def _has_key(self) -> Dedupe:
        if self.rule == "natural-key" and not (self.fields and self.rows):
            raise ValueError("natural-key needs fields and rows")
        return self


class Rows(_Strict):
    """How the rows of an input are counted without asking the adapter, so that none can get lost on the way.

    form: `member` lists stand at the dotted path `at` of a JSON body ("" is the body, a list); `lines` and `csv` have
    `head` lines in front and `tail` lines behind; `element` is the name of an XML element that is one row; `case` has no
    form that the kit reads, so each golden case says its number in context.toml (`count`). `traced`: members (dotted, `[]`
    for each of a list), columns (by name in csv, by number from 0 in lines) or elements whose every value has to stand in
    a record of its row unless that is refused: numbers of people, marks, amounts.
    """

    form: Literal["member", "lines", "csv", "element", "case"]
    at: str = ""
    head: Annotated[int, Field(ge=0, le=20)] = 0
    tail: Annotated[int, Field(ge=0, le=20)] = 0
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    traced: tuple[str, ...] = ()


MediaType = Literal[
    "application/json",
    "text/plain",
    "text/csv",
    "application/xml",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
]
"""What a body is written in. JSON is parsed before an adapter sees it, everything else is given as bytes."""


class Exchange(_Strict):
    """One kind of message. `wire` is a model (or a JSON Schema) in wire.py, `function` stands in translate.py."""

    name: Slug
    direction: Literal["in", "out"]
    title: Text
    wire: Name
    contracts: tuple[str, ...] = Field(min_length=1)
    function: Name
    media_type: MediaType = "application/json"
    assurance: Literal["signed", "device", "file", "polled"] = "signed"
    attached: bool = False
    """The body carries a file as {name, sha256, contentBase64}: pushed so, or taken from a folder and wrapped so."""
    dedupe: Dedupe = Dedupe()
    keys: Name | None = None
    """Function in translate.py, (body, options) -> one natural key a row, for bodies that are not JSON."""
    rows: Rows | None = None
    """How rows are counted; None: the member that `dedupe.rows` names."""
    in_order: bool = False
    """A device sends its messages in the order in which it logged what is in them: its clock is compared with the one before."""
    source: Literal["run", "records"] = "run"
    """Out: rendered from a run and its signals, or from canonical records of `contracts`."""
    batch: Literal["message", "person"] = "message"
    """Out, from records: rendered at once from all records of one message that came in, or person by person. The order of
    what goes out is kept within it: of the sending system, or of each person."""
    signs: bool = False
    """Out, from records: the function gets, as its last argument, a `Signer` or None, for a signature within the message."""
    reads_back: Slug | None = None
    """Out, from records: the exchange in which the same file or message comes in. The round trip is a law then."""

    @model_validator(mode="after")
    def _fits_direction(self) -> Exchange:
        if self.signs and self.source != "records":
            raise ValueError("signs goes with the source records")
        if self.direction == "in" and (self.source != "run" or self.reads_back is not None):
            raise ValueError("source and reads_back are for exchanges that go out")
        if self.reads_back is not None and self.source != "records":
            raise ValueError("reads_back goes with the source records")
        if self.in_order and self.assurance != "device":
            raise ValueError("in_order goes with what devices send")
        if self.attached and self.media_type != "application/json":
            raise ValueError("an attached file travels in JSON")
        return self


class Route(_Strict):
    """A device's path that the hub mounts; `function` stands in device.py.

    `serial`: the query member that names the device; "": the secret first segment of the address alone does.
    """

    name: Slug
    path: Annotated[str, Field(pattern=r"^/[a-z0-9/_.-]+$")]
    methods: tuple[Literal["GET", "POST"], ...] = Field(min_length=1)
    function: Name
    serial: str = "SN"


class Poll(_Strict):
    """An interface that the hub asks by itself; `next_request` and `take` stand in client.py and do no I/O.

    `page` and `window_seconds` bound what one request asks for, as the other side allows; `lag_seconds`: how long the
    other side may take until it shows what has happened, so that nothing late is passed by. `credentials`: names of the
    secrets that its requests refer to, given as files by whoever registers the poll. `addresses`: names of options that hold
    another address of the system, such as of the host that gives its tokens; without the option it is the registered one.
    """

    name: Slug
    exchange: Slug
    title: Text
    interval_seconds: Annotated[int, Field(ge=5, le=86_400)]
    cursor: Text
    page: Annotated[int, Field(ge=1, le=10_000)] | None = None
    window_seconds: Annotated[int, Field(ge=60)] | None = None
    lag_seconds: Annotated[int, Field(ge=0, le=604_800)] = 0
    auth: Literal["none", "basic", "digest"] = "none"
    credentials: tuple[Slug, ...] = ()
    addresses: tuple[Name, ...] = ()
    next_request: Name = "next_request"
    take: Name = "take"

    @model_validator(mode="after")
    def _signs_in_with_two(self) -> Poll:
        if self.auth != "none" and not {"user", "password"} <= set(self.credentials):
            raise ValueError("basic and digest need the credentials user and password")
        return self


class Folder(_Strict):
    """Files that somebody brings. `pattern`: their names, as a shell writes them (letters in either case)."""

    name: Slug
    exchange: Slug
    title: Text
    pattern: Annotated[str, Field(pattern=r"^[0-9A-Za-z*?\[\]._-]+$", max_length=80)]
    max_bytes: Annotated[int, Field(ge=1, le=16_777_216)] = 16_777_216


class Manifest(_Strict):
    """All that the hub must know of an adapter before it runs it."""

    id: Annotated[str, Field(pattern=r"^_?[a-z][a-z0-9_]*$", max_length=40)]
    title: Text
    owner: Text
    level: Literal["draft", "trial", "live"]
    gaps: tuple[Text, ...]
    exchanges: tuple[Exchange, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    polls: tuple[Poll, ...] = ()
    folders: tuple[Folder, ...] = ()
    proof: Text | None = None
    """Against which release of the real system it was run, when and by whom: what the level `live` stands on."""
    options: dict[str, Text] = Field(default_factory=dict)
    """Options of a system or device that the adapter reads, and what each means."""
    reasons: dict[Slug, Text] = Field(default_factory=dict)
    """Slugs of refused rows: what it means and what the sender does about it."""
    skips: dict[Slug, Text] = Field(default_factory=dict)
    """Slugs of rows that are nothing the hub asks for: what they are, and why nobody misses them."""
    problems: dict[Slug, Text] = Field(default_factory=dict)
    """Kinds of AdapterError: the same for whole messages."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Manifest:
        for names in (
            [e.name for e in self.exchanges],
            [r.path for r in self.routes],
            [p.name for p in self.polls],
            [f.name for f in self.folders],
        ):
            if len(names) != len(set(names)):
                raise ValueError("names of exchanges, polls and folders and paths of routes are unique")
        return self

    @model_validator(mode="after")
    def _exchanges_are_there(self) -> Manifest:
        inward = {e.name for e in self.exchanges if e.direction == "in"}
        served = [*((p.name, p.exchange) for p in self.polls), *((f.name, f.exchange) for f in self.folders)]
        for name, exchange_in in served:
            if exchange_in not in inward:
                raise ValueError(f"{name}: its exchange goes in, and is declared")
        for exchange in self.exchanges:
            if exchange.reads_back is not None and exchange.reads_back not in inward:
                raise ValueError(f"{exchange.name}: reads_back names an exchange that goes in")
        return self

    def exchange(self, name: str) -> Exchange:
        """The exchange called `name`; `KitError` "missing" otherwise."""
        for exchange in self.exchanges:
            if exchange.name == name:
                return exchange
        raise KitError("missing", f"{self.id} has no exchange {name!r}")

    def poll(self, name: str) -> Poll:
        """The poll called `name`; `KitError` "missing" otherwise."""
        for poll in self.polls:
            if poll.name == name:
                return poll
        raise KitError("missing", f"{self.id} has no poll {name!r}")

    def folder(self, name: str) -> Folder:
        """The folder called `name`; `KitError` "missing" otherwise."""
        for folder in self.folders:
            if folder.name == name:
                return folder
        raise KitError("missing", f"{self.id} has no folder {name!r}")

    def route(self, path: str) -> Route | None:
        """The route that serves `path`, or None."""
        return next((route for route in self.routes if route.path == path), None)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`; raises `KitError` "manifest" naming the members that are wrong."""
    try:
        raw = tomllib.loads((folder / FILE).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KitError("manifest", f"{folder.name}/{FILE} cannot be read: {type(error).__name__}") from error
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'manifest'}: {e['msg']}" for e in error.errors())
        raise KitError("manifest", f"{folder.name}: {places}") from error
    if manifest.id != folder.name:
        raise KitError("manifest", f"id {manifest.id!r} is not the folder's name {folder.name!r}")
    return manifest
