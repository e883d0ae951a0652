"""What the gateway, the stages and the commands may ask of the directory: the present, or any position of the past.

Rule: read-only. Look-ups of the present are plain dictionary look-ups; nothing here scans but the listings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from hub.control.objects import (
    Api,
    ContractState,
    Device,
    Erasure,
    Feed,
    Grant,
    HubKey,
    Institution,
    Join,
    Operator,
    RunOrder,
    Settlement,
    Subscription,
    System,
    TopicLeave,
    Unit,
    Waiver,
)
from hub.control.timeline import History
from signing.keys import KeyRing, KeyWindow, load_public

K = TypeVar("K")
V = TypeVar("V")

EMPTY: Final = -1
"""Position of a directory that has applied nothing."""


class Histories:
    """Every table of the directory, over all positions. The indexes are histories too, so the past has them."""

    __slots__ = (
        "apis",
        "clients",
        "contracts",
        "devices",
        "erasures",
        "feeds",
        "grants",
        "hub_keys",
        "institutions",
        "joins",
        "leaves",
        "operators",
        "paths",
        "position",
        "runs",
        "serials",
        "settlements",
        "subscribers",
        "subscriptions",
        "systems",
        "units",
        "waivers",
    )

    def __init__(self) -> None:
        self.position = EMPTY
        self.institutions: History[str, Institution] = History()
        self.units: History[tuple[str, str], Unit] = History()  # institution, code
        self.systems: History[str, System] = History()
        self.clients: History[str, str] = History()  # client id -> system
        self.apis: History[str, Api] = History()
        self.grants: History[tuple[str, str], Grant] = History()
        self.subscriptions: History[str, Subscription] = History()
        self.subscribers: History[str, tuple[str, ...]] = History()  # code or contract -> subscription ids
        self.devices: History[str, Device] = History()  # by id
        self.serials: History[str, str] = History()  # serial -> device id
        self.paths: History[str, str] = History()  # SHA-256 of the secret path -> device id
        self.feeds: History[str, Feed] = History()
        self.operators: History[str, Operator] = History()
        self.runs: History[str, RunOrder] = History()
        self.erasures: History[int, Erasure] = History()
        self.settlements: History[str, Settlement] = History()  # by dead letter
        self.hub_keys: History[str, HubKey] = History()
        self.joins: History[str, Join] = History()  # by request
        self.contracts: History[str, ContractState] = History()  # by "<name>:<version>"
        self.waivers: History[str, Waiver] = History()
        self.leaves: History[str, TopicLeave] = History()

    def put(self, table: str, key: Any, value: Any, position: int) -> None:
        history: History[Any, Any] = getattr(self, table)
        history.put(position, key, value)


class View:
    """The directory as of one position (`at`), or live (`now`): a live view always answers for the last change
    applied, so take `position` and what depends on it without an `await` in between."""

    __slots__ = (
        "_apis",
        "_at",
        "_clients",
        "_contracts",
        "_devices",
        "_erasures",
        "_feeds",
        "_grants",
        "_histories",
        "_hub_keys",
        "_institutions",
        "_joins",
        "_leaves",
        "_operators",
        "_paths",
        "_runs",
        "_serials",
        "_settlements",
        "_subscribers",
        "_subscriptions",
        "_systems",
        "_units",
        "_waivers",
    )

    def __init__(self, histories: Histories, position: int | None) -> None:
        def table(history: History[K, V]) -> Mapping[K, V]:
            return history.now() if position is None else history.at(position)

        self._histories = histories
        self._at = position
        self._institutions = table(histories.institutions)
        self._units = table(histories.units)
        self._systems = table(histories.systems)
        self._clients = table(histories.clients)
        self._apis = table(histories.apis)
        self._grants = table(histories.grants)
        self._subscriptions = table(histories.subscriptions)
        self._subscribers = table(histories.subscribers)
        self._devices = table(histories.devices)
        self._serials = table(histories.serials)
        self._paths = table(histories.paths)
        self._feeds = table(histories.feeds)
        self._operators = table(histories.operators)
        self._runs = table(histories.runs)
        self._erasures = table(histories.erasures)
        self._settlements = table(histories.settlements)
        self._hub_keys = table(histories.hub_keys)
        self._joins = table(histories.joins)
        self._contracts = table(histories.contracts)
        self._waivers = table(histories.waivers)
        self._leaves = table(histories.leaves)

    @property
    def position(self) -> int:
        """Offset of the last control record that this view includes; -1: none."""
        return self._histories.position if self._at is None else self._at

    # one object

    def institution(self, code: str) -> Institution | None:
        return self._institutions.get(code)

    def unit(self, institution: str, code: str) -> Unit | None:
        return self._units.get((institution, code))

    def system(self, code: str) -> System | None:
        return self._systems.get(code)

    def system_by_client(self, client_id: str) -> System | None:
        code = self._clients.get(client_id)
        return None if code is None else self._systems.get(code)

    def api(self, code: str) -> Api | None:
        return self._apis.get(code)

    def granted(self, system: str, code: str) -> bool:
        grant = self._grants.get((system, code))
        return grant is not None and grant.active

    def grant(self, system: str, code: str) -> Grant | None:
        return self._grants.get((system, code))

    def subscription(self, id: str) -> Subscription | None:  # noqa: A002 - the field's name
        return self._subscriptions.get(id)

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """Subscriptions to a code or contract, paused ones included (their outbox fills), oldest first."""
        return tuple(self._subscriptions[s] for s in self._subscribers.get(topic, ()))

    def device(self, serial: str) -> Device | None:
        """By serial. A suspended device is returned: the caller refuses it by its state."""
        found = self._serials.get(serial)
        return None if found is None else self._devices.get(found)

    def device_by_id(self, id: str) -> Device | None:  # noqa: A002 - the field's name
        return self._devices.get(id)

    def device_by_path(self, secret_path: str) -> Device | None:
        """By the secret part of its server address, in plain."""
        found = self.path_holder(hashlib.sha256(secret_path.encode()).hexdigest())
        return None if found is None else self._devices.get(found)

    def path_holder(self, digest: str) -> str | None:
        """Id of the device whose secret path has this SHA-256 (hex)."""
        return self._paths.get(digest)

    def feed(self, id: str) -> Feed | None:  # noqa: A002 - the field's name
        return self._feeds.get(id)

    def operator(self, key_id: str) -> Operator | None:
        return self._operators.get(key_id)

    def run(self, code: str) -> RunOrder | None:
        return self._runs.get(code)

    def settlement(self, letter: str) -> Settlement | None:
        """What an operator decided on this dead letter."""
        return self._settlements.get(letter)

    def join(self, request: str) -> Join | None:
        """What was decided on a join request."""
        return self._joins.get(request)

    def contract_state(self, contract: str) -> ContractState | None:
        """What was decided on a version of a contract; None: nothing, so it is active."""
        return self._contracts.get(contract)

    def waiver(self, id: str) -> Waiver | None:  # noqa: A002 - the field's name
        return self._waivers.get(id)

    def leave(self, id: str) -> TopicLeave | None:  # noqa: A002 - the field's name
        return self._leaves.get(id)

    # listings, in the order of registration

    def institutions(self) -> tuple[Institution, ...]:
        return tuple(self._institutions.values())

    def units(self) -> tuple[Unit, ...]:
        return tuple(self._units.values())

    def systems(self) -> tuple[System, ...]:
        return tuple(self._systems.values())

    def apis(self) -> tuple[Api, ...]:
        return tuple(self._apis.values())

    def grants(self) -> tuple[Grant, ...]:
        return tuple(self._grants.values())

    def all_subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(self._subscriptions.values())

    def devices(self) -> tuple[Device, ...]:
        return tuple(self._devices.values())

    def feeds(self) -> tuple[Feed, ...]:
        """Suspended ones included."""
        return tuple(self._feeds.values())

    def operators(self) -> tuple[Operator, ...]:
        return tuple(self._operators.values())

    def runs(self) -> tuple[RunOrder, ...]:
        return tuple(self._runs.values())

    def erasures(self) -> tuple[Erasure, ...]:
        return tuple(self._erasures.values())

    def joins(self) -> tuple[Join, ...]:
        return tuple(self._joins.values())

    def contract_states(self) -> tuple[ContractState, ...]:
        return tuple(self._contracts.values())

    def waivers(self) -> tuple[Waiver, ...]:
        return tuple(self._waivers.values())

    def leaves(self) -> tuple[TopicLeave, ...]:
        """Leave to write to topics, ended ones too."""
        return tuple(self._leaves.values())

    def hub_keys(self) -> tuple[HubKey, ...]:
        """Keys that the hub has signed with, the present one last."""
        return tuple(self._hub_keys.values())

    def hub_ring(self) -> KeyRing:
        """What verifies the hub's own envelopes. A replaced key goes on verifying what it signed before."""
        return KeyRing(KeyWindow(load_public(k.public_key), k.not_before, k.not_after) for k in self.hub_keys())
