"""What can be read: each a function of the registry in memory and a request.

Rule: no reply here asks a port, waits or depends on who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.registry import codes
from hub.registry.ask import Ask, Raw
from hub.registry.content import KINDS, Content
from hub.registry.names import GLOBAL, existing_subject, parse_subject, parse_version, prefix, scope
from hub.registry.showing import show_config, show_content, show_row
from hub.registry.state import DEFAULT_LEVEL, READWRITE, Registry, Version
from signing import jsontext

MOST_SCHEMAS: Final = 1000
_LARGEST_ID: Final = 2**31 - 1


def subject_of(registry: Registry, text: str) -> str:
    """The subject that a path names, through its alias if it has one. Raises 40401."""
    subject = existing_subject(text)
    alias = (registry.config(subject) or {}).get("alias")
    return (parse_subject(alias) or subject) if alias else subject


def list_types(_: Registry, __: Ask) -> list[str]:
    return list(KINDS)


def list_contexts(_: Registry, ask: Ask) -> list[str]:
    return ask.page([name for name in ["."] if name.startswith(ask.text("contextPrefix").removeprefix(":"))])


def list_subjects(registry: Registry, ask: Ask) -> list[str]:
    wanted, deleted_only = prefix(ask.text("subjectPrefix")), ask.flag("deletedOnly")
    deleted = ask.flag("deleted") or deleted_only
    found = [
        name
        for name in registry.subjects()
        if name.startswith(wanted)
        and (deleted or registry.versions(name))
        and not (deleted_only and registry.versions(name))
    ]
    return ask.page(found)


def list_schemas(registry: Registry, ask: Ask) -> list[dict[str, Any]]:
    wanted, deleted = prefix(ask.text("subjectPrefix")), ask.flag("deleted")
    found: list[Version] = []
    for name in registry.subjects():
        if name.startswith(wanted):
            rows = registry.versions(name, deleted=deleted)
            found += rows[-1:] if ask.flag("latestOnly") else rows
    return [show_row(row, wide=ask.wide) for row in ask.page(found, MOST_SCHEMAS)]


def show_id(registry: Registry, ask: Ask) -> dict[str, Any]:
    shown = show_content(_content(registry, ask))
    return shown | ({"maxId": registry.greatest_id} if ask.flag("fetchMaxId") else {})


def show_id_text(registry: Registry, ask: Ask) -> Raw:
    return Raw(_content(registry, ask).text)


def list_id_subjects(registry: Registry, ask: Ask) -> list[str]:
    return ask.page(list(dict.fromkeys(row.subject for row in _rows_of_id(registry, ask))))


def list_id_versions(registry: Registry, ask: Ask) -> list[dict[str, Any]]:
    found = _rows_of_id(registry, ask)
    return ask.page([{"subject": row.subject, "version": row.number} for row in found])


def show_guid(registry: Registry, ask: Ask) -> dict[str, Any]:
    content = registry.content(_ids(registry, ask)[0])
    assert content is not None
    return show_content(content)


def list_guid_ids(registry: Registry, ask: Ask) -> list[dict[str, Any]]:
    return [{"context": ".", "id": number} for number in _ids(registry, ask)]


def list_versions(registry: Registry, ask: Ask) -> list[int]:
    subject = subject_of(registry, ask.place["subject"])
    negative, only = ask.flag("deletedAsNegative"), ask.flag("deletedOnly")
    rows = registry.versions(subject, deleted=negative or only or ask.flag("deleted"))
    if not rows:
        raise codes.no_subject(ask.place["subject"])
    found = [-row.number if negative and row.deleted else row.number for row in rows if row.deleted or not only]
    return ask.page(found)


def find_row(registry: Registry, ask: Ask, *, deleted: bool) -> Version:
    """The row that a path names. Raises 40401, 40402, 42202."""
    subject = subject_of(registry, ask.place["subject"])
    number = parse_version(ask.place["version"])
    row = registry.version(subject, number, deleted=deleted)
    if row is not None:
        return row
    if not registry.versions(subject, deleted=deleted):
        raise codes.no_subject(ask.place["subject"])
    raise codes.no_version(number)


def show_version(registry: Registry, ask: Ask) -> dict[str, Any]:
    return show_row(find_row(registry, ask, deleted=ask.flag("deleted")), wide=ask.wide)


def show_version_text(registry: Registry, ask: Ask) -> Raw:
    return Raw(find_row(registry, ask, deleted=ask.flag("deleted")).content.text)


def list_referrers(registry: Registry, ask: Ask) -> list[int]:
    row = find_row(registry, ask, deleted=True)
    found = registry.referrers(row.subject, row.number)
    return ask.page(sorted({other.id for other in found if ask.flag("deleted") or not other.deleted}))


def show_by_metadata(registry: Registry, ask: Ask) -> dict[str, Any]:
    subject, deleted = subject_of(registry, ask.place["subject"]), ask.flag("deleted")
    names, values = ask.query.get("key", ()), ask.query.get("value", ())
    rows = registry.versions(subject, deleted=deleted)
    if not rows:
        raise codes.no_subject(ask.place["subject"])
    for row in reversed(rows):
        properties = _properties(row.content)
        if all(properties.get(name) == value for name, value in zip(names, values, strict=False)):
            return show_row(row, wide=ask.wide)
    raise codes.no_version("with these properties")


def show_subject_config(registry: Registry, ask: Ask) -> dict[str, Any]:
    subject = scope(ask.place.get("subject"))
    own = registry.config(subject)
    if subject == GLOBAL:
        return {"compatibilityLevel": DEFAULT_LEVEL, **show_config(own or {})}
    if ask.flag("defaultToGlobal"):
        return show_config(registry.effective(subject))
    if own is None:
        raise codes.no_config(subject)
    return show_config(own)


def show_mode(registry: Registry, ask: Ask) -> dict[str, Any]:
    subject = scope(ask.place.get("subject"))
    own = registry.own_mode(subject)
    if subject == GLOBAL:
        return {"mode": own or READWRITE}
    if own is None and not ask.flag("defaultToGlobal"):
        raise codes.no_mode(subject)
    return {"mode": registry.mode(subject)}


def _content(registry: Registry, ask: Ask) -> Content:
    found = registry.content(_id(ask))
    if found is None:
        raise codes.no_schema(ask.place["id"])
    return found


def _id(ask: Ask) -> int:
    text = ask.place["id"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_ID)) else 0
    if not number:
        raise codes.no_schema(text[:40])
    return number


def _rows_of_id(registry: Registry, ask: Ask) -> Iterable[Version]:
    _content(registry, ask)
    wanted = parse_subject(ask.text("subject"))
    return [
        row
        for row in registry.rows_of(_id(ask))
        if (ask.flag("deleted") or not row.deleted) and wanted in {None, row.subject}
    ]


def _ids(registry: Registry, ask: Ask) -> list[int]:
    found = registry.ids_of(ask.place["guid"].lower())
    if not found:
        raise codes.no_schema(ask.place["guid"][:40])
    return found


def _properties(content: Content) -> Mapping[str, Any]:
    metadata = {} if content.metadata is None else jsontext.parse(content.metadata.encode())
    found: Mapping[str, Any] = metadata.get("properties", {})
    return found
