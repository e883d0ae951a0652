"""A hub on a real cluster: three brokers, a PostgreSQL, gateways and workers as `amana serve` processes, each to be hurt.

Rule: only processes that were started here are touched, by their ids; whoever hurts one awaits what shows that the others
have noticed, with a deadline, and never a time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import httpx
import psutil
import psycopg

from hub.errors import HubError
from hub.kafka import Connection, Names
from hub.kafka.client import Client
from hub.serve.readiness import is_ready
from tests.clusters import kafka, postgres
from tests.faults.served import alive, quiet_port

Role = Literal["gateway", "worker"]

SESSION: Final = 6
"""Seconds without a sign of life after which the others take over: the least that a broker allows."""

WITHIN: Final = 150.0
"""Seconds for whatever must happen: the machine is shared, and three JVMs start again meanwhile."""

PARTITIONS: Final = 2

PRIORITY: Final[dict[Role, list[str]]] = {"gateway": [], "worker": ["nice", "-n", "-10"]}
"""A worker yields to whoever else is on its machine. Here that is three brokers, a database and other tests: where it may,
the test takes back what the worker gives, so that it is late because of a fault and not for want of a processor."""
MIN_INSYNC: Final = 2


def until(true: Callable[[], bool], what: str, within: float = WITHIN) -> float:
    """Wait for a condition, or fail with its name; how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"not within {within:.0f} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


class Process:
    """One `amana serve` of one role, with a data directory of its own."""

    def __init__(self, data: Path, role: Role, settings: dict[str, Any]) -> None:
        self.data = data
        self.role = role
        self.port = quiet_port()
        data.mkdir(mode=0o700, parents=True)
        self._log = data.parent / f"{data.name}.log"
        lines = [f"{name} = {_toml(value)}\n" for name, value in settings.items()]
        (data / "amana.toml").write_text("".join(lines) + (f"worker_port = {self.port}\n" if role == "worker" else ""))
        self._process: subprocess.Popen[bytes] | None = None
        self._held: int | None = None  # our end of the lifeline

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def said(self, word: str) -> int:
        """How often it said this."""
        return self._log.read_text(errors="replace").count(word)

    @property
    def words(self) -> str:
        """The last that it said."""
        return self._log.read_text(errors="replace")[-3000:]

    def start(self) -> None:
        """Start it; `await_ready` waits for it."""
        command = [sys.executable, "-m", "hub.cli.main", "serve", "--data", str(self.data), "--role", self.role]
        self._let_go()
        lifeline, self._held = os.pipe()
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*PRIORITY[self.role], *command, "--port", str(self.port), "--lifeline", str(lifeline)],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    pass_fds=(lifeline,),
                )
        finally:
            os.close(lifeline)

    def await_ready(self) -> None:
        assert self._process is not None

        def ready() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, f"{self.data.name} ended: {self.words}"
            return is_ready(self.data)

        until(ready, f"{self.data.name} is ready; it said {self.words}")

    def child(self) -> psutil.Process:
        """The process that does the work."""
        found: list[psutil.Process] = []

        def running() -> bool:
            assert self._process is not None
            for process in psutil.Process(self._process.pid).children():
                try:
                    words = process.cmdline()
                except psutil.NoSuchProcess:
                    continue
                if "--role" in words and words[words.index("--role") + 1] == self.role and alive(process):
                    found.append(process)
            return bool(found)

        until(running, f"{self.data.name} has a process")
        return found[0]

    def kill_child(self) -> None:
        """kill -9 of the process that works; its parent starts another one."""
        process = self.child()
        process.kill()
        until(lambda: not alive(process), f"{self.data.name} dies")

    def kill(self) -> None:
        """kill -9 of all of it, as if its machine had gone."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children()
        self._process.kill()
        for process in children:
            process.kill()
        self._process.wait()
        until(lambda: not any(alive(process) for process in children), f"{self.data.name} dies")

    def drain(self) -> tuple[float, int, list[int]]:
        """SIGTERM; seconds until it has ended, its exit status, and what `/readyz` said meanwhile, each answer once."""
        assert self._process is not None
        said: list[int] = []
        began = time.monotonic()
        with httpx.Client(base_url=self.url, trust_env=False, timeout=5) as asked:  # noqa: TID251 - outside the hub
            assert asked.get("/readyz").status_code == 200
            self._process.send_signal(signal.SIGTERM)
            while self._process.poll() is None:
                assert time.monotonic() - began < WITHIN, f"{self.data.name} does not drain"
                try:
                    status = asked.get("/readyz").status_code
                except httpx.HTTPError:
                    status = 0
                if said[-1:] != [status]:
                    said.append(status)
        return time.monotonic() - began, self._process.returncode, said

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with _resumed(self._process.pid):
                self._process.terminate()
                try:
                    self._process.wait(20)
                except subprocess.TimeoutExpired:
                    self.kill()
        self._let_go()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            os.close(held)


class Cluster:
    """Everything that one hub runs on. `nodes`: its processes by name, the gateways first."""

    def __init__(self, folder: Path, brokers: kafka.Cluster, server: postgres.Server) -> None:
        self.brokers = brokers
        self.server = server
        self.prefix = kafka.prefix()
        self.store = server.databases.create()
        self._folder = folder
        self.nodes: dict[str, Process] = {}
        for name in ("gateway-1", "gateway-2", "worker-1", "worker-2"):
            self.add(name)

    @property
    def data(self) -> Path:
        """Whose local socket operators use, and where the keys are."""
        return self._folder / "gateway-1"

    @property
    def gateways(self) -> list[Process]:
        return [node for node in self.nodes.values() if node.role == "gateway"]

    @property
    def workers(self) -> list[Process]:
        return [node for node in self.nodes.values() if node.role == "worker"]

    def add(self, name: str) -> Process:
        role: Role = "gateway" if name.startswith("gateway") else "worker"
        settings = {
            "bus": f"kafka://{self.brokers.bootstrap}/{self.prefix}",
            "store": self.store,
            "keys": str(self.data / "keys"),
            "partitions": PARTITIONS,
            "kafka_replication": 3,
            "kafka_min_insync": MIN_INSYNC,
            "kafka_session": SESSION,
            "outbound_hosts": ["127.0.0.1"],
            "outbound_private": True,
        }
        self.nodes[name] = Process(self._folder / name, role, settings)
        return self.nodes[name]

    def start(self) -> None:
        """The first makes keys and topics, then the others start; `await_ready` waits for them."""
        first, *others = self.nodes.values()
        first.start()
        first.await_ready()
        for node in others:
            node.start()

    def await_ready(self) -> None:
        """Until every process that was not told to end is ready."""
        for node in self.nodes.values():
            if node.running:
                node.await_ready()

    def stop(self) -> None:
        for node in self.nodes.values():
            node.stop()

    def claims(self, process: int) -> int:
        """How many partitions of stages the store says that a process holds."""
        try:
            with psycopg.connect(self.store) as connection:
                asked = "SELECT count(*) FROM stage_progress WHERE owner LIKE %s"
                found = connection.execute(asked, (f"%:{process}",)).fetchone()
        except psycopg.OperationalError:
            return -1
        return int(found[0]) if found else 0

    def leads(self, broker: int) -> int:
        """How many partitions a broker leads, as the others say; -1 when they do not say."""
        others = [node.address for node in self.brokers.state().brokers if node.id != broker]
        return asyncio.run(self._leads(broker, Connection(tuple(others), Names(self.prefix))))

    async def _leads(self, broker: int, connection: Connection) -> int:
        client = Client(connection)
        try:
            async with asyncio.timeout(10):
                await client.start()
                await client.refresh()
                places = [(topic, p) for topic, number in client.topics().items() for p in range(number)]
                leaders = [client.leader(place) for place in places]
        except (HubError, TimeoutError, OSError):
            return -1
        except Exception:  # noqa: BLE001 - whatever the library says of a group that is changing
            return -1
        finally:
            await client.close()
        return -1 if None in leaders or not leaders else leaders.count(broker)


@contextmanager
def _resumed(pid: int) -> Iterator[None]:
    """Whatever of a process's tree is stopped goes on, so that it can end."""
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children()]:
            process.resume()
    except psutil.NoSuchProcess:
        pass
    yield


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A hub on a cluster of its own, all of it gone at the end."""
    brokers = kafka.Cluster(folder / "kafka", brokers=3)
    try:
        with postgres.running() as server:
            cluster = Cluster(folder, brokers, server)
            try:
                cluster.start()
                yield cluster
            finally:
                cluster.stop()
    finally:
        brokers.stop()
