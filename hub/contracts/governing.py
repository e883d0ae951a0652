"""What a change of a code's contract, and a new version of a subject that codes name, may not do: break those who use it.

Rule: a compatible change needs nobody. A breaking one needs a waiver of that very schema, signed by a second person and
not past its last day, or a subject of its own (a new major version) beside the old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.errors import KitError
from adapters.kit.registry import find
from hub.contracts.breaking import digest_schema
from hub.contracts.names import SUBJECT, WIRE, parse_pinned, pin, subject_of
from hub.errors import BadMessage
from hub.records import Ms
from schemas.compatibility import Allowance, Level, Policy, SchemaText, UnusableSchema, check
from schemas.contracts import CONTRACTS
from signing import jsontext

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.control.view import View

_ALLOWANCE: Final = Allowance(steps=200_000, seconds=1.0)
_SHOWN: Final = 3


def schema_of(name: str, registered: Registered) -> str | None:
    """The text of a contract's JSON Schema; None where bodies are not checked, or it is not known here."""
    base, version = parse_pinned(name)
    if base in CONTRACTS:
        return jsontext.render(CONTRACTS[base].schema).decode()
    if base.startswith(SUBJECT) and version is not None:
        row = registered.version(base.removeprefix(SUBJECT), version, deleted=True)
        return row.content.text if row is not None and row.content.kind == "JSON" else None
    adapter, _, exchange = base.removeprefix(WIRE).partition(".")
    found = find().get(adapter) if base.startswith(WIRE) else None
    try:
        return None if found is None else jsontext.render(found.wire_schema(exchange)).decode()
    except KitError:
        return None


async def check_repinned(view: View, registered: Registered, args: Mapping[str, Any], now: Ms) -> None:
    """That no code gets a contract that breaks those who use the present one. Raises AMANA-CONTRACT-004."""
    api = view.api(str(args.get("code")))
    if api is None:
        return
    for member, present in (("contract", api.contract), ("requestContract", api.request_contract)):
        wanted = args.get(member)
        if not isinstance(wanted, str) or pin(wanted) == pin(present):
            continue
        old, new = schema_of(present, registered), schema_of(wanted, registered)
        if old is None or new is None:
            continue  # any body was taken before, or will be: there is nothing to compare
        breaks = await asyncio.to_thread(find_breaks, old, new)
        if breaks and not waived(view, subject_of(wanted), digest_schema(new), now):
            raise BadMessage("AMANA-CONTRACT-004", f"{member}: {breaks}")


def find_breaks(old: str, new: str) -> str:
    """The first differences that break senders or receivers of the old schema, in one line; "" when none does."""
    try:
        verdict = check([SchemaText(old)], SchemaText(new), Level.BACKWARD, Policy.SOUND, allowance=_ALLOWANCE)
    except UnusableSchema as error:
        raise BadMessage("AMANA-CONTRACT-005", f"{error.kind}: {error.detail}") from None
    if verdict.compatible:
        return ""
    return "; ".join(f"{d.kind} at {d.path}" for d in verdict.refusals[:_SHOWN]) or "it could not be decided"


def waived(view: View, subject: str, digest: str, now: Ms) -> bool:
    """Whether a second person has signed that this schema may break who uses the subject."""
    return any(waiver.covers(subject, digest, now) for waiver in view.waivers())


def is_managed(view: View, subject: str) -> bool:
    """Whether a code of the directory names this subject: its versions are not its owner's alone."""
    start = f"{SUBJECT}{subject}:"
    return any(name.startswith(start) for api in view.apis() for name in (api.contract, api.request_contract))
