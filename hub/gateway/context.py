"""What every part of the gateway shares: the ports, the keys, the directory as this process sees it.

Rule: made once when the process starts, never changed afterwards; only `health`, the follower, what is counted and the memory of signed reads move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.contracts.breaking import digest_schema
from hub.contracts.governing import is_managed, waived
from hub.control.requests import ReadsSeen
from hub.gateway.health import Health
from hub.gateway.refusals import Refusals
from hub.joining.desk import Joins
from hub.metrics.measures import Measures
from hub.registry.follow import RegistryFollower

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.follow import DirectoryFollower
    from hub.keys import HubKeys
    from hub.ports import Admissions, Bus, Caller, Clock, Store, Vault
    from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """Shared by admission, tokens, devices and `/api/v1`."""

    settings: Settings
    bus: Bus
    admissions: Admissions
    vault: Vault
    store: Store
    keys: HubKeys
    follower: DirectoryFollower
    clock: Clock
    adapters: Mapping[str, Adapter]
    caller: Caller
    measures: Measures = field(default_factory=Measures)
    health: Health = field(default_factory=Health)
    reads: ReadsSeen = field(default_factory=ReadsSeen)
    refusals: Refusals = field(init=False)
    joins: Joins = field(init=False)
    registry: RegistryFollower = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "refusals", Refusals(self))
        object.__setattr__(self, "joins", Joins(self))
        object.__setattr__(self, "registry", RegistryFollower(self.bus, self.vault))
        self.registry.governed = self._governed

    def _governed(self, subject: str, text: str) -> bool | None:
        """A subject that a code names as its contract breaks nobody without a waiver, whatever its owner asks for."""
        view = self.follower.directory.now()
        return waived(view, subject, digest_schema(text), self.clock.now()) if is_managed(view, subject) else None
