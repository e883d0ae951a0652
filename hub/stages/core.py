"""The whole of what runs behind the gateway, put together on ports: every stage with its runner, and delivery.

Rule: built the same way by the worker process and by the simulator; what differs are the ports alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.control.projection import DirectoryTables
from hub.delivery.deliver import Deliverer, Policy
from hub.delivery.settlements import Settlements
from hub.metrics.measures import Measures
from hub.ports import Bus, Caller, Clock, Store, Vault
from hub.pull.stage import Pulls
from hub.runs.stage import RunStage
from hub.stages.announce import Announce
from hub.stages.collect import Collect
from hub.stages.erase import Erase
from hub.stages.index import Index
from hub.stages.index_orders import IndexOrders
from hub.stages.outward import Outward
from hub.stages.relay import Relay
from hub.stages.runner import Runner
from hub.stages.translate import Translate
from hub.topics import DEFAULT_PARTITIONS, layout
from hub.uploads import Uploads
from schemas.contracts import CONTRACTS

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.contracts.registered import Following
    from hub.control.follow import DirectoryFollower
    from hub.delivery.filing import Filing
    from hub.delivery.publishing import Publishing
    from hub.keys import HubKeys
    from hub.signers import Signers
    from hub.stages.hand import Hand


@dataclass(frozen=True, slots=True)
class CorePorts:
    """What a core needs of the machine. `random`: jitter in [0, 1). `hand`: None where no adapter is to be survived."""

    bus: Bus
    vault: Vault
    store: Store
    clock: Clock
    caller: Caller
    keys: HubKeys
    follower: DirectoryFollower
    adapters: Mapping[str, Adapter]
    random: Callable[[], float]
    owner: str
    partitions: int = DEFAULT_PARTITIONS
    policy: Policy = field(default_factory=Policy)
    draft_rules: bool = False
    hand: Hand | None = None
    registry: Following | None = None
    signers: Signers | None = None
    filing: Filing | None = None
    publishing: Publishing | None = None
    measures: Measures = field(default_factory=Measures)


@dataclass(frozen=True, slots=True)
class Core:
    """Stages in the order in which a message passes them, and delivery."""

    ports: CorePorts
    runners: tuple[Runner, ...]
    deliverer: Deliverer

    async def ensure_topics(self) -> None:
        """Make the topics that the adapters, contracts and systems of the moment need. One that exists keeps its
        number of partitions."""
        bus = self.ports.bus
        view = self.ports.follower.directory.now()
        written = [s.system for s in view.all_subscriptions() if s.leave is not None and self.ports.publishing]
        wanted = layout(
            adapters=self.ports.adapters,
            contracts=CONTRACTS,
            systems=(system.code for system in view.systems()),
            readers=written,
            partitions=self.ports.partitions,
        )
        known = bus.topics()
        missing = {topic: number for topic, number in wanted.items() if topic not in known}
        if missing:
            await bus.ensure(missing)


def build(ports: CorePorts) -> Core:
    """The core on these ports."""
    p = ports
    index = Index(p.store, p.follower)
    stages = (
        Translate(p.vault, p.follower, p.adapters, p.keys.hmac, p.bus.topics, p.hand, p.keys.signing, p.store),
        Relay(p.bus, p.vault, p.follower, p.partitions, p.keys.signing, p.registry),
        Collect(p.store),
        RunStage(p.bus, p.store, p.vault, p.follower, p.adapters, p.keys.hmac, p.partitions, p.draft_rules),
        Announce(p.bus, p.vault, p.follower, p.keys.hmac, p.partitions),
        Outward(p.bus, p.store, p.vault, p.follower, p.adapters, p.partitions, p.signers),
        Erase(p.vault, p.follower),
        Pulls(p.bus, p.store, p.vault, p.follower, p.keys.hmac, p.keys.signing, p.registry),
        index,
        IndexOrders(p.bus, p.store, p.follower, index),
        DirectoryTables(p.follower),
        Settlements(p.bus, p.follower),
    )
    deliverer = Deliverer(
        bus=p.bus,
        store=p.store,
        vault=p.vault,
        follower=p.follower,
        caller=p.caller,
        clock=p.clock,
        signing=p.keys.signing,
        random=p.random,
        owner=p.owner,
        policy=p.policy,
        uploads=Uploads(p.store, p.keys.wrapper, vault=p.vault),
        measures=p.measures,
        registry=p.registry,
        filing=p.filing,
        publishing=p.publishing,
    )
    runners = tuple(Runner(stage, p.bus, p.store, p.owner, measures=p.measures) for stage in stages)
    return Core(p, runners, deliverer)
