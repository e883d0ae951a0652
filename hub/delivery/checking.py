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
from hub.errors import BadMessage
from hub.gateway.contracts import terms_of
from signing.errors import SigningError
from signing.jsontext import parse

if TYPE_CHECKING:
    from hub.contracts.registered import Following

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


def _looked_at(name: str, value: Any) -> Any:
    """What the contract is about: of a file that goes out in JSON, its text."""
    if not isinstance(value, dict) or not _is_file(parse_pinned(name).name):
        return value
    return checkable(unwrap(value))


@lru_cache(maxsize=256)
def _is_file(base: str) -> bool:
    """Whether this wire format is one of files."""
    if not base.startswith(WIRE):
        return False
    adapter, _, exchange = base.removeprefix(WIRE).partition(".")
    try:
        return find()[adapter].manifest.exchange(exchange).media_type != JSON
    except (KeyError, KitError):
        return False
