"""A code whose contract is a version of a subject in the registry, for journeys about contracts in force."""

from __future__ import annotations

from typing import Any, Final

from hub.registry.content import canonical_text
from hub.registry.follow import RegistryFollower
from hub.registry.state import Registry
from signing.jsontext import render
from tests.simulator.hub import SimHub
from tests.simulator.relaying import CODE, relaying

SUBJECT: Final = "surat-value"
PINNED: Final = f"subject:{SUBJECT}:1"

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["nomor", "perihal"],
    "properties": {"nomor": {"type": "integer"}, "perihal": {"type": "string"}},
    "additionalProperties": False,
}


def rule(name: str, expr: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": expr} | more


def registration(
    schema: Any, rules: Any = None, metadata: Any = None, subject: str = SUBJECT, *, force: bool = False
) -> dict[str, Any]:
    return {
        "do": "register",
        "by": "local",
        "subject": subject,
        "kind": "JSON",
        "text": canonical_text(render(schema).decode(), normalize=True),
        "references": [],
        "metadata": metadata,
        "rules": rules,
        "normalize": True,
        "id": None,
        "version": None,
        "force": force,
        "basis": None,
    }


async def register(follower: RegistryFollower, now: Any, schema: Any = SCHEMA, **more: Any) -> None:
    """A new version of the subject."""

    def build(_: Registry) -> dict[str, Any]:
        return registration(schema, **more)

    await follower.submit(build, now)


async def contracted(hub: SimHub, *rules: dict[str, Any], **api: Any) -> None:
    """Onboard: a relayed code with version 1 of the subject as its contract."""
    found = {"domainRules": list(rules)} if rules else None
    await register(hub.registry, hub.clock.now(), rules=found)
    await relaying(hub, contract=PINNED, **api)


__all__ = ["CODE", "PINNED", "SCHEMA", "SUBJECT", "contracted", "register", "rule"]
