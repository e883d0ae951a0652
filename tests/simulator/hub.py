"""A whole hub core on in-memory ports: the log and the store in memory, a manual clock, a receiver instead of HTTP.

Rule: nothing of the hub is replaced but the ports; `restart` drops everything that a process would lose and keeps what
is on the disks. `settle` goes on until nothing moves, and moves the clock only for what waits for a time.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from adapters.kit.registry import find
from hub.control.directory import Outcome
from hub.control.follow import DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.delivery import settlements
from hub.delivery.deliver import Policy
from hub.delivery.filing import Filing
from hub.delivery.publishing import Publishing
from hub.errors import BadMessage, TryAgain
from hub.gateway import devices
from hub.gateway.admission import Push, Refusal, Terms, Wanted, examine
from hub.gateway.contracts import WireTerms
from hub.keys import FileKeyWrapper, HubKeys
from hub.ports import Answered
from hub.records import Ms, Record
from hub.registry.follow import RegistryFollower
from hub.stages.core import Core, CorePorts, build
from hub.store.sql import Fault, SqlStore
from hub.topics import INBOX, OUTBOX, RECORDS, SIGNALS_HR, SIGNALS_PAY
from signing import envelope, keys, tokens
from signing.jsontext import canonical, parse, render
from signing.sealing import BodyKey
from tests import stores
from tests.simulator.clock import ManualClock
from tests.simulator.faults import Faults, How
from tests.simulator.memory_log import Disk, MemoryLog
from tests.simulator.receiver import Receiver

NOVEMBER: Final = Ms(1_793_577_600_000)
"""2 November 2026: the month of the scripts is over, so no punch of it lies in the future."""


class Crash(BaseException):
    """The process is gone. No part of the hub knows it, so nothing handles it, whatever it catches."""


@dataclass(frozen=True, slots=True)
class People:
    """Keys that exist outside: two operators, one sending system per code, the hub's."""

    admin: keys.PrivateKey = field(default_factory=keys.generate)
    checker: keys.PrivateKey = field(default_factory=keys.generate)
    sender: keys.PrivateKey = field(default_factory=keys.generate)
    receiver: keys.PrivateKey = field(default_factory=keys.generate)
    forger: keys.PrivateKey = field(default_factory=keys.generate)
    hub: keys.PrivateKey = field(default_factory=keys.generate)


PEOPLE = People()
"""Made once: keys decide nothing that is compared."""

HUB_KEYS = HubKeys(signing=PEOPLE.hub, wrapper=FileKeyWrapper(b"w" * 32), hmac=b"h" * 32, token=b"t" * 32)


class SimHub:
    """One hub. `faults` strike the log, `store_faults` the store; both are planned by the test."""

    def __init__(
        self,
        *,
        partitions: int = 2,
        disk: Disk | None = None,
        policy: Policy | None = None,
        store: Callable[[Fault], SqlStore] | None = None,
    ) -> None:
        self.partitions = partitions
        self.disk = Disk() if disk is None else disk
        self.faults = Faults()
        self.store_faults = Faults()
        self.clock = ManualClock(NOVEMBER)
        self.policy = policy or Policy()
        self.receiver = Receiver(PEOPLE.receiver, PEOPLE.hub.public, PEOPLE.forger)
        self.store = (store or open_store)(self._store_fault)
        self.adapters = find()
        self.filing: Filing | None = None
        self.publishing = False  # whether subscribers can read the log
        self._starts = 0
        self._how: How | None = None
        self.restart_parts()

    def _store_fault(self, moment: str) -> None:
        if moment in {"before", "after"}:
            self._strike(moment)

    def _strike(self, moment: str) -> None:
        """One transaction is one write: `failed` strikes before it, `failed but stored` after its commit."""
        if moment == "before":
            self._how = self.store_faults._next("store")
            self.store_faults.written.append("store")
            if self._how == "failed":
                raise self.store_faults.error()
        elif self._how == "failed but stored":
            raise self.store_faults.error()

    def restart_parts(self) -> None:
        """What a process has in memory, made anew on what is stored."""
        self._starts += 1
        self.log = self.open_log()
        self.follower = DirectoryFollower(self.log, self.log)
        self.registry = RegistryFollower(self.log, self.log)
        self.core: Core | None = None

    def open_log(self) -> MemoryLog:
        """Bus, admissions and vault on what is stored."""
        return MemoryLog(HUB_KEYS.wrapper, self.clock, self.faults, disk=self.disk)

    async def crash(self) -> None:
        """End the process at once and start another one."""
        if self.core is not None:
            await self.core.deliverer.close()
        self.restart_parts()

    async def running(self) -> Core:
        """The core, started if it is not."""
        if self.core is None:
            await self.follower.catch_up()
            registry = RegistryFollower(self.log, self.log)
            core = build(
                CorePorts(
                    bus=self.log,
                    vault=self.log,
                    store=self.store,
                    clock=self.clock,
                    caller=self.receiver,
                    keys=HUB_KEYS,
                    follower=self.follower,
                    adapters=self.adapters,
                    random=random.Random(1).random,
                    owner=f"sim:{self._starts}",
                    partitions=self.partitions,
                    policy=self.policy,
                    registry=registry,
                    filing=self.filing,
                    publishing=Publishing(self.log, registry, self.partitions) if self.publishing else None,
                )
            )
            await core.ensure_topics()
            self.core = core
        return self.core

    # the outside

    def signed(self, kind: str, args: Mapping[str, Any], operator: keys.PrivateKey | None = None) -> bytes:
        """A change as an operator signs it; send the same bytes again after a crash."""
        return sign_change(operator or PEOPLE.admin, kind, args, self.clock.now())

    async def change(self, request: bytes, *, first: bool = False) -> Outcome:
        """Submit a signed change, as the API does."""
        ends = {
            topic: [await self.log.end(topic, n) for n in range(partitions)]
            for topic, partitions in self.log.topics().items()
            if topic.startswith(INBOX)
        }
        members: dict[str, Any] = {"start": True} if first else {"cutoff": ends} if b'"run.open"' in request else {}
        data = parse(envelope.frame(request).data)
        with suppress(BadMessage):  # then the fold refuses it, unless it came before
            members |= await settlements.find(self.store, self.log, data["change"], data["args"])
        outcome = await submit(self.log, self.follower, HUB_KEYS, request, members, self.clock.now())
        if self.core is not None:
            await self.core.ensure_topics()
        return outcome

    async def push(
        self, system: str, envelope_text: bytes, content_type: str = "application/json"
    ) -> Answered | Refusal:
        """What the gateway does with a push."""
        await self.running()
        view = self.follower.directory.now()
        known = view.system(system)
        assert known is not None
        token = tokens.issue(HUB_KEYS.token, system, self.clock.now() + 60_000, known.epoch)
        push = Push(b"Bearer " + token.encode(), content_type.encode(), envelope_text)
        found = examine(push, view, self.clock.now(), self.terms())
        assert not isinstance(found, Wanted), "nothing is uploaded here"
        if isinstance(found, Refusal):
            return found
        [answer] = await self.log.admit([found], self.clock.now())
        return answer

    async def punch(self, serial: str, path: str, query: Mapping[str, str], body: bytes) -> Answered:
        """What the gateway does with a device's upload."""
        from adapters.kit import DeviceRequest

        await self.running()
        view = self.follower.directory.now()
        device = view.device(serial)
        assert device is not None
        adapter = self.adapters[device.adapter]
        reply = adapter.handle(path, DeviceRequest("POST", path, query, body), devices.context_of(device))
        assert reply.admit is not None, reply.text
        candidate = devices.make_candidate(reply.admit, device, view, self.terms())
        [answer] = await self.log.admit([candidate], self.clock.now())
        return answer

    def terms(self) -> Terms:
        def wire(adapter: str, exchange: str) -> WireTerms:
            found = self.adapters[adapter]
            described = found.manifest.exchange(exchange)
            json = described.media_type == "application/json"
            return WireTerms(
                found.wire_contract(exchange),
                found.wire_checker(exchange) if json else None,
                described.dedupe.fields,
                described.dedupe.rows,
                described.media_type,
                partial(found.read_xml, exchange),
            )

        return Terms(
            HUB_KEYS.token,
            HUB_KEYS.hmac,
            4_194_304,
            lambda topic: self.log.topics()[topic],
            wire,
            HUB_KEYS.signing,
            self.registry.registry,
        )

    # time

    async def settle(self, *, patience: int = 200) -> None:
        """Run every stage and delivery until nothing moves and nothing waits for a time within an hour."""
        core = await self.running()
        quiet = False
        for _ in range(patience):
            moved = 0
            for runner in core.runners:
                try:
                    moved += await runner.step()
                except TryAgain:
                    moved += 0 if runner.stage.name in {"runs", "outward"} else 1
            try:
                moved += await core.deliverer.step()
            except TryAgain:
                moved += 1
            await core.deliverer.settled()
            try:
                moved += await core.deliverer.catch_up()
            except TryAgain:
                moved += 1
            if moved or not quiet:  # delivery publishes for the stages, which had their turn before it
                quiet = not moved
                continue
            quiet = False
            due = await core.deliverer.next_at()
            if due is None or due > self.clock.now() + 7_200_000:
                return
            self.clock.move_to(max(due, self.clock.now()))
        raise AssertionError("the hub does not come to rest")

    # looking

    async def records(self, topic: str) -> list[Record]:
        """Every record of a topic, in no order across partitions, repeats included."""
        found: list[Record] = []
        for partition in range(self.log.topics().get(topic, 0)):
            for batch in await self.log.read(topic, partition, 0, max_records=1_000_000):
                found += batch.records
        return found

    async def canonical_values(self) -> dict[str, bytes]:
        """Canonical bytes by record id of all records and signals that are not erased. Fails when one id has two."""
        found: dict[str, bytes] = {}
        for topic in sorted(self.log.topics()):
            if not topic.startswith(RECORDS) and topic not in {SIGNALS_PAY, SIGNALS_HR}:
                continue
            for record in await self.records(topic):
                h = record.headers
                secret = (await self.log.open([h["ce_secretid"]])).get(h["ce_secretid"])
                if secret is None:
                    continue
                text = canonical(parse(BodyKey(secret, h["ce_type"]).open_seal(h["ce_id"], record.value)))
                assert found.setdefault(h["ce_id"], text) == text, "one id, two values"
        return found

    async def outgoing(self) -> dict[str, bytes]:
        """Plain bodies of everything in the outboxes, by request id."""
        found: dict[str, bytes] = {}
        for topic in self.log.topics():
            for record in await self.records(topic) if topic.startswith(OUTBOX) else ():
                h = record.headers
                secret = (await self.log.open([h["ce_secretid"]]))[h["ce_secretid"]]
                body = BodyKey(secret, "outbox").open_seal(h["ce_id"], record.value)
                assert found.setdefault(h["ce_requestid"], body) == body, "one request, two bodies"
        return found


def open_store(fault: Fault) -> SqlStore:
    """An empty store in memory."""
    return stores.open_store(fault)


def push_envelope(code: str, body: bytes, key: keys.PrivateKey | None = None) -> bytes:
    """A signed push of `body`, as a connector makes it."""
    data = b'{"pushCode":%b,"esbBody":%b}' % (render(code), body)
    return envelope.seal(data, key or PEOPLE.sender)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
