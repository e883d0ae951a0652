"""What checks a body under a contract that a code names: `any`, a canonical contract, `wire:<adapter>.<exchange>`, or
`subject:<name>:<version>` of the registry; the first three may be pinned to a version too.

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
from hub.contracts.names import SUBJECT, URN, WIRE, parse_pinned, pin, subject_of
from hub.control.objects import ANY
from hub.errors import BadMessage
from schemas.contracts import CONTRACTS, Checker, checker
from schemas.datarules import EMPTY, RuleSet, find_broken, read_rule_set
from schemas.datarules.rulesets import Side
from schemas.errors import SchemaError
from schemas.xmlvalues import from_xml
from signing import jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.control.objects import Api

_UNKNOWN: Final = "its contract is not known here"


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
    rules: RuleSet = EMPTY


Wire = Callable[[str, str], WireTerms]
"""Terms of one exchange: adapter id, exchange name."""


@lru_cache(maxsize=1024)
def terms_of(name: str, registered: Registered | None = None) -> WireTerms:
    """Terms of a contract by its name. Raises `BadMessage` AMANA-CODE-001 for one that is not known here."""
    base, version = parse_pinned(name)
    if base == ANY:
        return WireTerms(ANY, None)
    if base in CONTRACTS:
        contract = CONTRACTS[base]
        if version not in {None, contract.version}:
            raise BadMessage("AMANA-CODE-001", _UNKNOWN)
        return WireTerms(contract.urn, checker(base), read_xml=partial(from_xml, schema=contract.schema))
    if base.startswith(SUBJECT):
        return _subject_terms(base, version, registered)
    return _wire_terms(base, version)


def _wire_terms(base: str, version: int | None) -> WireTerms:
    adapter, _, exchange = base.removeprefix(WIRE).partition(".")
    found = find().get(adapter) if base.startswith(WIRE) and version in {None, 1} else None
    if found is None:
        raise BadMessage("AMANA-CODE-001", _UNKNOWN)
    try:
        return WireTerms(base, found.wire_checker(exchange), read_xml=partial(found.read_xml, exchange))
    except KitError:
        raise BadMessage("AMANA-CODE-001", _UNKNOWN) from None


def _subject_terms(base: str, version: int | None, registered: Registered | None) -> WireTerms:
    """A version that was registered never changes, so its terms are worked out once."""
    row = None
    if registered is not None and version is not None:
        row = registered.version(base.removeprefix(SUBJECT), version, deleted=True)
    if row is None:
        raise BadMessage("AMANA-CODE-001", _UNKNOWN)
    content = row.content
    if content.kind != "JSON" or content.references:
        raise BadMessage("AMANA-CODE-001", "the contract of a code is a JSON Schema without references")
    try:
        schema = jsontext.parse(content.text.encode())
        rules = read_rule_set(None if content.rules is None else jsontext.parse(content.rules.encode()))
        found = Checker(schema, any_draft=True)
    except (SigningError, SchemaError) as error:
        raise BadMessage("AMANA-CODE-001", f"its contract cannot be checked here: {error.kind}") from None
    read_xml = partial(from_xml, schema=schema) if isinstance(schema, dict) else None
    return WireTerms(URN + pin(f"{base}:{version}"), found, read_xml=read_xml, rules=rules)


def answer_terms(api: Api, registered: Registered | None = None) -> WireTerms:
    """Terms of what is answered to a pull. What is sealed for who asks has no contract that the hub can check."""
    return terms_of(ANY if api.sealed == "recipient" else api.contract, registered)


def relayed_wire(api: Api, wire: Wire, registered: Registered | None = None) -> WireTerms:
    """Terms of a code that is passed on as it is. What is sealed for its recipient has no contract that the hub can
    check."""
    name = ANY if api.sealed == "recipient" else api.contract
    base = parse_pinned(name).name
    if base.startswith(WIRE):
        adapter, _, exchange = base.removeprefix(WIRE).partition(".")
        return wire(adapter, exchange)
    return terms_of(name, registered)


def wire_rules(contract: str, registered: Registered | None) -> RuleSet:
    """The rules that an operator registered with a wire format: those of the newest version of its own subject."""
    rows = () if registered is None else registered.versions(subject_of(contract))
    return _rules(rows[-1].content.rules) if rows else EMPTY


@lru_cache(maxsize=256)
def _rules(text: str | None) -> RuleSet:
    return read_rule_set(None if text is None else jsontext.parse(text.encode()))


def breach_of(value: Any, terms: WireTerms, sides: tuple[Side, ...], shown: int) -> tuple[str, str]:
    """(code, detail) of what a body breaks first: its contract, then a rule of it; two empty texts when nothing."""
    if terms.checker is not None and not terms.checker.ok(value):
        found = terms.checker.breaches(value, shown)
        return "AMANA-CONTRACT-001", "; ".join(f"{breach.path or '/'}: {breach.rule}" for breach in found)
    for side in sides if terms.rules.rules else ():
        broken = find_broken(terms.rules, side, value)
        if broken is not None:
            return "AMANA-RULE-001", broken.text
    return "", ""
