"""A test that lacks something is skipped with a word on how to get it, or fails where the machine promised it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from tests.clusters import postgres
from tests.means import MEANS, Verdict, judge, required
from tests.soak import FACTOR, profile, rounds

ROOT = Path(__file__).parents[3]
NOWHERE = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("names", "promised", "there", "verdict"),
    [
        ([], set(), set(), Verdict("run")),
        (["node"], {"node"}, {"node"}, Verdict("run")),
        (["node"], set(), set(), Verdict("skip", "needs node: install Node.js 18 or newer")),
        (
            ["node"],
            {"node", "kafka"},
            set(),
            Verdict("fail", "AMANA_TEST_REQUIRE promises node; needs node: install Node.js 18 or newer"),
        ),
        (
            ["node", "browser"],
            {"node"},
            {"node"},
            Verdict("skip", "needs browser: install Chromium"),
        ),
    ],
)
def test_what_is_missing_skips_and_what_was_promised_fails(
    names: list[str], promised: set[str], there: set[str], verdict: Verdict
) -> None:
    """Run where all is there; fail only for what was promised."""
    assert judge(names, frozenset(promised), there.__contains__) == verdict


def test_an_unknown_name_is_an_error() -> None:
    """In a mark and in the promise alike."""
    with pytest.raises(ValueError, match="no test needs nod; known: browser, kafka, node, postgres"):
        judge(["nod"], frozenset(), lambda _: True)
    with pytest.raises(ValueError, match="no test needs nod"):
        required({"AMANA_TEST_REQUIRE": "node, nod"})


def test_the_promise_is_a_list() -> None:
    """Commas between, blanks allowed, empty means nothing."""
    asked = [required({"AMANA_TEST_REQUIRE": text}) for text in ("", " node,kafka ", ",")]
    assert asked == [set(), {"node", "kafka"}, set()]
    assert required({}) == set()


@pytest.mark.parametrize(("name", "empty"), [("kafka", ["", NOWHERE]), ("postgres", [NOWHERE])])
def test_a_service_is_there_when_somebody_listens(name: str, empty: list[str]) -> None:
    """A variable alone proves nothing."""
    variable = f"AMANA_TEST_{name.upper()}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert [MEANS[name].there({variable: text}) for text in empty] == [False] * len(empty)
        assert [MEANS[name].there({variable: text}) for text in (address, f"{name}://user@{address}/name")] == [
            True
        ] * 2
    assert MEANS["kafka"].there({}) is False


def test_a_database_server_needs_an_address_or_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either there is none; programs of a version that is too old are none, and the newest is taken."""
    monkeypatch.setattr(postgres, "programs", partial(postgres.programs, places=(f"{tmp_path}/*/bin",)))
    assert MEANS["postgres"].there({}) is False
    for version in (14, 16, 15):
        folder = tmp_path / str(version) / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
        (folder / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.2'\n")
        (folder / "postgres").chmod(0o755)
        assert MEANS["postgres"].there({}) is (version > 14)
    assert postgres.programs({}) == tmp_path / "16" / "bin"


def test_a_program_is_there_when_it_is_on_the_path(tmp_path: Path) -> None:
    """An empty path has no node."""
    assert MEANS["node"].there({"PATH": str(tmp_path)}) is False
    (tmp_path / "node").write_text("#!/bin/sh\n")
    (tmp_path / "node").chmod(0o755)
    assert MEANS["node"].there({"PATH": str(tmp_path)}) is True


def test_a_broker_starts_from_java_and_its_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are needed; a broker that is named and does not answer is never replaced by another one."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    monkeypatch.setattr("tests.means.KAFKA_LIBRARIES", libraries)
    (tmp_path / "java").write_text("#!/bin/sh\n")
    (tmp_path / "java").chmod(0o755)
    java = {"PATH": str(tmp_path)}
    before = MEANS["kafka"].there(java)
    (libraries / "kafka_2.13-4.3.0.jar").touch()
    found = [MEANS["kafka"].there(given) for given in (java, {}, {**java, "AMANA_TEST_KAFKA": NOWHERE})]
    assert (before, found) == (False, [True, False, False])


def run_suite(folder: Path, **environment: str) -> tuple[int, str]:
    """The suite's own conftest over one test that needs a broker; exit status and output."""
    content = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    (folder / "conftest.py").write_text(content, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra --strict-markers\n")
    test = 'import pytest\n\n@pytest.mark.needs("kafka")\ndef test_it():\n    pass\n'
    (folder / "test_it.py").write_text(test)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AMANA_TEST", "HYPOTHESIS"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        env={**kept, "PATH": str(folder), "PYTHONPATH": str(ROOT), **environment},  # no Java on that path
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "status", "told"),
    [
        ({}, 0, "1 skipped"),
        ({}, 0, "set AMANA_TEST_KAFKA=host:port"),
        ({"AMANA_TEST_REQUIRE": "kafka"}, 1, "AMANA_TEST_REQUIRE promises kafka"),
        ({"AMANA_TEST_REQUIRE": "node"}, 0, "1 skipped"),
        ({"AMANA_TEST_REQUIRE": "kafak"}, 4, "AMANA_TEST_REQUIRE: no test needs kafak"),
        ({"HYPOTHESIS_PROFILE": "nosuch"}, 4, "nosuch"),
    ],
)
def test_the_suite_obeys(tmp_path: Path, environment: dict[str, str], status: int, told: str) -> None:
    """Through pytest itself: skipped, failed, or refused with the reason."""
    found, output = run_suite(tmp_path, **environment)
    assert (found, told in output) == (status, True), output


def test_soak_lengthens_every_search() -> None:
    """Rounds are multiplied and hypothesis takes its long profile; a profile that is named wins."""
    soak = {"AMANA_TEST_SOAK": "1"}
    assert [rounds(40, environment) for environment in ({}, {"AMANA_TEST_SOAK": "0"}, soak)] == [40, 40, 40 * FACTOR]
    named = {**soak, "HYPOTHESIS_PROFILE": "ci"}
    assert [profile(environment) for environment in ({}, soak, named)] == ["dev", "soak", "ci"]


def test_the_profiles_are_what_they_say() -> None:
    """In CI the same examples each time, and fewer; in a soak many more."""
    ci, dev, soak = (settings.get_profile(name) for name in ("ci", "dev", "soak"))
    assert (ci.derandomize, dev.derandomize, soak.derandomize) == (True, False, False)
    assert ci.max_examples < dev.max_examples < soak.max_examples
