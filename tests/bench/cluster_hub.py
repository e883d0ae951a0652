"""Hubs on one real broker and one real PostgreSQL for the benchmarks: onboarding, backlogs, their processes, what they use.

Rule: workers and gateways are what `amana serve` starts. A backlog is admitted by `PostgresAdmissions`, after every check of
the gateway, while the workers are stopped (SIGSTOP): so it is all there when the clock starts, and nobody's start counts.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg

from adapters.kit.registry import find
from hub import keys
from hub.control.follow import DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.gateway.admission import Push, Terms, examine
from hub.gateway.contracts import WireTerms
from hub.keys import subject_key
from hub.ports import Admitted, Candidate
from hub.records import partition_of
from hub.serve import first
from hub.serve.ports import Opened, open_ports
from hub.serve.readiness import await_ready
from hub.settings import Settings, load
from hub.topics import DEFAULT_PARTITIONS
from signing import envelope, tokens
from signing.keys import PrivateKey, generate
from tests.bench.gateway_bench import leave
from tests.clusters import kafka, postgres

CODE: Final = "JSON-LEAVE"
PASSED_ON: Final = "SURAT"
KEPT: Final = "ARSIP"
"""A code that nobody subscribes to: what is admitted under it is not delivered."""

TAKER: Final = "PAY"
PER_PARTITION: Final = 2  # sending systems
SESSION: Final = 20
"""Seconds: so that a worker that is stopped while a backlog is made keeps its partitions."""

SETTLED_S: Final = 7.0
"""Seconds without a claim: longer than between two heartbeats, at which a worker hears that another one came or went."""

READY_S: Final = 60.0
DRAIN_S: Final = 20.0


@dataclass(slots=True)
class Process:
    """`amana serve` with one role, and the process of that role."""

    data: Path
    served: subprocess.Popen[bytes]
    role: psutil.Process

    def stop(self) -> None:
        self.served.terminate()
        try:
            self.served.wait(DRAIN_S)
        except subprocess.TimeoutExpired:
            self.served.kill()
            self.served.wait()


@dataclass(slots=True)
class ClusterHub:
    """`senders`: codes of systems, as many for each partition; `tokens` theirs."""

    directory: Path
    settings: Settings
    broker: psutil.Process
    server: psutil.Process
    sender: PrivateKey
    taker: PrivateKey
    endpoint: str
    keys: keys.HubKeys
    senders: list[str] = field(default_factory=list)
    tokens: dict[str, bytes] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    connection: psycopg.Connection[Any] | None = None

    def start(self, role: str, port: int = 0) -> Process:
        """A process of its own data directory; ready on return."""
        data = self.directory / f"{role}-{next(self.numbers)}"
        data.mkdir(mode=0o700)
        command = [sys.executable, "-m", "hub.cli.main", "serve", "--data", str(data), "--role", role]
        with (data / "log").open("wb") as log:
            served = subprocess.Popen(
                [*command, "--port", str(port)],
                env=os.environ | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if not await_ready(data, READY_S, lambda: served.poll() is None):
            served.kill()
            raise RuntimeError(f"no {role}: {(data / 'log').read_text()[-2000:]}")
        child = next(c for c in psutil.Process(served.pid).children() if role in c.cmdline())
        made = Process(data, served, child)
        self.processes.append(made)
        return made

    def stop(self, process: Process) -> None:
        self.processes.remove(process)
        process.stop()

    def environment(self) -> dict[str, str]:
        used = self.settings
        return {
            "AMANA_BUS": used.bus,
            "AMANA_STORE": used.store,
            "AMANA_KEYS": str(used.keys),
            "AMANA_KAFKA_REPLICATION": "1",
            "AMANA_KAFKA_MIN_INSYNC": "1",
            "AMANA_KAFKA_SESSION": str(SESSION),
            "AMANA_OUTBOUND_HOSTS": "127.0.0.1",
            "AMANA_OUTBOUND_PRIVATE": "true",
        }

    def ask(self, question: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Rows from the store."""
        if self.connection is None:
            self.connection = psycopg.connect(self.settings.store, autocommit=True)
        return self.connection.execute(question.encode(), arguments or None).fetchall()


@dataclass(frozen=True, slots=True)
class Servers:
    """One broker and one server, and the processes of both. Hubs on them know nothing of each other."""

    directory: Path
    bus: kafka.Cluster
    databases: postgres.Databases
    broker: psutil.Process
    server: psutil.Process

    @contextmanager
    def hub(self, name: str, endpoint: str = "") -> Iterator[ClusterHub]:
        """A hub with nothing in it, until the block ends. `endpoint`: of `TAKER`."""
        directory = self.directory / name
        data = directory / "first"
        data.mkdir(mode=0o700, parents=True)
        settings = load(
            data,
            bus=f"kafka://{self.bus.bootstrap}/{name}",
            store=self.databases.create(),
            kafka_replication=1,
            kafka_min_insync=1,
        )
        keys.create(settings.keys)
        hub = ClusterHub(
            directory,
            settings,
            self.broker,
            self.server,
            generate(),
            generate(),
            endpoint,
            keys.load(settings.keys),
        )
        hub.senders = choose_senders(hub.keys.hmac)
        try:
            yield hub
        finally:
            if hub.connection is not None:
                hub.connection.close()
            for process in hub.processes:
                process.role.send_signal(signal.SIGCONT)
                process.stop()


@contextmanager
def running(directory: Path) -> Iterator[Servers]:
    """The servers, until the block ends."""
    with ExitStack() as ends:
        bus = kafka.Cluster(directory)
        ends.callback(bus.stop)
        server = postgres.Server.start(shared_buffers="128MB", max_wal_size="1GB")
        ends.callback(server.stop)
        pid = int((server.files / "postmaster.pid").read_text().splitlines()[0])
        yield Servers(directory, bus, server.databases, psutil.Process(bus.node(1).pid), psutil.Process(pid))


def choose_senders(hmac: bytes, partitions: int = DEFAULT_PARTITIONS) -> list[str]:
    """Codes of systems, `PER_PARTITION` for each partition of an inbox."""
    found: dict[int, list[str]] = {p: [] for p in range(partitions)}
    for number in itertools.count():
        code = f"HR{number}"
        known = found[partition_of(subject_key(hmac, "system", code), partitions)]
        if len(known) < PER_PARTITION:
            known.append(code)
        if all(len(codes) == PER_PARTITION for codes in found.values()):
            return [code for codes in found.values() for code in codes]
    raise AssertionError


async def onboard(hub: ClusterHub) -> None:
    """The systems that send, what they may send, and who gets what is passed on."""
    await first.prepare(hub.settings)
    operator = keys.load_operator(keys.operator_file(hub.settings.keys, first.FIRST_OPERATOR))
    opened = await open_ports(hub.settings)
    try:
        follower = DirectoryFollower(opened.bus, opened.vault)
        changes: list[tuple[str, dict[str, Any]]] = [
            ("institution.add", {"code": "KEM", "name": "Kementerian"}),
            ("api.add", {"code": CODE, "adapter": "generic_json", "exchange": "leave"}),
            *(("api.add", {"code": code, "direction": "relay"}) for code in (PASSED_ON, KEPT)),
            ("system.add", {**_system(TAKER, hub.taker), **({"url": hub.endpoint} if hub.endpoint else {})}),
            ("subscription.add", {"system": TAKER, "code": PASSED_ON, "ordered": False}),
        ]
        for code in hub.senders:
            changes.append(("system.add", _system(code, hub.sender)))
            changes += [("grant.add", {"system": code, "code": allowed}) for allowed in (CODE, PASSED_ON, KEPT)]
        for kind, arguments in changes:
            now = opened.clock.now()
            signed = sign_change(operator, kind, arguments, now)
            outcome = await submit(opened.bus, follower, opened.keys, signed, {}, now)
            if not outcome.accepted:
                raise RuntimeError(f"{kind}: {outcome.code} {outcome.detail}")
        until = opened.clock.now() + 3_600_000
        for code in hub.senders:
            known = follower.directory.now().system(code)
            assert known is not None
            hub.tokens[code] = tokens.issue(opened.keys.token, code, until, known.epoch).encode()
    finally:
        await opened.close()


def _system(code: str, key: PrivateKey) -> dict[str, Any]:
    return {
        "institution": "KEM",
        "code": code,
        "clientId": f"client-{code}",
        "secretSha256": hashlib.sha256(code.encode()).hexdigest(),
        "publicKey": key.public.pem(),
    }


class Backlogs:
    """Makes and admits what workers are to process. Open it with `open_backlogs`."""

    def __init__(self, hub: ClusterHub, opened: Opened, follower: DirectoryFollower) -> None:
        self._hub = hub
        self._opened = opened
        self._view = follower.directory.now()
        adapter = find()["generic_json"]
        wire = WireTerms(
            contract=adapter.wire_contract("leave"),
            checker=adapter.wire_checker("leave"),
            fields=("leaveId",),
            rows="records",
            media_type="application/json",
            read_xml=None,
        )
        self._terms = Terms(
            opened.keys.token, opened.keys.hmac, 1 << 20, lambda topic: opened.bus.topics()[topic], lambda *_: wire
        )

    @classmethod
    async def open(cls, hub: ClusterHub) -> Backlogs:
        opened = await open_ports(hub.settings)
        follower = DirectoryFollower(opened.bus, opened.vault)
        await follower.catch_up()
        return cls(hub, opened, follower)

    async def close(self) -> None:
        await self._opened.close()

    def make(self, count: int) -> list[Candidate]:
        """Checked messages with one leave record each, the senders in turn, no two alike."""
        made = []
        now = self._opened.clock.now()
        for number, code in zip(itertools.islice(self._hub.numbers, count), itertools.cycle(self._hub.senders)):
            data = envelope.render_data({"pushCode": CODE, "esbBody": leave(number)})
            push = Push(b"Bearer " + self._hub.tokens[code], b"application/json", envelope.seal(data, self._hub.sender))
            candidate = examine(push, self._view, now, self._terms)
            assert isinstance(candidate, Candidate), candidate
            made.append(replace(candidate, rule="window", dedupe_keys=(), window_ms=0))
        return made

    async def admit(self, candidates: Sequence[Candidate]) -> None:
        for start in range(0, len(candidates), 512):
            part = candidates[start : start + 512]
            for answer in await self._opened.admissions.admit(part, self._opened.clock.now()):
                assert isinstance(answer, Admitted), answer


def positions(hub: ClusterHub) -> dict[tuple[str, str], int]:
    """Records that stages have passed, by (stage, topic)."""
    rows = hub.ask("SELECT stage, topic, sum(position)::bigint FROM stage_progress GROUP BY 1, 2")
    return {(stage, topic): int(passed) for stage, topic, passed in rows}


def await_passed(hub: ClusterHub, stage: str, topic: str, end: int) -> None:
    """Until a stage has passed so many records of a topic."""
    deadline = time.monotonic() + READY_S
    while positions(hub).get((stage, topic), 0) < end:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{stage} does not come to the end of {topic}")
        time.sleep(0.2)


def await_shared(hub: ClusterHub, workers: int) -> None:
    """Until every stage's partitions are claimed by this many workers, and nothing is claimed any more."""
    deadline = time.monotonic() + READY_S
    before: list[tuple[Any, ...]] = []
    since = time.monotonic()
    pids = {process.role.pid for process in hub.processes if "worker" in process.role.cmdline()}
    while time.monotonic() < deadline:
        now = hub.ask("SELECT stage, topic, partition, owner, epoch FROM stage_progress ORDER BY 1, 2, 3")
        owners = Counter(int(row[3].rpartition(":")[2]) for row in now if row[0] == "translate")
        fair = owners.keys() == pids and len(owners) == workers and len(set(owners.values())) == 1
        if now != before or not fair:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > SETTLED_S:
            return
        time.sleep(0.2)
    raise RuntimeError("the workers do not share the stages")


def pin(processes: Sequence[psutil.Process], cores: set[int]) -> None:
    """Every thread of these processes and of their children."""
    for root in processes:
        for process in (root, *root.children(recursive=True)):
            for thread in process.threads():
                try:
                    os.sched_setaffinity(thread.id, cores)
                except ProcessLookupError:
                    continue


def used_seconds(processes: Mapping[str, Sequence[psutil.Process]]) -> dict[str, float]:
    """Processor seconds so far, by name, children included, those that have ended too."""
    found = dict.fromkeys(processes, 0.0)
    for name, roots in processes.items():
        for root in roots:
            for process in (root, *root.children(recursive=True)):
                used = process.cpu_times()
                found[name] += used.user + used.system
            used = root.cpu_times()
            found[name] += used.children_user + used.children_system
    return found
