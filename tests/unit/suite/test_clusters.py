"""A group of brokers as fault tests use it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.clusters.kafka import RUN, Cluster

pytestmark = [pytest.mark.needs("kafka"), pytest.mark.timeout(600)]


def test_a_group_of_brokers_ends_whole_and_takes_back_what_was_killed(tmp_path: Path) -> None:
    """Three brokers, each with a process and an address of its own; one that was killed comes back at its address; none
    is left when the group ends."""
    cluster = Cluster(tmp_path, brokers=3)
    try:
        before = cluster.state()
        assert cluster.bootstrap == before.bootstrap == ",".join(node.address for node in before.brokers)
        cluster.signal(2, signal.SIGKILL)
        cluster.start_missing()
        after = cluster.state()
        assert [node.address for node in after.brokers] == [node.address for node in before.brokers]
        assert [b.pid == a.pid for b, a in zip(before.brokers, after.brokers, strict=True)] == [True, False, True]
    finally:
        cluster.stop()
    assert not [node for node in after.brokers if psutil.pid_exists(node.pid)]


def test_without_jars_the_way_to_get_them_is_told(tmp_path: Path) -> None:
    """Usage error with the command to run."""
    done = subprocess.run(
        [sys.executable, str(RUN), "--data", str(tmp_path / "data"), "--libraries", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "make .venv/kafka" in done.stderr) == (2, True)
