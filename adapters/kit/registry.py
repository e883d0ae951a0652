"""Adapters, found by their manifests and called through the kit.

Rule: `find` imports no adapter; an adapter's modules are imported when it is first used, and whatever is
wrong with them is a `KitError` of that adapter alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from adapters.kit import contain
from adapters.kit.errors import KitError
from adapters.kit.manifest import FILE, Exchange, Manifest, Route, read_manifest
from adapters.kit.polling import Cursor, PollContext, PollRequest, PollResponse, Session, Taken
from adapters.kit.sample import SampleMessage, World
from adapters.kit.values import (
    DeviceContext,
    DeviceReply,
    DeviceRequest,
    MessageContext,
    Outgoing,
    Signer,
    Translated,
)
from adapters.kit.wire import schema_of
from schemas.contracts import Checker, compile_checker
from schemas.xmlvalues import from_xml

ROOT: Final = Path(__file__).resolve().parents[1]
OUTSIDE: Final = "amana_adapters_outside"
"""Package name under which an adapter outside of this distribution is imported."""


class Adapter:
    """One adapter: its manifest, and its functions behind the kit's guards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self._checkers: dict[str, Checker] = {}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._functions: dict[str, tuple[Exchange, Callable[..., Any], bool]] = {}

    def __repr__(self) -> str:
        return f"Adapter({self.id})"

    @property
    def id(self) -> str:
        return self.manifest.id

    # contracts

    def wire_contract(self, exchange: str) -> str:
        """Name of the wire contract of `exchange`: "wire:<adapter>.<exchange>"."""
        return f"wire:{self.id}.{self.manifest.exchange(exchange).name}"

    def wire_schema(self, exchange: str) -> dict[str, Any]:
        """The JSON Schema generated from the model that `exchange` names in wire.py."""
        described = self.manifest.exchange(exchange)
        model = self._attribute("wire", described.wire)
        return contain.call(schema_of, model, self.wire_contract(exchange), described.title)

    def wire_checker(self, exchange: str) -> Checker:
        """A compiled checker of the wire contract, made once."""
        checker = self._checkers.get(exchange)
        if checker is None:
            checker = self._checkers[exchange] = compile_checker(self.wire_schema(exchange))
        return checker

    def read_xml(self, exchange: str, value: Any) -> Any:
        """What a body that came as XML means under the wire contract: texts become numbers, lists and so on."""
        schema = self._schemas.get(exchange)
        if schema is None:
            schema = self._schemas[exchange] = self.wire_schema(exchange)
        return from_xml(value, schema)

    # calls

    def translate(self, exchange: str, body: Any, message: MessageContext) -> list[Translated]:
        """The rows of `body` (parsed JSON that satisfies the wire contract, or a device's bytes) as canonical
        records and refusals. Raises `AdapterError` (the message) or `KitError` (the adapter)."""
        described, function, watched = self._function(exchange, "in")
        before = contain.fingerprint(body) if watched else b""
        raw = contain.call(function, body, message)
        items = contain.results(raw, message, described.contracts, self.manifest.reasons, self.manifest.skips)
        if watched and contain.fingerprint(body) != before:
            raise KitError("mutated", f"{self.id}.{exchange} changed its input")
        return items

    def keys(self, exchange: str, body: bytes, options: Mapping[str, str]) -> list[tuple[str, ...]] | None:
        """One natural key a row of bytes that came as a file; None where the exchange names no function for it."""
        described = self.manifest.exchange(exchange)
        if described.keys is None:
            return None
        return contain.keys(contain.call(self._attribute("translate", described.keys), body, options))

    def render(
        self, exchange: str, run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]
    ) -> list[Outgoing]:
        """The messages that carry a run (pay.run and its pay.signal records) to a receiver, as numbered pages."""
        return self._render(exchange, "run", (run, signals), options)

    def render_records(
        self,
        exchange: str,
        records: Sequence[dict[str, Any]],
        options: Mapping[str, str],
        signer: Signer | None = None,
    ) -> list[Outgoing]:
        """The messages or files that carry canonical records, each given as {"contract", "value"}, to a receiver. `signer`:
        for an exchange that signs within the message."""
        return self._render(exchange, "records", (records,), options, signer)

    def _render(
        self,
        exchange: str,
        source: str,
        given: tuple[Any, ...],
        options: Mapping[str, str],
        signer: Signer | None = None,
    ) -> list[Outgoing]:
        described, function, watched = self._function(exchange, "out")
        if described.source != source:
            raise KitError("missing", f"{self.id}.{exchange} is rendered from {described.source}")
        before = contain.fingerprint([*given]) if watched else b""
        raw = contain.call(function, *given, options, *((signer,) if described.signs else ()))
        items = contain.pages(raw, files=described.media_type != "application/json")
        if watched and contain.fingerprint([*given]) != before:
            raise KitError("mutated", f"{self.id}.{exchange} changed its input")
        return items

    def poll_functions(self, poll: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """The bare functions of a poll, for the laws."""
        described = self.manifest.poll(poll)
        return self._attribute("client", described.next_request), self._attribute("client", described.take)

    def next_request(self, poll: str, cursor: Cursor, session: Session, context: PollContext) -> PollRequest:
        """What the poll asks next."""
        described = self.manifest.poll(poll)
        function = self._attribute("client", described.next_request)
        found = contain.call(function, cursor, session, context)
        return contain.request(found, described.credentials, described.addresses)

    def take(self, poll: str, response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
        """What an answer came to. Raises `AdapterError` for one that says nothing that can be taken."""
        function = self._attribute("client", self.manifest.poll(poll).take)
        return contain.taken(contain.call(function, response, cursor, session, context))

    def handle(self, route: Route | str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:
        """The answer to a device's request at `route` (or its path), and what of it is to be admitted."""
        found = self.manifest.route(route) if isinstance(route, str) else route
        if found is None:
            raise KitError("missing", f"{self.id} has no such route")
        function = self._attribute("device", found.function)
        raw = contain.call(function, found.name, request, contain.device_of(device))
        return contain.reply(raw, [exchange.name for exchange in self.manifest.exchanges])

    def sample(self, exchange: str, world: World) -> list[SampleMessage]:
        """Made-up messages of `exchange` out of a made-up unit: for demos and benchmarks."""
        made = contain.call(self._attribute("sample", "messages"), self.manifest.exchange(exchange).name, world)
        return list(made)

    def function(self, exchange: str) -> Callable[..., Any]:
        """The bare function of `exchange`, outside of the guards: for the laws and the benchmarks."""
        return self._function(exchange, self.manifest.exchange(exchange).direction)[1]

    # modules

    def _function(self, exchange: str, direction: str) -> tuple[Exchange, Callable[..., Any], bool]:
        found = self._functions.get(exchange)
        if found is None:
            described = self.manifest.exchange(exchange)
            function = self._attribute("translate", described.function)
            if not callable(function):
                raise KitError("missing", f"{self.id}: {described.function} is not a function")
            found = self._functions[exchange] = (described, function, self.manifest.level == "draft")
        if found[0].direction != direction:
            raise KitError("missing", f"{self.id}.{exchange} goes {found[0].direction}")
        return found

    def _attribute(self, module: str, name: str) -> Any:
        found = contain.call(self._module, module)
        if not hasattr(found, name):
            raise KitError("missing", f"{self.id}: {module}.py has no {name}")
        return getattr(found, name)

    def _module(self, name: str) -> ModuleType:
        if not (self.folder / f"{name}.py").is_file():
            raise KitError("missing", f"{self.id}: {name}.py")
        return importlib.import_module(f"{self._package}.{name}")

    @cached_property
    def _package(self) -> str:
        if self.folder.parent == ROOT:
            return f"adapters.{self.folder.name}"
        name = f"{OUTSIDE}.{self.folder.parent.as_posix().encode().hex()}.{self.folder.name}"
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(
                name, self.folder / "__init__.py", submodule_search_locations=[str(self.folder)]
            )
            if spec is None or spec.loader is None:
                raise KitError("missing", f"{self.id}: __init__.py")
            package = importlib.util.module_from_spec(spec)
            sys.modules[name] = package
            spec.loader.exec_module(package)
        return name


_found: dict[Path, Mapping[str, Adapter]] = {}


def find(root: Path = ROOT) -> Mapping[str, Adapter]:
    """Adapters under `root` by id, those whose names begin with "_" left out. Read once per process."""
    known = _found.get(root)
    if known is None:
        folders = sorted(path.parent for path in root.glob(f"[!_.]*/{FILE}"))
        known = _found[root] = MappingProxyType({adapter.id: adapter for adapter in map(Adapter, folders)})
    return known


def load(name: str, root: Path = ROOT) -> Adapter:
    """One adapter by its folder's name, hidden ones ("_template", "_hostile") too; `KitError` if there is none."""
    known = find(root).get(name)
    if known is not None:
        return known
    folder = root.resolve() / name
    if "/" in name or not (folder / FILE).is_file():
        raise KitError("missing", f"no adapter {name!r}")
    return Adapter(folder)
