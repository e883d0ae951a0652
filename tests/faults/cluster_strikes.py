"""The faults, one after the other, on a cluster under load: who is hurt, what shows that it was noticed, and when all is well.

Rule: a fault is over when every sender got receipts again, every subscriber was called again and facts are stored again.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg

from adapters.kit.sample import SampleMessage
from hub.client import Sender
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


@dataclass(slots=True)
class Strikes:
    """Hurts `cluster` and keeps what was seen. `spare`: a batch that its device has not sent yet; `told`: a
    file in which each fault is noted as it is over, for whoever watches."""

    cluster: Cluster
    books: Books
    recorders: list[Recorder]
    loaders: list[Credentials]
    hub_key: PublicKey
    spare: SampleMessage
    prefixes: dict[str, str]
    told: Path
    struck: list[Struck] = field(default_factory=list)
    drained: list[Drained] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)

    def strike(self, what: str, hurt: Callable[[], None]) -> None:
        """Do it, and wait until all is well."""
        began = time.monotonic()
        hurt()
        noticed = time.monotonic()
        self.await_well(what)
        self.struck.append(Struck(what, round(noticed - began, 1), round(time.monotonic() - noticed, 1)))
        self._note(self.struck[-1])

    def await_well(self, what: str) -> None:
        before = self._seen()

        def goes_on() -> bool:
            seen = self._seen()
            return all(seen[name] >= number + STEPS for name, number in before.items())

        until(goes_on, f"all go on after: {what}; {before} -> {self._seen()}")

    def _note(self, what: object) -> None:
        with self.told.open("a") as told:
            told.write(f"{what}\n")

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

    def kill_broker(self, number: int) -> None:
        self.cluster.brokers.signal(number, signal.SIGKILL)
        until(lambda: self.cluster.leads(number) == 0, f"others lead what broker {number} led")
        self.cluster.brokers.start_missing()

    def kill_server(self) -> None:
        """PostgreSQL, until somebody was refused."""
        self.cluster.server.kill()
        refused = self.books.refused
        until(lambda: self.books.refused > refused + STEPS, "senders are told to come again")
        self.cluster.server.run()

    # stopped for longer than their session

    def stop_broker(self, number: int) -> None:
        self.cluster.brokers.signal(number, signal.SIGSTOP)
        try:
            until(lambda: self.cluster.leads(number) == 0, f"others lead what broker {number} led")
            self.await_well(f"broker {number} is stopped")
        finally:
            self.cluster.brokers.signal(number, signal.SIGCONT)

    def stop_worker(self, name: str) -> None:
        """Others take its partitions; then it goes on, believing that they are its own."""
        child = self.cluster.nodes[name].child()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} has partitions")
        child.suspend()
        try:
            until(lambda: self.cluster.claims(child.pid) == 0, f"others have what {name} had")
            self.await_well(f"{name} is stopped")
        finally:
            child.resume()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} gets partitions again")

    # come and gone

    def join_and_leave(self, name: str) -> None:
        """Another worker joins, gets a share, and is told to end."""
        node = self.cluster.nodes.get(name) or self.cluster.add(name)
        node.start()
        node.await_ready()
        child = node.child()
        until(lambda: self.cluster.claims(child.pid) > 0, f"{name} gets partitions")
        self.await_well(f"{name} joined")
        self.joined.append(self.cluster.claims(child.pid))
        self.drain(node)

    def drain(self, node: Process) -> None:
        self.drained.append(Drained(node.data.name, *node.drain()))
        self._note(self.drained[-1])

    def drain_and_start(self, name: str) -> None:
        node = self.cluster.nodes[name]
        self.drain(node)
        node.start()

    # no broker at all

    def silence(self) -> None:
        """No broker answers: systems and devices are told to come back. Then the brokers go on."""
        numbers = [node.id for node in self.cluster.brokers.state().brokers]
        loader = self.loaders[0]
        gateway = self.cluster.gateways[0]
        body = b'{"from":"nobody","number":0}'
        access = (loader.client_id, loader.client_secret, loader.key, self.hub_key)
        with (
            httpx.Client(base_url=gateway.url, trust_env=False, timeout=90) as http,  # noqa: TID251 - outside the hub
            Sender(gateway.url, *access) as sender,
        ):
            token = http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(loader.client_id, loader.client_secret),
            ).json()["access_token"]
            sealed = sender.seal("SURAT", body)
            for number in numbers:
                self.cluster.brokers.signal(number, signal.SIGSTOP)
            try:
                headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
                self._hear("system", http.post("/esb/push-request", content=sealed, headers=headers))
                path = f"{self.prefixes[self.spare.query['SN']]}{self.spare.path}"
                asked = http.post(path, params=dict(self.spare.query), content=self.spare.body)
                self._hear("device", asked)
            finally:
                for number in numbers:
                    self.cluster.brokers.signal(number, signal.SIGCONT)
            while True:  # it was given up by nobody: the same bytes, until there is a receipt
                answer = http.post("/esb/push-request", content=sealed, headers=headers)
                if answer.status_code == 200:
                    break
                time.sleep(0.2)
            receipt = sender.send(sealed)
            self.books.pushed.append(Pushed(loader.code, "SURAT", body, sealed, receipt))

    def _hear(self, who: str, answer: httpx.Response) -> None:
        self.answers.append(Answer(who, answer.status_code, answer.headers.get("retry-after")))
        self._note(self.answers[-1])
