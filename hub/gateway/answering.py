"""What the hub answers itself, by reserved code and by holding.

Rule: answerers keep nothing in memory, so every gateway gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.pull.holdings import Employees, Pages, Signals
from hub.pull.outbox import Outbox

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.ports import Bus, Store, Vault
    from hub.pull.answerers import Answerer


def make_answerers(
    bus: Bus, store: Store, vault: Vault, follower: DirectoryFollower, registry: Following | None = None
) -> Mapping[str, Answerer]:
    """One of each."""
    made = (
        Outbox(bus, store, vault, follower.directory.now(), registry),
        Pages(Employees(store), store, vault),
        Pages(Signals(store), store, vault),
    )
    return {one.name: one for one in made}
