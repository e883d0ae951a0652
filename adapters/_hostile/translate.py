"""One function per way of breaking a promise. Never repaired, never called outside of tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.kit import AdapterError, Canonical, MessageContext, Outgoing, Refused

Body = dict[str, Any]


def _record(institution: str, **changes: Any) -> Canonical:
    value = {
        "employeeId": "900001",
        "nationalId": None,
        "name": "Orang Contoh",
        "institution": institution,
        "unit": "Bagian Contoh",
        "status": "active",
        "position": None,
        "grade": None,
        "employmentType": None,
        "validFrom": None,
        **changes,
    }
    return Canonical("employee", ("employee", "900001"), value, None, 0)


def raises(body: Body, _: MessageContext) -> list[Any]:
    """An exception whose text quotes the payload."""
    raise RuntimeError(f"could not read {body}")


def exits(_: Body, __: MessageContext) -> list[Any]:
    """Tries to end the process."""
    sys.exit(3)


def recurses(body: Body, message: MessageContext) -> list[Any]:
    """Calls itself until the stack ends."""
    return recurses(body, message)


def endless(_: Body, message: MessageContext) -> Iterator[Canonical]:
    """Yields records for ever."""
    while True:
        yield _record(message.institution)


def wrong_type(_: Body, __: MessageContext) -> Any:
    """Answers with a text."""
    return "done"


def wrong_item(body: Body, _: MessageContext) -> list[Any]:
    """Answers with the rows themselves."""
    return [dict(row) for row in body["rows"]]


def floats(_: Body, message: MessageContext) -> list[Any]:
    """A float where a text is due."""
    return [_record(message.institution, grade=0.1)]


def foreign(_: Body, message: MessageContext) -> list[Any]:
    """A record of another institution."""
    return [_record(f"{message.institution}-LAIN")]


def undeclared(_: Body, message: MessageContext) -> list[Any]:
    """A record of a contract that the manifest does not name."""
    return [_record(message.institution)._replace(contract="payee")]


def mutates(body: Body, message: MessageContext) -> list[Any]:
    """Changes its input."""
    body["rows"].append({"added": True})
    return [_record(message.institution)]


def talks(_: Body, __: MessageContext) -> list[Any]:
    """A reason as long as a payload."""
    return [Refused(0, "hostile", "x" * 100_000)]


def lies(_: Body, __: MessageContext) -> list[Any]:
    """An AdapterError that carries the payload instead of texts."""
    raise AdapterError("hostile", {"employeeId": "900001"})  # type: ignore[arg-type]


def unbalanced(_: Body, message: MessageContext) -> list[Any]:
    """Loses every row but the first."""
    return [_record(message.institution)]


def wears_out(body: Body, message: MessageContext) -> list[Any]:
    """Does to its process what the first row asks for, and translates when it asks for nothing."""
    match body["rows"][0].get("do"):
        case "abort":
            os.abort()
        case "hang":
            while True:
                pass
        case "hoard":
            return [bytearray(32 << 20) for _ in range(1 << 20)]
        case _:
            return [_record(message.institution)]


def miscounts(_: Body, __: Sequence[Body], ___: Mapping[str, str]) -> list[Outgoing]:
    """A page 2 of 1."""
    return [Outgoing({}, 2, 1, "page")]
