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


class Exchange(_Strict):
    """One kind of message. `wire` is a model (or a JSON Schema) in wire.py, `function` stands in translate.py."""

    name: Slug
    direction: Literal["in", "out"]
    title: Text
    wire: Name
    contracts: tuple[str, ...] = Field(min_length=1)
    function: Name
    media_type: Literal["application/json", "text/plain"] = "application/json"
    assurance: Literal["signed", "device", "file", "polled"] = "signed"
    attached: bool = False
    """The body carries a file as {name, sha256, contentBase64}."""
    dedupe: Dedupe = Dedupe()


class Route(_Strict):
    """A device's path that the hub mounts; `function` stands in device.py."""

    name: Slug
    path: Annotated[str, Field(pattern=r"^/[a-z0-9/_.-]+$")]
    methods: tuple[Literal["GET", "POST"], ...] = Field(min_length=1)
    function: Name


class Manifest(_Strict):
    """All that the hub must know of an adapter before it runs it."""

    id: Annotated[str, Field(pattern=r"^_?[a-z][a-z0-9_]*$", max_length=40)]
    title: Text
    owner: Text
    level: Literal["draft", "trial", "live"]
    gaps: tuple[Text, ...]
    exchanges: tuple[Exchange, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    options: dict[str, Text] = Field(default_factory=dict)
    """Options of a system or device that the adapter reads, and what each means."""
    reasons: dict[Slug, Text] = Field(default_factory=dict)
    """Slugs of refused rows: what it means and what the sender does about it."""
    problems: dict[Slug, Text] = Field(default_factory=dict)
    """Kinds of AdapterError: the same for whole messages."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Manifest:
        for names in ([e.name for e in self.exchanges], [r.path for r in self.routes]):
            if len(names) != len(set(names)):
                raise ValueError("names of exchanges and paths of routes are unique")
        return self

    def exchange(self, name: str) -> Exchange:
        """The exchange called `name`; `KitError` "missing" otherwise."""
        for exchange in self.exchanges:
            if exchange.name == name:
                return exchange
        raise KitError("missing", f"{self.id} has no exchange {name!r}")

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
