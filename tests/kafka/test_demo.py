"""The demo on both engines: one month, made by the embedded hub and by a hub on Kafka and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signing import jsontext
from tests.clusters import kafka as clusters
from tests.clusters import postgres

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(600)]


def _month(data: Path, preset: str, **environment: str) -> dict[str, Any]:
    """The report of a demo of 20 people."""
    report = data.with_suffix(".json")
    command = [sys.executable, "-m", "hub.cli.main", "demo", "--seed", "7", "--employees", "20", "--preset", preset]
    done = subprocess.run(
        [*command, "--data", str(data), "--report", str(report)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = jsontext.parse(report.read_bytes())
    del found["seconds"]
    return found


@pytest.mark.parametrize("preset", ["kementerian", "halmashauri"])
def test_both_engines_make_the_same_month(tmp_path: Path, preset: str) -> None:
    """The same seed gives the same control totals, and the same canonical pay signals: the digest of the run is over all of
    them. What was admitted, refused, made and delivered is the same, too."""
    cluster = {
        "AMANA_BUS": f"kafka://{clusters.shared()}/{clusters.prefix()}",
        "AMANA_STORE": postgres.shared().create(),
        "AMANA_KAFKA_REPLICATION": "1",
        "AMANA_PARTITIONS": "2",
    }
    assert _month(tmp_path / "cluster", preset, **cluster) == _month(tmp_path / "embedded", preset)
