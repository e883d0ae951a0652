"""Rule sets of a contract: their shape, which of them the hub runs, and what a run says.

Rule: every rule set of the registry's shape is stored; the hub runs conditions in CEL on records (`domainRules`) where
they are enabled for a server or a gateway, and nothing else. What it does not run it says (`idle`), and passes the
record on as it is. A condition that has no value, or takes too many steps, does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from schemas.datarules.expressions import Condition
from schemas.errors import SchemaError

Side = Literal["WRITE", "READ"]
Action = Literal["NONE", "ERROR", "DLQ"]

MOST_RULES: Final = 100
LISTS: Final = ("migrationRules", "domainRules", "encodingRules")
_MODES: Final = {
    "migrationRules": frozenset({"UPGRADE", "DOWNGRADE", "UPDOWN"}),
    "domainRules": frozenset({"WRITE", "READ", "WRITEREAD"}),
    "encodingRules": frozenset({"WRITE", "READ", "WRITEREAD"}),
}
_PAIRS: Final = frozenset({"WRITEREAD", "UPDOWN"})
_WHERE: Final = frozenset({"ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"})
_HERE: Final = frozenset({"ALL", "GATEWAY", "SERVER"})
_ACTIONS: Final = frozenset({"NONE", "ERROR", "DLQ"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,255}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MEMBERS: Final = frozenset(
    {"name", "doc", "kind", "mode", "type", "tags", "params", "expr", "onSuccess", "onFailure", "disabled"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that the hub runs. Actions by side; a side that the rule is not for is missing."""

    name: str
    doc: str
    condition: Condition
    on_success: Mapping[Side, Action]
    on_failure: Mapping[Side, Action]


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that is kept and not run here, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    rules: tuple[Rule, ...] = ()
    idle: tuple[Idle, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule whose action is to refuse the record. `why`: in words that hold no value."""

    rule: str
    doc: str
    action: Literal["ERROR", "DLQ"]
    why: str = field(default="")

    @property
    def text(self) -> str:
        return f"{self.rule}: {self.doc or self.why}"


EMPTY: Final = RuleSet()


def read_rule_set(raw: object) -> RuleSet:
    """A rule set as the registry takes it; None is an empty one. Raises `SchemaError` of kind `rule`, its text naming the
    rule and what is wrong: the registry answers that with 42210."""
    if raw is None:
        return EMPTY
    if not isinstance(raw, dict) or not raw.keys() <= {*LISTS, "enableAt"}:
        raise SchemaError("rule", f"a rule set has {', '.join(LISTS)} and enableAt")
    where = raw.get("enableAt") or "ALL"
    if where not in _WHERE:
        raise SchemaError("rule", f"enableAt: one of {', '.join(sorted(_WHERE))}")
    rules: list[Rule] = []
    idle: list[Idle] = []
    names: set[str] = set()
    for kind, one in _each(raw):
        name = _shape(kind, one)
        if name in names:
            raise SchemaError("rule", f"{name}: the name is taken by another rule")
        names.add(name)
        why = _why_idle(kind, one, where)
        rule = _rule(one) if where in _HERE and _is_cel(kind, one) else None  # disabled ones are checked too
        if why or rule is None:
            idle.append(Idle(name, why))
        else:
            rules.append(rule)
    return RuleSet(tuple(rules), tuple(idle))


def find_broken(rules: RuleSet, side: Side, message: Any) -> Broken | None:
    """The first rule of this side that wants the record refused; None: it goes on."""
    for rule in rules.rules:
        if side not in rule.on_failure:
            continue
        why = rule.condition.verdict(message)
        action = rule.on_failure[side] if why else rule.on_success[side]
        if action != "NONE":
            return Broken(rule.name, rule.doc, action, why or "it holds")
    return None


def _each(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    count = 0
    for kind in LISTS:
        found = raw.get(kind)
        if found is None:
            continue
        if not isinstance(found, list):
            raise SchemaError("rule", f"{kind}: a list expected")
        for one in found:
            count += 1
            if count > MOST_RULES:
                raise SchemaError("rule", f"more than {MOST_RULES} rules")
            if not isinstance(one, dict):
                raise SchemaError("rule", f"{kind}: a rule is an object")
            yield kind, one


def _shape(kind: str, one: Mapping[str, Any]) -> str:
    """The name of a rule whose members are in order."""
    name = one.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SchemaError("rule", "name: a letter or underscore, then letters, digits, _ or -, 256 at most")
    if not one.keys() <= _MEMBERS:
        raise SchemaError("rule", f"{name}: a member that a rule does not have")
    for member in ("doc", "expr"):
        if one.get(member) is not None and not isinstance(one[member], str):
            raise SchemaError("rule", f"{name}: {member} is a text")
    if len(one.get("doc") or "") > 1000:
        raise SchemaError("rule", f"{name}: doc has 1000 characters at most")
    if one.get("kind", "TRANSFORM") not in {"TRANSFORM", "CONDITION"}:
        raise SchemaError("rule", f"{name}: kind is TRANSFORM or CONDITION")
    mode = one.get("mode", "UPDOWN" if kind == "migrationRules" else "WRITEREAD")
    if mode not in _MODES[kind]:
        raise SchemaError("rule", f"{name}: mode in {kind} is one of {', '.join(sorted(_MODES[kind]))}")
    if not isinstance(one.get("type"), str) or not _TYPE.fullmatch(one["type"]):
        raise SchemaError("rule", f"{name}: type is a word such as CEL")
    _extras(name, one)
    for member in ("onSuccess", "onFailure"):
        _actions(name, member, one.get(member), mode)
    return name


def _extras(name: str, one: Mapping[str, Any]) -> None:
    if not isinstance(one.get("disabled", False), bool | None):
        raise SchemaError("rule", f"{name}: disabled is true or false")
    tags, params = one.get("tags") or [], one.get("params") or {}
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise SchemaError("rule", f"{name}: tags is a list of texts")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise SchemaError("rule", f"{name}: params is an object of texts")


def _actions(name: str, member: str, text: object, mode: str) -> tuple[str, str]:
    """The action when writing (or upgrading) and the one when reading. A single one is for both."""
    if text is None:
        text = "NONE" if member == "onSuccess" else "ERROR"
    if not isinstance(text, str):
        raise SchemaError("rule", f"{name}: {member} is NONE, ERROR or DLQ")
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2 or (len(parts) == 2 and mode not in _PAIRS):
        raise SchemaError("rule", f"{name}: {member} is a pair only with WRITEREAD or UPDOWN")
    if not set(parts) <= _ACTIONS:
        raise SchemaError("rule", f"{name}: {member} is NONE, ERROR or DLQ")
    return parts[0], parts[-1]


def _is_cel(kind: str, one: Mapping[str, Any]) -> bool:
    return kind == "domainRules" and one["type"] == "CEL" and one.get("kind") == "CONDITION"


def _why_idle(kind: str, one: Mapping[str, Any], where: str) -> str:
    if one.get("disabled"):
        return "it is disabled"
    if where not in _HERE:
        return f"the set is enabled at {where}, which is not here"
    if kind != "domainRules":
        return f"{kind} are for clients"
    if one.get("kind") != "CONDITION":
        return "the hub changes no record that somebody signed"
    return "" if one["type"] == "CEL" else f"the hub runs no rules of type {one['type']}"


def _rule(one: Mapping[str, Any]) -> Rule:
    name, mode = one["name"], one.get("mode", "WRITEREAD")
    try:
        condition = Condition(one.get("expr") or "")
    except SchemaError as error:
        raise SchemaError("rule", f"{name}: {error.detail}") from None
    sides: dict[str, tuple[Side, ...]] = {"WRITE": ("WRITE",), "READ": ("READ",), "WRITEREAD": ("WRITE", "READ")}
    return Rule(
        name,
        one.get("doc") or "",
        condition,
        _by_side(sides[mode], _actions(name, "onSuccess", one.get("onSuccess"), mode)),
        _by_side(sides[mode], _actions(name, "onFailure", one.get("onFailure"), mode)),
    )


def _by_side(sides: tuple[Side, ...], actions: tuple[str, str]) -> dict[Side, Action]:
    by_side: dict[Side, Any] = {"WRITE": actions[0], "READ": actions[1]}
    return {side: by_side[side] for side in sides}
