"""Golden cases: `cases/NNN-what/` of an adapter, read, run and compared.

A case holds `in.<exchange>.json` (wire JSON), `.txt` (a device's bytes), `.xlsx` (a file, which is attached first),
or `in.<route>.request.json` (a device's request); `out.json` or `error.toml` (kind, reason); `note.md`; and
`context.toml` where the sender differs from the usual one. Rule: what is compared is readable: the content of an
attached text file stands in `out.json` as its lines.
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.kit import attached
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.registry import Adapter
from adapters.kit.values import Canonical, DeviceContext, DeviceRequest, MessageContext, Outgoing, Refused

INSTITUTION: Final = "CONTOH"
ADMITTED_AT: Final = 1_793_491_200_000  # 2026-11-01T00:00:00Z
NAME: Final = re.compile(r"[0-9]{3}-[a-z0-9]+(-[a-z0-9]+)*")
_REQUEST: Final = ".request.json"


@dataclass(frozen=True, slots=True)
class Case:
    """One golden case. `target` is an exchange, or with `request` the name of a route."""

    folder: Path
    target: str
    request: bool
    input: Any
    message: MessageContext

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
    return Case(folder, target, request, _input(adapter, path, target, request=request), _message(given))


def _input(adapter: Adapter, path: Path, target: str, *, request: bool) -> Any:
    if path.suffix == ".json":
        return msgspec.json.decode(path.read_bytes())
    if request or path.suffix not in (".txt", ".xlsx"):
        raise KitError("missing", f"case {path.parent.name}: an input is .json, .txt, .xlsx or {_REQUEST}")
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
    )


def run(adapter: Adapter, case: Case) -> Any:
    """What the adapter makes of a case, as plain JSON; `AdapterError` and `KitError` pass through."""
    if case.request:
        if case.message.device is None:
            raise KitError("missing", f"case {case.name}: context.toml names no device")
        route = next((r for r in adapter.manifest.routes if r.name == case.target), None)
        if route is None:
            raise KitError("missing", f"case {case.name}: no route {case.target!r}")
        request = DeviceRequest(
            case.input["method"], route.path, case.input["query"], case.input.get("body", "").encode()
        )
        return shown_reply(asdict(adapter.handle(route, request, case.message.device)))
    exchange = adapter.manifest.exchange(case.target)
    if exchange.direction == "in":
        return [shown(item) for item in adapter.translate(case.target, case.input, case.message)]
    given = case.input
    return [shown_page(page) for page in adapter.render(case.target, given["run"], given["signals"], given["options"])]


def shown(item: Canonical | Refused) -> dict[str, Any]:
    """A result as it stands in out.json."""
    return {"refused": item._asdict()} if isinstance(item, Refused) else {**item._asdict(), "subject": [*item.subject]}


def shown_reply(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply to a device, its text as lines."""
    admit = reply["admit"]
    if admit is not None:
        admit = {**admit, "body": admit["body"].decode("latin-1"), "rows": [list(key) for key in admit["rows"]]}
    return {**reply, "text": reply["text"].split("\n"), "admit": admit}


def shown_page(page: Outgoing) -> dict[str, Any]:
    """An outgoing page; the attached content as text, cut behind each line break, so that nothing is hidden."""
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
