"""What goes out is checked once more, right before it leaves: against the contract version that its record names.

Rule: a body is checked where it is made; whatever got past that, by a defect or by a hand in the log, stops here and
is never sent. A contract that is not installed in this process checks nothing: it did so where the body was made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.attached import unwrap
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.registry import find
from adapters.kit.wire import checkable
from hub.contracts.names import URN, WIRE, parse_pinned
from hub.contracts.registered import ensure_known
from hub.contracts.standing import check_standing
from hub.errors import BadMessage
from hub.gateway.contracts import terms_of
from schemas.datarules import find_broken
from signing.errors import SigningError
from signing.jsontext import parse

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.view import View

JSON: Final = "application/json"


async def check_outgoing(dataschema: str, body: bytes, registry: Following | None) -> None:
    """Raises `BadMessage` AMANA-OUT-007 for a body that breaks the contract that its record names."""
    name = dataschema.removeprefix(URN)
    await ensure_known(registry, [name])
    try:
        terms = terms_of(name, None if registry is None else registry.registry)
    except BadMessage:
        return
    if terms.checker is None:
        return
    try:
        value = _looked_at(name, parse(body))
    except (SigningError, AdapterError, KeyError, UnicodeDecodeError):
        raise BadMessage("AMANA-OUT-007", name) from None
    if not terms.checker.ok(value):
        raise BadMessage("AMANA-OUT-007", name)


async def check_collected(dataschema: str, body: bytes, registry: Following | None, view: View) -> str:
    """What is collected is passed on now: its contract, the rules of it for receivers, and its state of now hold, or
    `BadMessage` AMANA-OUT-007, AMANA-RULE-003 or AMANA-CONTRACT-002 is raised. Returns the notice that goes with it."""
    name = dataschema.removeprefix(URN)
    if not name:
        return ""
    await check_outgoing(dataschema, body, registry)
    try:
        rules = terms_of(name, None if registry is None else registry.registry).rules
    except BadMessage:
        return ""
    broken = find_broken(rules, "READ", parse(body)) if rules.rules else None
    if broken is not None:
        raise BadMessage("AMANA-RULE-003", broken.text)
    return check_standing(view, [name], trial=True)  # whoever was given it may have it


def _looked_at(name: str, value: Any) -> Any:
    """What the contract is about: of a file that goes out in JSON, its text."""
    if not isinstance(value, dict) or not is_file(parse_pinned(name).name):
        return value
    return checkable(unwrap(value))


@lru_cache(maxsize=256)
def is_file(base: str) -> bool:
    """Whether this wire format is one of files."""
    if not base.startswith(WIRE):
        return False
    adapter, _, exchange = base.removeprefix(WIRE).partition(".")
    try:
        return find()[adapter].manifest.exchange(exchange).media_type != JSON
    except (KeyError, KitError):
        return False
