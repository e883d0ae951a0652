"""The database server of the tests: each test has its own database, and no server outlives whoever started it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.clusters import postgres

pytestmark = pytest.mark.needs("postgres")
ROOT = Path(__file__).parents[3]

START = """
import sys
from tests.clusters.postgres import Server
server = Server.start()
print(server._process.pid, server.directory, flush=True)
sys.stdin.readline()
"""


def test_databases_share_nothing() -> None:
    """A copy begins as its like was filled, whatever was done to an earlier copy."""
    filled = []

    def fill(address: str) -> None:
        filled.append(address)
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")

    for _ in range(2):
        with psycopg.connect(postgres.shared().copy("suite", fill)) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
            connection.execute("INSERT INTO t VALUES (2)")
    assert len(filled) == 1


def test_what_was_committed_survives_a_kill() -> None:
    """A server that was killed, and one that was shut down, comes back with what it had, at its old address."""
    with postgres.running() as server:
        address = server.databases.create()
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        for end in (server.kill, server.shut_down):
            end()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(address)
            server.run()
            with psycopg.connect(address) as connection:
                assert connection.execute("SELECT n FROM t").fetchone() == (1,)


def test_no_server_outlives_its_tests() -> None:
    """The server ends when the process that started it is killed."""
    tests = subprocess.Popen(
        [sys.executable, "-c", START], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert tests.stdout is not None
    pid, directory = tests.stdout.readline().split()
    server = os.pidfd_open(int(pid))
    tests.kill()
    tests.communicate()
    poll = select.poll()
    poll.register(server, select.POLLIN)
    ended = bool(poll.poll(20_000))
    os.close(server)
    shutil.rmtree(directory, ignore_errors=True)
    assert ended
    assert -tests.returncode == signal.SIGKILL
