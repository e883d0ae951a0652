"""Contracts by the names that codes give them: `any`, a canonical contract, or `wire:<adapter>.<exchange>`.

Rule: looked at when a code is added and when a body is checked, never in the fold of the directory: what is installed
here decides nothing about the past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.errors import KitError
from adapters.kit.registry import find
from hub.control.objects import ANY
from hub.errors import BadMessage
from schemas.contracts import CONTRACTS, Checker, checker
from schemas.xmlvalues import from_xml

if TYPE_CHECKING:
    from hub.control.objects import Api

WIRE: Final = "wire:"


@dataclass(frozen=True, slots=True)
class WireTerms:
    """What the contract of a code asks of a body.

    `rows`: dotted path of the list that `fields` are read from, row by row; None: the body itself is the one row.
    """

    contract: str
    checker: Checker | None  # None: nothing to check here (sealed for its recipient, any body, or not JSON)
    fields: tuple[str, ...] = ()
    rows: str | None = None
    media_type: str = "application/json"
    read_xml: Callable[[Any], Any] | None = None  # what a value from XML means under the contract


Wire = Callable[[str, str], WireTerms]
"""Terms of one exchange: adapter id, exchange name."""


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


def find_reader(name: str) -> Callable[[Any], Any] | None:
    """What turns a value from XML into what this contract means; None: texts stay texts. For names that
    `find_contract` knows."""
    if name in CONTRACTS:
        return partial(from_xml, schema=CONTRACTS[name].schema)
    adapter, _, exchange = name.removeprefix(WIRE).partition(".")
    found = find().get(adapter) if name.startswith(WIRE) else None
    return None if found is None else partial(found.read_xml, exchange)


@lru_cache(maxsize=1024)
def terms_of(name: str) -> WireTerms:
    """Terms of a contract by its name. Raises as `find_contract`."""
    return WireTerms(
        CONTRACTS[name].urn if name in CONTRACTS else name, find_contract(name), read_xml=find_reader(name)
    )


def answer_terms(api: Api) -> WireTerms:
    """Terms of what is answered to a pull. What is sealed for who asks has no contract that the hub can check."""
    return terms_of(ANY if api.sealed == "recipient" else api.contract)


def relayed_wire(api: Api, wire: Wire) -> WireTerms:
    """Terms of a code that is passed on as it is. What is sealed for its recipient has no contract that the hub can
    check."""
    name = ANY if api.sealed == "recipient" else api.contract
    if name.startswith(WIRE):
        adapter, _, exchange = name.removeprefix(WIRE).partition(".")
        return wire(adapter, exchange)
    return terms_of(name)
