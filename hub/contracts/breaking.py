"""Who breaks: what a new schema changes against the versions before it, and who uses those, by the index.

Rule: nothing is registered and nothing is decided here; the verdict is the registry's own, under the level and the policy
of the subject. Who is affected follows from messages, not from what was granted: who sent or received a version lately.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.names import pins_of
from hub.errors import BadMessage
from hub.registry.codes import Refused
from hub.registry.content import canonical_text
from hub.registry.judging import schema_text
from schemas.compatibility import Allowance, Level, Policy, SchemaText, UnusableSchema, Verdict, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.ports import Store
    from hub.records import Ms
    from hub.registry.state import Registry, Version

DAY_MS: Final = 86_400_000
YEAR: Final = 366
VERSIONS: Final = 20
"""Older versions that are looked at, the newest ones."""
_ALLOWANCE: Final = Allowance(steps=200_000, seconds=0.5)
_EACH: Final = {
    "BACKWARD": Level.BACKWARD,
    "FORWARD": Level.FORWARD,
    "FULL": Level.FULL,
    "NONE": Level.NONE,
}


@dataclass(frozen=True, slots=True)
class Held:
    """The new schema against one older version."""

    number: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Use:
    """How often a system sent or received a version of a contract lately."""

    contract: str
    institution: str
    system: str
    role: str  # "sent", "received", "asked", "refused"
    messages: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a new schema does. `digest`: what a waiver of it names. `held`: against which older versions, oldest first;
    those that the level looks at decide `compatible`."""

    subject: str
    digest: str
    level: str
    policy: str
    compatible: bool
    held: tuple[Held, ...]
    uses: tuple[Use, ...]


def digest_schema(text: str) -> str:
    """SHA-256 (hex) of a schema, whatever its white space and the order of its members. Raises AMANA-CONTRACT-005."""
    try:
        return hashlib.sha256(canonical_text(text, normalize=True).encode()).hexdigest()
    except Refused as refused:
        raise BadMessage("AMANA-CONTRACT-005", refused.message) from None


async def check_breaking(registry: Registry, store: Store, subject: str, text: str, days: int, now: Ms) -> Checked:
    """Compare, and look up who used the older versions in the last `days`. Raises AMANA-CONTRACT-005."""
    digest = digest_schema(text)
    rows = registry.versions(subject)[-VERSIONS:]
    if not rows:
        raise BadMessage("AMANA-CONTRACT-005", "the subject has no version")
    config = registry.effective(subject)
    level, policy = Level(config["compatibilityLevel"]), Policy(config["compatibilityPolicy"])
    held = await asyncio.to_thread(hold, registry, rows, text, level, policy)
    looked_at = held if level.transitive else held[-1:]
    compatible = level is Level.NONE or all(one.verdict.compatible for one in looked_at)
    uses = await find_uses(store, subject, [row.number for row in rows], now - days * DAY_MS)
    return Checked(subject, digest, str(level), str(policy), compatible, tuple(held), uses)


def hold(registry: Registry, rows: Sequence[Version], text: str, level: Level, policy: Policy) -> list[Held]:
    """The schema against each version by itself. Takes up to half a second for each."""
    kind = rows[-1].content.kind
    new = SchemaText(canonical_text(text, normalize=False), kind)
    each = _EACH[str(level).removesuffix("_TRANSITIVE")]
    if each is Level.NONE:
        each = Level.BACKWARD  # shown all the same: who breaks, breaks
    found: list[Held] = []
    try:
        for row in rows:
            verdict = check([schema_text(registry, row.content)], new, each, policy, allowance=_ALLOWANCE)
            found.append(Held(row.number, verdict))
    except UnusableSchema as error:
        raise BadMessage("AMANA-CONTRACT-005", f"{error.kind}: {error.detail}") from None
    return found


async def find_users(store: Store, contract: str, now: Ms) -> list[str]:
    """Systems that sent or received a version within a year, refused messages left out."""
    where: dict[str, Any] = {"contract": contract, "time": (">=", now - YEAR * DAY_MS)}
    found = await store.count("message", where, by=("system", "kind"))
    return sorted({system for system, kind in found if kind != "refused"})


_ROLES: Final = {"inbox": "sent", "out": "received", "pull": "asked", "refused": "refused"}


async def find_uses(store: Store, subject: str, numbers: list[int], since: int) -> tuple[Use, ...]:
    """Who used these versions since then, by contract, institution, system and role."""
    pins = pins_of(subject, numbers)
    where: dict[str, Any] = {"contract": sorted(set(pins.values())), "time": (">=", since)}
    found = await store.count("message", where, by=("contract", "institution", "system", "kind"))
    return tuple(
        Use(contract, institution, system, _ROLES.get(kind, kind), count)
        for (contract, institution, system, kind), count in sorted(found.items())
    )
