"""Contracts by the names that codes give them: `any`, a canonical contract, or `wire:<adapter>.<exchange>`.

Rule: looked at when a code is added and when a body is checked, never in the fold of the directory: what is installed
here decides nothing about the past.
"""

from __future__ import annotations

from typing import Final

from adapters.kit.errors import KitError
from adapters.kit.registry import find
from hub.control.objects import ANY
from hub.errors import BadMessage
from schemas.contracts import CONTRACTS, Checker, checker

WIRE: Final = "wire:"


def find_contract(name: str) -> Checker | None:
    """What checks a body under this contract; None: nothing does. Raises `BadMessage` AMANA-CODE-001 for a contract that
    is not known here."""
    if name == ANY:
        return None
    if name in CONTRACTS:
        return checker(name)
    adapter, _, exchange = name.removeprefix(WIRE).partition(".")
    found = find().get(adapter) if name.startswith(WIRE) else None
    if found is None:
        raise BadMessage("AMANA-CODE-001", "its contract is not known here")
    try:
        return found.wire_checker(exchange)
    except KitError:
        raise BadMessage("AMANA-CODE-001", "its contract is not known here") from None
