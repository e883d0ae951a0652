"""A real Apache Kafka for tests: the one that is named, one for the whole session, or a group that a fault test may hurt.

Rule: whoever needs a broker says `@pytest.mark.needs("kafka")`, takes topic names of its own (`prefix`), and leaves no process.
"""

from __future__ import annotations

import atexit
import itertools
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from tests.means import KAFKA_LIBRARIES

RUN: Final = Path(__file__).parents[2] / "deploy" / "kafka" / "run"
NAMED: Final = "AMANA_TEST_KAFKA"
_SESSION: Final = secrets.token_hex(4)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Node:
    """One broker of `cluster.json`."""

    id: int
    pid: int
    directory: str
    address: str


@dataclass(frozen=True, slots=True)
class State:
    """`cluster.json` as `deploy/kafka/run` writes it."""

    pid: int
    bootstrap: str
    listeners: dict[str, str]
    brokers: list[Node]


class Cluster:
    """Brokers of our own, in `directory`, until `stop`; also gone when this process is."""

    def __init__(self, directory: Path, *, brokers: int = 1, options: Sequence[str] = ()) -> None:
        self._file = directory / "cluster.json"
        arguments = ["--data", str(directory), "--libraries", str(KAFKA_LIBRARIES), "--brokers", str(brokers)]
        self._process = subprocess.Popen(
            [sys.executable, str(RUN), *arguments, "--while-stdin", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.bootstrap = self._process.stdout.readline().strip()
        if not self.bootstrap:
            _, said = self._process.communicate()
            raise RuntimeError(f"Kafka did not start: {said[-3000:]}")

    def state(self) -> State:
        return msgspec.json.decode(self._file.read_bytes(), type=State)

    def node(self, number: int) -> Node:
        """Broker `number`, counted from 1."""
        return next(node for node in self.state().brokers if node.id == number)

    def signal(self, number: int, sent: signal.Signals) -> None:
        """Send a signal to a broker; after SIGKILL and SIGTERM it is gone on return."""
        process = os.pidfd_open(self.node(number).pid)  # readable when it has ended, reaped or not
        try:
            signal.pidfd_send_signal(process, sent)
            if sent in {signal.SIGKILL, signal.SIGTERM} and not select.select([process], [], [], 60)[0]:
                raise RuntimeError(f"broker {number} did not end")
        finally:
            os.close(process)

    def start_missing(self) -> None:
        """Start what was killed; on return all brokers answer."""
        before = self._file.stat().st_mtime_ns
        self._process.send_signal(signal.SIGHUP)
        while self._file.stat().st_mtime_ns == before:
            try:
                self._process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError("Kafka did not start again")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate()


@cache
def shared() -> str:
    """Bootstrap servers for this test process: the named ones, else one broker that ends with the process."""
    named = os.environ.get(NAMED, "")
    if named:
        return named.rpartition("://")[2].partition("/")[0]
    directory = Path(tempfile.mkdtemp(prefix="amana-kafka-"))
    cluster = Cluster(directory)

    def end() -> None:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)

    atexit.register(end)
    return cluster.bootstrap


def prefix() -> str:
    """A prefix of topic and group names that nobody else has."""
    return f"t{_SESSION}-{next(_numbers)}"
