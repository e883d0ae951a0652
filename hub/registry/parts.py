"""Metadata and rule sets of a schema: their form, and how those of a subject's configuration are merged in.

Rule: merged in this order, later wins: the subject's defaults, what was given (or else the previous version's), the
subject's overrides. A rule set of the wrong form is refused (42210) before it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hub.registry.codes import Refused, bad_rules, unreadable
from schemas.datarules import read_rule_set
from schemas.errors import SchemaError
from signing import jsontext
from signing.errors import SigningError

_NAME: Final = re.compile(r"[A-Za-z_][\w-]{0,255}", re.ASCII)
_LISTS: Final = ("migrationRules", "domainRules", "encodingRules")
_KINDS: Final = frozenset({"TRANSFORM", "CONDITION"})
_MODES: Final = {
    "migrationRules": frozenset({"UPGRADE", "DOWNGRADE", "UPDOWN"}),
    "domainRules": frozenset({"WRITE", "READ", "WRITEREAD"}),
    "encodingRules": frozenset({"WRITE", "READ", "WRITEREAD"}),
}
_PAIRED: Final = frozenset({"UPDOWN", "WRITEREAD"})
_ENABLED: Final = frozenset({"ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"})
_TEXTS: Final = ("doc", "type", "expr", "onSuccess", "onFailure")


def check_metadata(value: Any) -> dict[str, Any] | None:
    """Metadata of the form `{tags: {path: [tag]}, properties: {name: text}, sensitive: [name]}`; None if nothing is in it.
    Raises 400."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise unreadable("metadata must be an object")
    made = {
        "tags": {path: _texts(tags, "metadata.tags") for path, tags in _object(value.get("tags"), "tags").items()},
        "properties": {
            name: _text(text, "metadata.properties")
            for name, text in _object(value.get("properties"), "properties").items()
        },
        "sensitive": _texts(value.get("sensitive"), "metadata.sensitive"),
    }
    return {name: part for name, part in made.items() if part} or None


def check_rules(value: Any) -> dict[str, Any] | None:
    """A rule set; None if nothing is in it. Raises 42210."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_rules("an object is expected")
    made: dict[str, Any] = {}
    names: set[str] = set()
    for which in _LISTS:
        rules = [] if value.get(which) is None else value[which]
        if not isinstance(rules, list):
            raise bad_rules(f"{which} must be a list")
        if rules:
            made[which] = [_check_rule(rule, which, names) for rule in rules]
    enabled = value.get("enableAt")
    if enabled is not None:
        if enabled not in _ENABLED:
            raise bad_rules(f"enableAt must be one of {', '.join(sorted(_ENABLED))}")
        made["enableAt"] = enabled
    try:
        jsontext.canonical(made)
    except SigningError:
        raise bad_rules("numbers with a fraction belong into texts") from None
    try:
        read_rule_set(made)
    except SchemaError as error:
        raise bad_rules(error.detail) from None
    return made or None


def merge_metadata(*parts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Later parts win; tags and sensitive names add up."""
    made: dict[str, Any] = {}
    for part in parts:
        for path, tags in ((part or {}).get("tags") or {}).items():
            known = made.setdefault("tags", {}).setdefault(path, [])
            known += [tag for tag in tags if tag not in known]
        if properties := (part or {}).get("properties"):
            made["properties"] = {**made.get("properties", {}), **properties}
        if sensitive := (part or {}).get("sensitive"):
            made["sensitive"] = sorted({*made.get("sensitive", ()), *sensitive})
    return made or None


def merge_rules(*parts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Later rules take the place of earlier ones of the same name."""
    made: dict[str, Any] = {}
    for part in parts:
        for which in _LISTS:
            if rules := (part or {}).get(which):
                merged = {rule["name"]: rule for rule in (*made.get(which, ()), *rules)}
                made[which] = list(merged.values())
        if enabled := (part or {}).get("enableAt"):
            made["enableAt"] = enabled
    return made or None


def _check_name(rule: dict[str, Any], names: set[str]) -> str:
    name = rule.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_rules("a rule needs a name of letters, digits, underscores and hyphens, at most 256")
    if name in names:
        raise bad_rules(f"two rules are called {name}")
    names.add(name)
    return name


def _check_rule(rule: Any, which: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(rule, dict):
        raise bad_rules("a rule must be an object")
    name = _check_name(rule, names)
    kind, mode = rule.get("kind", "TRANSFORM"), rule.get("mode", "UPDOWN" if which == "migrationRules" else "WRITEREAD")
    if kind not in _KINDS:
        raise bad_rules(f"{name}: kind must be TRANSFORM or CONDITION")
    if mode not in _MODES[which]:
        raise bad_rules(f"{name}: mode must be one of {', '.join(sorted(_MODES[which]))} in {which}")
    if not isinstance(rule.get("type"), str) or not rule["type"]:
        raise bad_rules(f"{name}: a type is expected, such as CEL")
    made = {"name": name, "kind": kind, "mode": mode, **_rule_texts(rule, name, mode)}
    try:
        tags, params = rule.get("tags"), rule.get("params")
        made |= {"tags": _texts(tags, "tags")} if tags else {}
        made |= {"params": {n: _text(t, "params") for n, t in _object(params, "params").items()}} if params else {}
    except Refused as refusal:
        raise bad_rules(f"{name}: {refusal.message}") from None
    if not isinstance(rule.get("disabled", False), bool | None):
        raise bad_rules(f"{name}: disabled must be true or false")
    return made | ({"disabled": True} if rule.get("disabled") else {})


def _rule_texts(rule: dict[str, Any], name: str, mode: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for member in _TEXTS:
        if (text := rule.get(member)) is not None:
            if not isinstance(text, str):
                raise bad_rules(f"{name}: {member} must be a text")
            made[member] = text
    for member in ("onSuccess", "onFailure"):
        if "," in made.get(member, "") and (mode not in _PAIRED or made[member].count(",") > 1):
            raise bad_rules(f"{name}: {member} takes two actions only for {' and '.join(sorted(_PAIRED))}")
    return made


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unreadable(f"{what} must be an object")
    return value


def _texts(value: Any, what: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise unreadable(f"{what} must hold lists")
    return [_text(item, what) for item in value]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise unreadable(f"{what} must hold texts")
    return value
