"""Who breaks: what a new schema changes against the versions before it, and who uses those, by the index.

Rule: nothing is registered and nothing is decided here; the verdict is the registry's own, under the level and the policy
of the subject. Who is affected follows from messages, not from what was granted: who sent or received a version lately.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.contracts.names import pins_of
from hub.contracts.using import DAY_MS, Use, count_uses
from hub.errors import BadMessage
from hub.registry.codes import Refused
from hub.registry.content import canonical_text
from hub.registry.judging import schema_text
from schemas.compatibility import Allowance, Level, Policy, SchemaText, UnusableSchema, Verdict, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.control.view import View
    from hub.ports import Store
    from hub.records import Ms
    from hub.registry.state import Registry, Version

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


async def check_breaking(
    registry: Registry, store: Store, view: View, subject: str, text: str, days: int, now: Ms
) -> Checked:
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
    pins = pins_of(subject, [row.number for row in rows])
    uses = await count_uses(store, view, sorted(set(pins.values())), now - days * DAY_MS)
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
