"""The faults, one after the other, on a cluster under load: who is hurt, what shows that it was noticed, and when all is well.

Rule: a fault is over when every sender got receipts again, every subscriber was called again and facts are stored again.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg

from adapters.kit.sample import SampleMessage
from hub.client import Sender, SendingError
from hub.demo.traffic import Credentials
from signing.keys import PublicKey
from tests.faults.cluster import Cluster, Process, until
from tests.faults.cluster_load import Books, Pushed, Recorder

STEPS: Final = 3
"""How often each must be seen again after a fault."""


@dataclass(frozen=True, slots=True)
class Struck:
    """One fault as it went: seconds until it was noticed and undone, and until all was well again."""

    what: str
    noticed: float
    well: float


@dataclass(frozen=True, slots=True)
class Drained:
    """How a process ended on SIGTERM: seconds, exit status, what `/readyz` said meanwhile."""

    name: str
    seconds: float
    status: int
    said: list[int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody heard while no broker answered."""

    who: str
    status: int
    retry_after: str | None
    seconds: float


@dataclass(slots=True)
class Strikes:
    """Hurts `cluster` and keeps what was seen. `quiet`: a system that pushes nothing, for another message of its own code
    in between would make a repeat a new message; `spare`: a batch that its device has not sent yet; `told`: a file in
    which each fault is noted as it is over, for whoever watches."""

    cluster: Cluster
    books: Books
    recorders: list[Recorder]
    loaders: list[Credentials]
    quiet: Credentials
    hub_key: PublicKey
    spare: SampleMessage
    prefixes: dict[str, str]
    told: Path
    struck: list[Struck] = field(default_factory=list)
    drained: list[Drained] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    fenced: int = 0  # commits that the store refused a worker that went on

    def strike(self, what: str, hurt: Callable[[], None]) -> None:
        """Do it, and wait until all is well."""
        began = time.monotonic()
        hurt()
        noticed = time.monotonic()
        self.await_well(what)
        self.cluster.await_ready()
        self.struck.append(Struck(what, round(noticed - began, 1), round(time.monotonic() - noticed, 1)))
        self.note(self.struck[-1])

    def await_well(self, what: str) -> None:
        before = self._seen()

        def goes_on() -> bool:
            seen = self._seen()
            return all(seen[name] >= number + STEPS for name, number in before.items())

        until(goes_on, f"all go on after: {what}; {before} -> {self._seen()}")

    def note(self, what: object) -> None:
        with self.told.open("a") as told:
            told.write(f"{time.monotonic():.1f} {what}\n")

    def _seen(self) -> dict[str, int]:
        found = {loader.code: self.books.count(loader.code) for loader in self.loaders}
        found |= {f"receiver {n}": len(recorder.calls) for n, recorder in enumerate(self.recorders)}
        return found | {"facts": self._facts()}

    def _facts(self) -> int:
        try:
            with psycopg.connect(self.cluster.store) as connection:
                found = connection.execute("SELECT count(*) FROM fact").fetchone()
        except psycopg.OperationalError:
            return 0
        return int(found[0]) if found else 0

    # killed

    def kill_child(self, name: str) -> None:
        """One process; its parent starts another one."""
        self.cluster.nodes[name].kill_child()

    def kill_node(self, name: str) -> None:
        """Parent and child, as if the machine had gone; started again once it is gone."""
        node = self.cluster.nodes[name]
        node.kill()
        node.start()

    def kill_broker(self, number: int, gateway: str = "") -> None:
        """A broker, and a gateway that starts again while it is missing."""
        self.cluster.brokers.signal(number, signal.SIGKILL)
        if gateway:
            self.kill_node(gateway)
        until(lambda: self.cluster.leads(number) == 0, f"others lead what broker {number} led")
        self.cluster.brokers.start_missing()

    def kill_server(self, worker: str = "") -> None:
        """PostgreSQL, until somebody was refused, and a worker that tries to start again while it is missing."""
        self.cluster.server.kill()
        if worker:
            node = self.cluster.nodes[worker]
            said = node.said("AMANA-STORE-001")
            node.kill_child()
            until(lambda: node.said("AMANA-STORE-001") > said, f"{worker} starts without PostgreSQL")
        refused = self.books.refused
        until(lambda: self.books.refused > refused + STEPS, "senders are told to come again")
        self.cluster.server.run()

    # stopped for longer than their session

    def stop_broker(self, number: int) -> None:
        """Until all goes on without it."""
        with self._stopped_broker(number):
            self.await_well(f"broker {number} is stopped")

    def stop_worker(self, name: str) -> None:
        """Others take its partitions and go on; then it goes on, believing that they are its own."""
        with self._stopped_worker(name):
            self.await_well(f"{name} is stopped")
        self._until_fenced(name)

    def stop_both(self, number: int, name: str) -> None:
        """A broker and a worker at once, until others have what they had."""
        with self._stopped_worker(name), self._stopped_broker(number):
            pass
        self._until_fenced(name)

    def _until_fenced(self, name: str) -> None:
        """What it had in hand at that moment is chance: stopped again, a few times, until something was refused."""
        for _ in range(4):
            if not self.fenced:
                with self._stopped_worker(name):
                    pass

    @contextmanager
    def _stopped_broker(self, number: int) -> Iterator[None]:
        self.cluster.brokers.signal(number, signal.SIGSTOP)
        try:
            until(lambda: self.cluster.leads(number) == 0, f"others lead what broker {number} led")
            yield
        finally:
            self.cluster.brokers.signal(number, signal.SIGCONT)

    @contextmanager
    def _stopped_worker(self, name: str) -> Iterator[None]:
        child = self.cluster.nodes[name].child()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} has partitions")
        child.suspend()
        try:
            yield
            until(lambda: self.cluster.claims(child.pid) == 0, f"others have what {name} had")
        finally:
            child.resume()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} gets partitions again")
        self.fenced += self.cluster.nodes[name].said('"partition.lost"')

    # come and gone

    def join_and_leave(self, name: str, gateway: str = "") -> None:
        """Another worker joins, gets a share, and is told to end; so is a gateway meanwhile."""
        node = self.cluster.nodes.get(name) or self.cluster.add(name)
        node.start()
        node.await_ready()
        if gateway:
            self.drain_and_start(gateway)
        child = node.child()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} gets partitions")
        self.await_well(f"{name} joined")
        self.drain(node)

    def drain(self, node: Process) -> None:
        self.drained.append(Drained(node.data.name, *node.drain()))
        self.note(self.drained[-1])

    def drain_and_start(self, name: str) -> None:
        node = self.cluster.nodes[name]
        self.drain(node)
        node.start()

    # no broker at all

    def silence(self) -> None:
        """No broker answers: a system and a device are told to come back, a gateway dies. Then the brokers go on."""
        numbers = [node.id for node in self.cluster.brokers.state().brokers]
        gateway = self.cluster.gateways[0]
        body = b'{"from":"nobody","number":%d}' % len(self.answers)
        quiet = self.quiet
        path = f"{self.prefixes[self.spare.query['SN']]}{self.spare.path}"
        with ExitStack() as stack:
            access = (quiet.client_id, quiet.client_secret, quiet.key, self.hub_key)
            http = stack.enter_context(httpx.Client(base_url=gateway.url, trust_env=False, timeout=90))  # noqa: TID251 - outside the hub
            sender = stack.enter_context(Sender(gateway.url, *access))
            asking = stack.enter_context(ThreadPoolExecutor(2))
            grant = {"grant_type": "client_credentials"}
            token = http.post("/oauth/token", data=grant, auth=(quiet.client_id, quiet.client_secret)).json()
            sealed = sender.seal("SURAT", body)
            headers = {"authorization": f"Bearer {token['access_token']}", "content-type": "application/json"}
            for number in numbers:
                self.cluster.brokers.signal(number, signal.SIGSTOP)
            try:
                system = asking.submit(http.post, "/esb/push-request", content=sealed, headers=headers)
                device = asking.submit(http.post, path, params=dict(self.spare.query), content=self.spare.body)
                self._hear("system", system.result())
                self._hear("device", device.result())
                self.kill_child(self.cluster.gateways[1].data.name)  # with all that it could not append
            finally:
                for number in numbers:
                    self.cluster.brokers.signal(number, signal.SIGCONT)
            # nobody gives it up: the same bytes, until there is a receipt
            until(lambda: self._sent(sender, sealed, body), "the message that was refused is taken")

    def _sent(self, sender: Sender, sealed: bytes, body: bytes) -> bool:
        try:
            receipt = sender.send(sealed)
        except SendingError as error:
            if error.sure:
                raise
            return False
        self.books.pushed.append(Pushed(self.quiet.code, "SURAT", body, sealed, receipt))
        return True

    def _hear(self, who: str, answer: httpx.Response) -> None:
        seconds = answer.elapsed.total_seconds()
        self.answers.append(Answer(who, answer.status_code, answer.headers.get("retry-after"), seconds))
        self.note(self.answers[-1])
