"""How rows, schemas, configurations are shown in replies.

Rule: what is null is left out; AVRO, the kind that clients assume, is left out too; members that old clients do not know are
shown to those that say that they take any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.registry.content import Content
from hub.registry.state import Version
from signing import jsontext

REQUEST_NAMES: Final = {"compatibilityLevel": "compatibility"}
"""Members of a configuration that are called otherwise in a request."""


def show_content(content: Content) -> dict[str, Any]:
    """A schema by itself."""
    shown: dict[str, Any] = {"schema": content.text}
    if content.kind != "AVRO":
        shown["schemaType"] = content.kind
    if content.references:
        shown["references"] = [{"name": r.name, "subject": r.subject, "version": r.version} for r in content.references]
    if content.metadata is not None:
        shown["metadata"] = jsontext.parse(content.metadata.encode())
    if content.rules is not None:
        shown["ruleSet"] = jsontext.parse(content.rules.encode())
    return shown


def show_row(row: Version, *, wide: bool) -> dict[str, Any]:
    """A schema under its subject."""
    shown = {"subject": row.subject, "version": row.number, "id": row.id, **show_content(row.content)}
    if wide:
        shown |= {"guid": row.content.guid, "ts": row.at, "deleted": row.deleted}
    return shown


def show_registered(row: Version, *, wide: bool) -> dict[str, Any]:
    """The reply to a registration: the id, which is all that old clients read."""
    if not wide:
        return {"id": row.id}
    shown = show_row(row, wide=True)
    del shown["deleted"], shown["subject"]
    return {"id": row.id, **shown}


def show_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """As GET names its members."""
    return dict(config)


def show_config_request(config: Mapping[str, Any]) -> dict[str, Any]:
    """As PUT names them."""
    return {REQUEST_NAMES.get(name, name): value for name, value in config.items()}
