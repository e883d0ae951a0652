"""The contracts by name, and the checker that says whether a value keeps one.

Rule: a breach names a place and a rule, both taken from the schema: never a value, never a member that the schema
does not know. Patterns run on a linear-time engine and nothing is ever fetched, so a hostile schema or value costs
no more than its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import jsonschema_rs
from pydantic import BaseModel

from schemas.canonical.assessment import Appeal, Assessment, Feedback, InstitutionResult
from schemas.canonical.attendance import Day, Punch
from schemas.canonical.deprecation import ContractNotice
from schemas.canonical.notices import Entry, Notice
from schemas.canonical.pay import Run, Signal
from schemas.canonical.payroll import Deduction, Reply
from schemas.canonical.people import Employee, Enrolment, Payee
from schemas.canonical.performance import Review
from schemas.canonical.plan import Activity, Plan, Progress, Report
from schemas.canonical.registry import Event, Link, Profile
from schemas.canonical.schedule import Calendar, DeviceOutage, Leave, Sanction
from schemas.canonical.text import PLAIN
from schemas.errors import SchemaError
from schemas.generate import json_schema


@dataclass(frozen=True, slots=True)
class Contract:
    """A canonical contract: its model, and the JSON Schema that joining institutions read."""

    name: str
    version: int
    model: type[BaseModel]
    schema: dict[str, Any]

    @property
    def urn(self) -> str:
        """`urn:amana:contract:<name>:<version>`, the schema's `$id` and a record's `ce_dataschema`."""
        return f"urn:amana:contract:{self.name}:{self.version}"


class Breach(NamedTuple):
    """One broken rule: where (JSON Pointer, unknown member names as `*`) and which."""

    path: str
    rule: str


_MODELS: Final[Mapping[str, tuple[int, type[BaseModel]]]] = {
    "employee": (1, Employee),
    "payee": (1, Payee),
    "enrolment": (1, Enrolment),
    "calendar": (1, Calendar),
    "leave": (1, Leave),
    "sanction": (1, Sanction),
    "device-outage": (1, DeviceOutage),
    "attendance.punch": (1, Punch),
    "attendance.day": (1, Day),
    "performance.review": (1, Review),
    "pay.signal": (1, Signal),
    "pay.run": (1, Run),
    "pay.deduction": (1, Deduction),
    "pay.reply": (1, Reply),
    "employee.profile": (1, Profile),
    "employee.event": (1, Event),
    "identity.link": (1, Link),
    "hr.notice": (1, Notice),
    "attendance.entry": (1, Entry),
    "performance.plan": (1, Plan),
    "performance.progress": (1, Progress),
    "performance.activity": (1, Activity),
    "performance.report": (1, Report),
    "performance.assessment": (1, Assessment),
    "performance.appeal": (1, Appeal),
    "performance.institution-result": (1, InstitutionResult),
    "performance.feedback": (1, Feedback),
    "contract.notice": (1, ContractNotice),
}

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {
        name: Contract(name, version, model, json_schema(name, version, model))
        for name, (version, model) in _MODELS.items()
    }
)


class Checker:
    """A compiled schema. `whole`: refuse floats too, which JSON Schema takes for integers when they have no fraction.
    `any_draft`: of the draft that the schema names, where formats are checked as far as they are known."""

    __slots__ = ("_known", "_numbers", "_valid", "_validator", "_whole")

    def __init__(self, schema: dict[str, Any], *, whole: bool = False, any_draft: bool = False) -> None:
        try:
            make = jsonschema_rs.validator_cls_for(schema) if any_draft else jsonschema_rs.Draft202012Validator
            self._validator = make(
                schema,
                validate_formats=True,
                ignore_unknown_formats=any_draft,
                pattern_options=jsonschema_rs.RegexOptions(),
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise SchemaError("schema", str(error).partition("\n")[0]) from error
        self._valid = self._validator.is_valid
        self._known = frozenset(_member_names(schema))
        self._whole = whole
        self._numbers = _number_places(schema)

    def ok(self, value: Any) -> bool:
        """Whether `value` keeps the contract."""
        return self._valid(value) and not (self._whole and self._has_float(value))

    def _has_float(self, value: Any) -> bool:
        """Of a value that is valid but for its floats."""
        if self._numbers is None:
            return _has_float(value)
        for name in self._numbers:
            found = value.get(name)
            if found is not None and _has_float(found):
                return True
        return False

    def breaches(self, value: Any, limit: int = 5) -> list[Breach]:
        """The first `limit` broken rules; empty exactly when `ok`."""
        found: dict[Breach, None] = {}
        for error in self._validator.iter_errors(value):
            for breach in self._explain(error):
                found[breach] = None
            if len(found) >= limit:
                break
        if not found and self._whole and self._has_float(value):
            found[Breach("", "no floating-point numbers: integers, or decimal digits in a string")] = None
        return list(found)[:limit]

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[Breach]:
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf | jsonschema_rs.ValidationErrorKind.OneOfNotValid):
            branches = [branch for branch in kind.context if not _is_null_branch(branch)]
            if len(branches) == 1:  # a nullable object: the branch that is not null is what was meant
                for inner in branches[0]:
                    yield from self._explain(inner)
                return
        yield Breach(self._pointer(error.instance_path), _rule(kind))

    def _pointer(self, path: list[str | int]) -> str:
        parts = [str(p) if isinstance(p, int) or p in self._known else "*" for p in path]
        return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


@cache
def checker(name: str) -> Checker:
    """The checker of a canonical contract; compiled once."""
    contract = CONTRACTS.get(name)
    if contract is None:
        raise SchemaError("contract", f"there is no contract {name!r}")
    return Checker(contract.schema, whole=True)


def compile_checker(schema: dict[str, Any]) -> Checker:
    """A checker for any JSON Schema 2020-12 (wire contracts). Raises `SchemaError` for one that needs the network,
    a look-around or back-reference, or a format that nothing checks."""
    return Checker(schema)


def complete(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with every member that it leaves out and the contract allows to be null, as null. Others stay missing."""
    properties = CONTRACTS[name].schema["properties"]
    absent = {m: None for m, s in properties.items() if m not in value and _nullable(s)}
    return {**value, **absent}


def _nullable(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return (isinstance(kind, list) and "null" in kind) or {"type": "null"} in schema.get("anyOf", ())


def _number_places(schema: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Members of an object that may hold a number, or what holds one; None: it may have others than it names, or is none."""
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        return None
    if "patternProperties" in schema:
        return None
    return tuple(name for name, inner in schema.get("properties", {}).items() if not _is_text(inner))


_TEXT: Final = frozenset({"string", "boolean", "null"})


def _is_text(schema: Any) -> bool:
    """Whether nothing but texts, truth values and nulls, or lists of them, keep a schema. What it says in another way counts
    as no."""
    if not isinstance(schema, dict):
        return False
    kind = schema.get("type")
    if kind == "array":
        return "prefixItems" not in schema and _is_text(schema.get("items"))
    kinds = kind if isinstance(kind, list) else [kind]
    return _TEXT.issuperset(kinds) or (
        kind is None and bool(schema.get("anyOf")) and all(map(_is_text, schema["anyOf"]))
    )


def _has_float(value: Any) -> bool:
    """Plain loops: this runs once per record of the hot path."""
    kind = type(value)
    if kind is not dict and kind is not list:
        return kind is float
    for inner in value.values() if kind is dict else value:
        kind = type(inner)
        if kind is float or ((kind is dict or kind is list) and inner and _has_float(inner)):
            return True
    return False


def _is_null_branch(branch: list[jsonschema_rs.ValidationError]) -> bool:
    return (
        len(branch) == 1
        and isinstance(branch[0].kind, jsonschema_rs.ValidationErrorKind.Type)
        and branch[0].kind.types == ["null"]
    )


def _member_names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for keyword, inner in schema.items():
            if keyword == "properties" and isinstance(inner, dict):
                yield from inner
            yield from _member_names(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _member_names(inner)


def _rule(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """The rule in words that come from the schema alone."""
    kinds = jsonschema_rs.ValidationErrorKind
    match kind:
        case kinds.Required():
            return f"required member {kind.property}"
        case kinds.AdditionalProperties() | kinds.UnevaluatedProperties():
            return f"{len(kind.unexpected)} member(s) that the contract does not have"
        case kinds.Type():
            return "type " + " or ".join(kind.types)
        case kinds.Enum():
            return "one of " + ", ".join("null" if o is None else str(o) for o in kind.options)
        case kinds.Constant():
            return f"exactly {kind.expected_value}"
        case kinds.Pattern():
            return PLAIN.get(kind.pattern) or f"pattern {kind.pattern}"
        case kinds.Format():
            return f"format {kind.format}"
        case (
            kinds.MaxLength()
            | kinds.MinLength()
            | kinds.MaxItems()
            | kinds.MinItems()
            | kinds.Maximum()
            | kinds.Minimum()
            | kinds.ExclusiveMaximum()
            | kinds.ExclusiveMinimum()
            | kinds.MaxProperties()
            | kinds.MinProperties()
        ):
            return f"{kind.name} {kind.limit}"
        case _:
            return kind.name
