"""The hub's own subjects: its contracts, canonical ones and those of the adapters' wire formats, registered at each start.

Rule: `amana.<contract>.v<version>` holds a canonical contract, so a breaking change is a new version of the contract and a
new subject; `amana.wire.<adapter>.<exchange>` holds what an outside system sends, which changes when that system does.
A canonical contract that breaks its own earlier version stops the start; a wire format is recorded as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.registry import find
from hub.errors import ConfigError
from hub.records import Ms
from hub.registry.codes import Refused
from hub.registry.content import canonical_text
from hub.registry.follow import Build, RegistryFollower
from hub.registry.names import OWN
from hub.registry.state import Registry
from schemas.contracts import CONTRACTS
from schemas.personal import tags_of
from signing import jsontext

if TYPE_CHECKING:
    from collections.abc import Mapping

HUB: Final = "hub"


def canonical_subject(contract: str, number: int) -> str:
    """Subject of a canonical contract, by its name and version."""
    return f"{OWN}{contract}.v{number}"


def wire_subject(contract: str) -> str:
    """Subject of a wire contract, by its name `wire:<adapter>.<exchange>`."""
    return OWN + contract.replace(":", ".")


def own_tags() -> dict[str, dict[str, list[str]]]:
    """Tags of the canonical subjects: what masking hides. Of a wire format nobody has said what is personal, so it is
    masked whole."""
    return {
        canonical_subject(contract.name, contract.version): {path: list(tags) for path, tags in found.items()}
        for contract in CONTRACTS.values()
        if (found := tags_of(contract.name))
    }


def own_schemas() -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """(subject, schema, whether it may break its earlier version)."""
    for contract in CONTRACTS.values():
        yield canonical_subject(contract.name, contract.version), contract.schema, False
    for adapter in find().values():
        for exchange in adapter.manifest.exchanges:
            yield wire_subject(adapter.wire_contract(exchange.name)), adapter.wire_schema(exchange.name), True


async def register_own(follower: RegistryFollower, now: Ms) -> int:
    """Register what is not registered yet; returns how many subjects there are. Raises `ConfigError` AMANA-CONF-008."""
    schemas = list(own_schemas())
    tags = own_tags()
    answers = await follower.submit_all([_build(*schema, tags.get(schema[0])) for schema in schemas], now)
    for (subject, _, _), answer in zip(schemas, answers, strict=True):
        if isinstance(answer, Refused):
            raise ConfigError("AMANA-CONF-008", f"{subject}: {answer.code}")
    return len(schemas)


def _build(subject: str, schema: Mapping[str, Any], force: bool, tags: Mapping[str, Any] | None) -> Build:
    text = canonical_text(jsontext.render(schema).decode(), normalize=True)

    def build(_: Registry) -> dict[str, Any]:
        return {
            "do": "register",
            "by": HUB,
            "subject": subject,
            "kind": "JSON",
            "text": text,
            "references": [],
            "metadata": {"tags": tags} if tags else None,
            "rules": None,
            "normalize": True,
            "id": None,
            "version": None,
            "force": force,
            "basis": None,
        }

    return build


def _release() -> tuple[str, str]:
    try:
        return version("amana-hub"), ""
    except PackageNotFoundError:
        return "0", ""


COMMIT: Final = _release()
"""Version and commit of this hub."""
