"""The bodies of requests: a schema to register, look up or compare; a configuration; a mode.

Rule: what is not understood in a schema is ignored, as clients expect, unless it would change something here; what has the
wrong type is refused. Made against the registry as it is: whether to normalize, and which version `-1` refers to.
"""

from __future__ import annotations

from typing import Any, Final, cast

from hub.registry import codes
from hub.registry.ask import Ask
from hub.registry.content import KINDS, Kind, canonical_text
from hub.registry.names import GLOBAL, LATEST, new_subject, parse_subject
from hub.registry.parts import check_metadata, check_rules
from hub.registry.showing import REQUEST_NAMES
from hub.registry.state import FORWARD, MODES, Registry, Version
from hub.registry.tagging import change_rules, change_tags, kept, read_tags
from schemas.compatibility import Level, Policy

MOST_REFERENCES: Final = 200
_GREATEST: Final = 2**31 - 1
_GIVEN: Final = {given: kept for kept, given in REQUEST_NAMES.items()}
_FLAGS: Final = ("normalize", "validateFields", "validateRules")
_METADATA: Final = ("defaultMetadata", "overrideMetadata")
_RULES: Final = ("defaultRuleSet", "overrideRuleSet")


def read_schema(registry: Registry, subject: str, ask: Ask, value: dict[str, Any], limit: int) -> dict[str, Any]:
    """The members of a request that say what the schema is: `kind`, `text`, `references`, ..., `normalize`.
    Raises 400, 42201, 42209, 42210."""
    kind = value.get("schemaType") or "AVRO"
    if kind not in KINDS:
        raise codes.invalid(f"schemaType {str(kind)[:40]!r} is not supported here; JSON and AVRO are")
    text = value.get("schema")
    if not isinstance(text, str | None):
        raise codes.unreadable("schema must be a text")
    if text is not None and len(text.encode()) > limit:
        raise codes.too_large(limit)
    normalize = ask.flag("normalize") or bool(registry.effective(subject).get("normalize"))
    return {
        "kind": cast("Kind", kind),
        "text": None if not text else canonical_text(text, normalize=normalize),
        "references": _references(registry, value.get("references")),
        "metadata": check_metadata(value.get("metadata")),
        "rules": check_rules(value.get("ruleSet")),
        "normalize": normalize,
    }


def read_registration(registry: Registry, subject: str, ask: Ask, limit: int) -> dict[str, Any]:
    """A request to register."""
    value = ask.value()
    wanted, version = _whole(value, "id"), _whole(value, "version")
    return {
        "do": "register",
        "subject": subject,
        **_with_tags(registry, subject, value, read_schema(registry, subject, ask, value, limit)),
        "id": wanted if wanted is not None and wanted >= 0 else None,
        "version": version if version is not None and version > 0 else None,
        "force": ask.flag("force"),
        "basis": None,
    }


def read_tagging(row: Version, ask: Ask) -> dict[str, Any]:
    """A request for a version like `row`, with other tags, metadata or rules. Raises 400, 42210."""
    value = ask.value()
    version = _whole(value, "newVersion")
    metadata = check_metadata(value.get("metadata")) or kept(row.content.metadata)
    rules = check_rules(value.get("ruleSet")) or kept(row.content.rules)
    add, remove = (read_tags(value.get(member), member) for member in ("tagsToAdd", "tagsToRemove"))
    return {
        "do": "register",
        "subject": row.subject,
        "kind": row.content.kind,
        "text": row.content.text,
        "references": [[r.name, r.subject, r.version] for r in row.content.references],
        "metadata": change_tags(metadata, add, remove),
        "rules": change_rules(rules, value.get("rulesToMerge"), value.get("rulesToRemove")),
        "normalize": False,
        "id": None,
        "version": version if version is not None and version > 0 else None,
        "force": ask.flag("force"),
        "exact": True,
        "basis": None,
    }


def _with_tags(registry: Registry, subject: str, value: dict[str, Any], read: dict[str, Any]) -> dict[str, Any]:
    """What a registration asks to add and take away on the way; `propagateSchemaTags`: beside metadata of its own, the tags of
    the latest version."""
    add, remove = (read_tags(value.get(member), member) for member in ("schemaTagsToAdd", "schemaTagsToRemove"))
    propagate = value.get("propagateSchemaTags") is True
    if not add and not remove and not propagate:
        return read
    latest = registry.version(subject, LATEST)
    before = kept(latest.content.metadata) if latest is not None else None
    metadata = read["metadata"] or before
    if propagate and before is not None:
        add = (*((path, tuple(tags)) for path, tags in (before.get("tags") or {}).items()), *add)
    rules = read["rules"] or (kept(latest.content.rules) if latest is not None else None)
    return read | {"metadata": change_tags(metadata, add, remove), "rules": rules, "exact": True}


def read_config(ask: Ask) -> dict[str, Any]:
    """A configuration as it is kept; None for what is to be taken away. Raises 400, 42203, 42208, 42210."""
    value = ask.value()
    made: dict[str, Any] = {}
    for given, item in value.items():
        name = _GIVEN.get(given, given)
        if item is None:
            made[name] = None
        elif name == "compatibilityLevel":
            made[name] = _one_of(Level, item, "compatibility level")
        elif name == "compatibilityPolicy":
            made[name] = _one_of(Policy, item, "compatibility policy")
        elif name in _FLAGS:
            if not isinstance(item, bool):
                raise codes.unreadable(f"{given} must be true or false")
            made[name] = item
        elif name == "alias":
            made[name] = new_subject(item) if isinstance(item, str) and item else None
        elif name == "compatibilityGroup":
            if not isinstance(item, str):
                raise codes.unreadable("compatibilityGroup must be a text")
            made[name] = item or None
        elif name in _METADATA:
            made[name] = check_metadata(item)
        elif name in _RULES:
            made[name] = check_rules(item)
    return made


def read_mode(ask: Ask, subject: str) -> str:
    """A mode; FORWARD is of all subjects or of none. Raises 42204."""
    mode = ask.value().get("mode")
    if not isinstance(mode, str) or mode.upper() not in MODES:
        raise codes.bad_mode(str(mode)[:40])
    if mode.upper() == FORWARD and subject != GLOBAL:
        raise codes.bad_mode("FORWARD of one subject")
    return mode.upper()


def _one_of(kinds: type[Level | Policy], item: Any, what: str) -> str:
    try:
        return str(kinds(item.upper() if isinstance(item, str) else item))
    except ValueError:
        names = ", ".join(kinds)
        raise codes.bad_config(f"Invalid {what}: one of {names} is expected.") from None


def _references(registry: Registry, value: Any) -> list[list[Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_REFERENCES:
        raise codes.unreadable(f"references must be a list of at most {MOST_REFERENCES}")
    return [_reference(registry, item) for item in value]


def _reference(registry: Registry, item: Any) -> list[Any]:
    if not isinstance(item, dict):
        raise codes.unreadable("a reference must be an object")
    name, subject, version = item.get("name"), item.get("subject"), _whole(item, "version")
    if not isinstance(name, str) or not name or not isinstance(subject, str) or version is None:
        raise codes.unreadable("a reference needs name, subject and version")
    known = parse_subject(subject)
    row = registry.version(known, version, deleted=version != LATEST) if known is not None else None
    if row is None:
        raise codes.invalid(f"reference '{name[:200]}': subject '{subject[:200]}' has no version {version}")
    return [name, row.subject, row.number]


def _whole(value: dict[str, Any], member: str) -> int | None:
    found = value.get(member)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not -_GREATEST <= found <= _GREATEST:
        raise codes.unreadable(f"{member} must be a whole number")
    return found
