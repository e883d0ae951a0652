"""Golden cases: `cases/NNN-what/` of an adapter, read, run and compared.

A case holds `in.<exchange>.json` (wire JSON), `in.<exchange>.<txt|csv|dat|xml|xlsx|bin>` (bytes, attached first where
the exchange says so), `in.<route>.request.json` (a device's request), or `in.<poll>.poll.json` (a conversation: cursor,
context, the answers that came); `out.json` or `error.toml` (kind, reason); `note.md`; and `context.toml` where the
sender differs from the usual one, or where the number of rows (`count`) has to be said. Rule: what is compared is readable: the content of an
attached text file stands in `out.json` as its lines.
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.kit import attached
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.polling import PollContext, PollRequest, PollResponse
from adapters.kit.registry import Adapter
from adapters.kit.values import (
    Canonical,
    DeviceContext,
    DeviceRequest,
    MessageContext,
    Outgoing,
    Translated,
)

INSTITUTION: Final = "CONTOH"
ADMITTED_AT: Final = 1_793_491_200_000  # 2026-11-01T00:00:00Z
NAME: Final = re.compile(r"[0-9]{3}-[a-z0-9]+(-[a-z0-9]+)*")
_REQUEST: Final = ".request.json"
_POLL: Final = ".poll.json"
_BYTES: Final = frozenset({".txt", ".csv", ".dat", ".xml", ".xlsx", ".bin"})


@dataclass(frozen=True, slots=True)
class Case:
    """One golden case. `target` is an exchange, with `request` the name of a route, with `poll` that of a poll. `count`:
    rows of the input as the case says them."""

    folder: Path
    target: str
    request: bool
    input: Any
    message: MessageContext
    poll: bool = False
    count: int | None = None

    @property
    def name(self) -> str:
        return self.folder.name


def read_cases(adapter: Adapter) -> Iterator[Case]:
    """The cases of an adapter in order of their numbers; `KitError` "missing" for one that is not complete."""
    for folder in sorted(path for path in (adapter.folder / "cases").glob("*") if path.is_dir()):
        yield read_case(adapter, folder)


def read_case(adapter: Adapter, folder: Path) -> Case:
    """The case in `folder`."""
    inputs = sorted(folder.glob("in.*"))
    if len(inputs) != 1 or not NAME.fullmatch(folder.name):
        raise KitError("missing", f"case {folder.name}: one file in.<exchange>.<kind>, and a name NNN-what")
    path = inputs[0]
    context = folder / "context.toml"
    given = tomllib.loads(context.read_text("utf-8")) if context.is_file() else {}
    target = path.name.split(".")[1]
    request = path.name.endswith(_REQUEST)
    poll = path.name.endswith(_POLL)
    plain = request or poll
    return Case(
        folder,
        target,
        request,
        _input(adapter, path, target, request=plain),
        _message(given),
        poll,
        given.get("count"),
    )


def _input(adapter: Adapter, path: Path, target: str, *, request: bool) -> Any:
    if path.suffix == ".json":
        return msgspec.json.decode(path.read_bytes())
    if request or path.suffix not in _BYTES:
        kinds = ", ".join(sorted(_BYTES))
        raise KitError("missing", f"case {path.parent.name}: an input is .json, {_REQUEST}, {_POLL}, {kinds}")
    content = path.read_bytes()
    return attached.wrap(path.name, content) if adapter.manifest.exchange(target).attached else content


def _message(given: dict[str, Any]) -> MessageContext:
    device = given.get("device")
    rows = given.get("rows")
    return MessageContext(
        system=given.get("system", "SYSTEM-1"),
        institution=given.get("institution", INSTITUTION),
        code=given.get("code", "CODE-1"),
        admitted_at=given.get("admitted_at", ADMITTED_AT),
        rows=None if rows is None else frozenset(rows),
        device=None if device is None else DeviceContext(**device),
        options=given.get("options", {}),
    )


def run(adapter: Adapter, case: Case) -> Any:
    """What the adapter makes of a case, as plain JSON; `AdapterError` and `KitError` pass through."""
    if case.request:
        if case.message.device is None:
            raise KitError("missing", f"case {case.name}: context.toml names no device")
        route = next((r for r in adapter.manifest.routes if r.name == case.target), None)
        if route is None:
            raise KitError("missing", f"case {case.name}: no route {case.target!r}")
        given = case.input
        request = DeviceRequest(
            given["method"], route.path, given["query"], given.get("body", "").encode(), given.get("contentType", "")
        )
        return shown_reply(asdict(adapter.handle(route, request, case.message.device)))
    if case.poll:
        return converse(adapter, case.target, case.input)
    exchange = adapter.manifest.exchange(case.target)
    if exchange.direction == "in":
        return [shown(item) for item in adapter.translate(case.target, case.input, case.message)]
    return [shown_page(page) for page in rendered(adapter, case.target, case.input)]


def rendered(adapter: Adapter, exchange: str, given: Any) -> Sequence[Outgoing]:
    """The pages of an exchange that goes out, from a run and its signals or from records, as the input has them."""
    if adapter.manifest.exchange(exchange).source == "records":
        return adapter.render_records(exchange, given["records"], given["options"])
    return adapter.render(exchange, given["run"], given["signals"], given["options"])


def converse(adapter: Adapter, poll: str, given: Any) -> dict[str, Any]:
    """The requests of a poll to which the answers of `given` come one after the other, and what is taken from them."""
    context = PollContext(**{"options": {}, **given["context"]})
    cursor, session = given.get("cursor", {}), given.get("session", {})
    said: list[dict[str, Any]] = []
    for answer in given["answers"]:
        request = adapter.next_request(poll, cursor, session, context)
        response = PollResponse(answer.get("status", 200), answer.get("headers", {}), answered(answer))
        taken = adapter.take(poll, response, cursor, session, context)
        cursor, session = taken.cursor, taken.session
        bodies = [body.decode("latin-1") for body in taken.bodies]
        said.append({"request": shown_request(request), **asdict(taken), "bodies": bodies})
    return {"said": said, "then": shown_request(adapter.next_request(poll, cursor, session, context))}


def shown_request(request: PollRequest) -> dict[str, Any]:
    """A request as it stands in out.json: its address where it is not the registered one."""
    found = asdict(request)
    return found if request.address else {name: value for name, value in found.items() if name != "address"}


def answered(answer: Mapping[str, Any]) -> bytes:
    """The bytes of an answer: its `text`, or its `json` rendered."""
    return str(answer["text"]).encode() if "text" in answer else msgspec.json.encode(answer.get("json"))


def shown(item: Translated) -> dict[str, Any]:
    """A result as it stands in out.json."""
    if isinstance(item, Canonical):
        return {**item._asdict(), "subject": [*item.subject]}
    return {type(item).__name__.lower(): item._asdict()}


def shown_reply(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply to a device, its text as lines."""
    admit = reply["admit"]
    if admit is not None:
        admit = {**admit, "body": admit["body"].decode("latin-1"), "rows": [list(key) for key in admit["rows"]]}
    shown_of = {name: value for name, value in reply.items() if name != "answered" or value}
    return {**shown_of, "text": reply["text"].split("\n"), "admit": admit}


def shown_page(page: Outgoing) -> dict[str, Any]:
    """An outgoing page; a file's content as text, cut behind each line break, so that nothing is hidden."""
    if isinstance(page.body, bytes):
        content = page.body
        try:
            lines = content.decode("utf-8").splitlines(keepends=True)
        except UnicodeDecodeError:
            lines = [content.hex()]
        return {"name": page.name, "page": page.page, "pages": page.pages, "lines": lines}
    body = dict(page.body)
    if "contentBase64" in body:
        content = base64.b64decode(body.pop("contentBase64"))
        body["content"] = content.decode("utf-8").splitlines(keepends=True)
    return {"name": page.name, "page": page.page, "pages": page.pages, "body": body}


def differences(adapter: Adapter, case: Case) -> list[str]:
    """What of a case does not come out as its files say; empty when all does."""
    wanted_out, wanted_error = case.folder / "out.json", case.folder / "error.toml"
    if not (case.folder / "note.md").is_file():
        return [f"{case.name}: note.md is missing"]
    if wanted_out.is_file() == wanted_error.is_file():
        return [f"{case.name}: exactly one of out.json and error.toml"]
    try:
        actual = run(adapter, case)
    except AdapterError as error:
        if not wanted_error.is_file():
            return [f"{case.name}: raised {error.kind}"]
        expected = tomllib.loads(wanted_error.read_text("utf-8"))
        same = expected == {"kind": error.kind, "reason": error.reason}
        return [] if same else [f"{case.name}: raised {error.kind} ({error.reason})"]
    if wanted_error.is_file():
        return [f"{case.name}: raised nothing"]
    return [] if _same(actual, msgspec.json.decode(wanted_out.read_bytes())) else [f"{case.name}: out.json differs"]


def _same(actual: Any, expected: Any) -> bool:
    return bool(msgspec.json.decode(msgspec.json.encode(actual)) == expected)


def accept(adapter: Adapter, case: Case) -> None:
    """Write what comes out now as what is expected: for a new case, or a change that was meant. Read it afterwards."""
    out, refusal = case.folder / "out.json", case.folder / "error.toml"
    try:
        actual = run(adapter, case)
    except AdapterError as error:
        out.unlink(missing_ok=True)
        refusal.write_text(f'kind = "{error.kind}"\nreason = "{error.reason}"\n', "utf-8")
        return
    refusal.unlink(missing_ok=True)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(actual), indent=2) + b"\n")
