"""Tags and rules of a version changed without its text: what a request adds and takes away, as metadata and rule set.

Rule: tags stand in the metadata, by the path of the member that they are about; the text of a schema is never rewritten. What is
taken away is gone, though an earlier version had it. Members of another form are refused: 400, rules 42210.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.registry import codes
from hub.registry.parts import check_metadata, check_rules, merge_rules
from signing import jsontext

WHOLE: Final = "**"
"""Path of everything in a record, of which a tag on the record itself speaks."""
_LISTS: Final = ("migrationRules", "domainRules", "encodingRules")
_ROOT: Final = "object"
"""How clients call the root of a JSON Schema."""

Tags = tuple[tuple[str, tuple[str, ...]], ...]


def read_tags(value: Any, member: str) -> Tags:
    """`[{schemaEntity: {entityPath, entityType}, tags: [..]}]` as (path, tags). Raises 400."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise codes.unreadable(f"{member} must be a list")
    return tuple(_entry(item, member) for item in value)


def _entry(item: Any, member: str) -> tuple[str, tuple[str, ...]]:
    entity, tags = (item.get("schemaEntity"), item.get("tags")) if isinstance(item, dict) else (None, None)
    path = entity.get("entityPath") if isinstance(entity, dict) else None
    if not isinstance(path, str) or not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise codes.unreadable(f"{member} needs schemaEntity with entityPath, and tags, a list of texts")
    steps = [step for step in path.split(".") if step]
    if steps[:1] == [_ROOT]:
        steps = steps[1:]
    return ".".join(steps) or WHOLE, tuple(tags)


def change_tags(metadata: Mapping[str, Any] | None, add: Tags, remove: Tags) -> dict[str, Any] | None:
    """Metadata with these tags and without those; None if nothing is left of it."""
    tags = {path: list(found) for path, found in ((metadata or {}).get("tags") or {}).items()}
    for path, found in add:
        known = tags.setdefault(path, [])
        known += [tag for tag in dict.fromkeys(found) if tag not in known]
    for path, found in remove:
        tags[path] = [tag for tag in tags.get(path, ()) if tag not in found]
    return check_metadata({**(metadata or {}), "tags": {path: found for path, found in tags.items() if found}})


def change_rules(rules: Mapping[str, Any] | None, merge: Any, remove: Any) -> dict[str, Any] | None:
    """A rule set with the rules of another one, which win, and without those of these names. Raises 400, 42210."""
    if not isinstance(remove, list | None) or not all(isinstance(name, str) for name in remove or ()):
        raise codes.unreadable("rulesToRemove must be a list of names")
    merged = merge_rules(rules, check_rules(merge)) or {}
    for which in _LISTS:
        merged[which] = [rule for rule in merged.get(which, ()) if rule["name"] not in (remove or ())]
    return check_rules({name: part for name, part in merged.items() if part})


def kept(text: str | None) -> dict[str, Any] | None:
    """Metadata or a rule set as a version has it."""
    found: dict[str, Any] | None = None if text is None else jsontext.parse(text.encode())
    return found
