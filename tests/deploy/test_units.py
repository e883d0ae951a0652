"""The systemd units, and the entry point and health check of the container, run by hand."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from hub.demo.hubprocess import HubProcess
from hub.serve.processes import CONFIGURATION
from hub.serve.supervisor import DRAIN
from hub.settings import PREFIX, Settings

UNITS: Final = Path(__file__).parents[2] / "deploy/systemd"
ANALYZE: Final = shutil.which("systemd-analyze")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names of directives keep their case
    parser.read_string((UNITS / name).read_text("utf-8"))
    return parser


SERVICES: Final = sorted(path.name for path in UNITS.glob("*.service"))


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_hardened(name: str) -> None:
    """Each runs as its own user on a system that it cannot write to, and gains no privilege."""
    service = unit(name)["Service"]
    assert service["User"] == "amana"
    assert service["ProtectSystem"] == "strict"
    assert service["ProtectHome"] == service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"
    assert service["CapabilityBoundingSet"] == ""


def test_the_hub_is_given_time_to_drain() -> None:
    """systemd waits longer than the drain, asks the parent alone, and does not start again what is configured wrongly."""
    service = unit("amana.service")["Service"]
    assert int(service["TimeoutStopSec"]) > DRAIN
    assert service["KillMode"] == "mixed"
    assert str(CONFIGURATION) in service["RestartPreventExitStatus"].split()


def test_timers_have_their_services() -> None:
    """Every timer starts a unit that is here."""
    assert {path.stem for path in UNITS.glob("*.timer")} <= {Path(name).stem for name in SERVICES}


def test_the_example_of_settings_names_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of amana.env.example is a setting with a value that the hub takes."""
    lines = [line for line in (UNITS / "amana.env.example").read_text().splitlines() if line and line[0] != "#"]
    given = dict(line.split("=", 1) for line in lines)
    assert {name.removeprefix(PREFIX).lower() for name in given} <= set(Settings.model_fields)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings().trusted_proxies == ["127.0.0.1/32"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not there: install systemd")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say once the program is where the units look for it."""
    program = Path(sys.executable).parent / "amana"
    for path in UNITS.iterdir():
        text = path.read_text("utf-8").replace("/opt/amana/venv/bin/amana", str(program))
        (tmp_path / path.name).write_text(text.replace("User=amana\nGroup=amana\n", ""), "utf-8")
    units = [str(tmp_path / path.name) for path in UNITS.iterdir() if path.suffix in {".service", ".timer"}]
    assert ANALYZE is not None
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", *units], capture_output=True, text=True, timeout=60, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "amana" in line]
    assert ours == []


@pytest.fixture
def serving(tmp_path: Path) -> HubProcess:
    return HubProcess(tmp_path / "hub")


def probed(data: Path, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "hub.serve.probe", "--data", str(data), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_the_health_check_tells_a_hub_that_answers(serving: HubProcess) -> None:
    """The container's check succeeds while the roles of a directory answer, and fails before and after, saying what is
    wrong."""
    assert probed(serving.data) == (1, "amana: there is no such directory\n")
    serving.start()
    try:
        assert probed(serving.data) == (0, "")
        assert probed(serving.data, "--ready") == (0, "")
    finally:
        serving.stop()
    assert probed(serving.data) == (1, "amana: the gateway does not answer\n")


def test_the_entry_point_reads_its_environment(tmp_path: Path) -> None:
    """`amana serve` with the container's variables alone begins; a value that is none ends it with status 3 by its name."""
    program = str(Path(sys.executable).parent / "amana")
    environment = {"PATH": os.environ["PATH"], "AMANA_DATA": str(tmp_path / "data"), "AMANA_HOST": "127.0.0.1"}
    wrong = environment | {"AMANA_BUS": "rabbit://x"}
    done = subprocess.run([program, "serve"], env=wrong, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == CONFIGURATION
    assert re.search(r"AMANA-CONF-001", done.stderr)
    assert "AMANA_BUS" in done.stderr
