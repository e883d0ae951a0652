"""Who uses a version of a contract, by the index: who sent, received, asked or answered under it.

Rule: a pull is under two contracts, that of its question and that of its answer, and two systems use both: who asked and
who answers. Under one and the same it is one use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.control.view import View
    from hub.ports import Store
    from hub.records import Ms

DAY_MS: Final = 86_400_000
YEAR: Final = 366
ASKED: Final = "pull"
ANSWERED: Final = "answered"

_ROLES: Final = {"inbox": "sent", "out": "received", ASKED: "asked"}


@dataclass(frozen=True, slots=True)
class Use:
    """How often a system used a version of a contract lately. `kind`: of its messages in the index; of those that it
    answered: "answered"."""

    contract: str
    institution: str
    system: str
    kind: str
    messages: int

    @property
    def role(self) -> str:
        """What it did: "sent", "received", "asked", "answered", or had "refused"."""
        return _ROLES.get(self.kind, self.kind)


async def count_uses(store: Store, view: View, contracts: Sequence[str], since: int) -> tuple[Use, ...]:
    """Who used these versions since then."""
    if not contracts:
        return ()
    found: Counter[tuple[str, str, str, str]] = Counter()
    for column, other in (("contract", "request_contract"), ("request_contract", "contract")):
        by = (column, other, "institution", "system", "kind", "provider")
        where: dict[str, Any] = {column: list(contracts), "time": (">=", since)}
        for values, number in (await store.count("message", where, by=by)).items():
            row = dict(zip(by, values, strict=True))
            if column == "request_contract" and row[other] == row[column]:
                continue
            found[row[column], row["institution"], row["system"], row["kind"]] += number
            answerer = view.system(row["provider"] or "") if row["kind"] == ASKED else None
            if answerer is not None:
                found[row[column], answerer.institution, answerer.code, ANSWERED] += number
    return tuple(Use(*who, number) for who, number in sorted(found.items()))


async def find_users(store: Store, view: View, contract: str, now: Ms) -> list[str]:
    """Systems that used a version within a year, refused messages left out."""
    uses = await count_uses(store, view, [contract], now - YEAR * DAY_MS)
    return sorted({use.system for use in uses if use.kind != "refused"})
