"""The command line as a program: exit statuses, words for people, and what it does not import."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli.failures import CONFIGURATION, FAILED, USAGE, CommandError, report
from hub.cli.main import app, invoke, run
from hub.cli.terminal import Terminal
from hub.control.client import Refused, Unreachable
from hub.errors import BadMessage, ConfigError

HEAVY = ("fastapi", "httpx", "jsonschema_rs", "pydantic", "rich.table", "sqlalchemy", "cryptography", "uvicorn")


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, with the words that name it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def all_commands() -> list[tuple[tuple[str, ...], Any]]:
    import typer.main

    return list(commands(typer.main.get_command(app)))


def test_every_command_says_what_it_does_and_takes_the_common_options() -> None:
    """Help text, `--data`, `--url`, `--operator` and `--json` on each of them."""
    wanted = {"--data", "--url", "--operator", "--ca", "--client-certificate", "--json"}
    lacking = {
        words: wanted - {option for parameter in command.params for option in parameter.opts}
        for words, command in all_commands()
    }
    assert {words for words, missing in lacking.items() if missing} == set()
    assert [words for words, command in all_commands() if not command.help] == []


def test_the_promised_commands_are_there() -> None:
    """Names that users and other programs rely on."""
    promised = """institution add, institution list, system add, system list, system show, system suspend, system resume,
        system rotate-key, system revoke-key, api add, api list, grant add, grant revoke, grant list, subscription add,
        subscription list, subscription pause, subscription resume, device add, device list, device flags, device suspend,
        operator add, operator list, operator suspend, contract list, contract show, contract export,
        contract register, send,
        message list, message show, message trace, message confirm, message retry, message discard,
        dead-letter list, dead-letter groups, dead-letter show, dead-letter retry, dead-letter skip,
        dead-letter discard, pay rules, pay run, pay show,
        pay explain, pay approve, pay export, reconcile, adapter list, adapter check, adapter new, doctor, backup,
        restore, serve, demo, version, conformance serve, conformance report"""
    names = {" ".join(words) for words, _ in all_commands()}
    assert {" ".join(name.split()) for name in promised.split(",")} - names == set()


def test_help_imports_nothing_heavy() -> None:
    """The help page answers at once: no web framework, database, validator or cryptography is loaded for it."""
    script = (
        "import sys; from hub.cli.main import run; from hub.cli.terminal import Terminal; run(['--help'], Terminal());"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "institution" in done.stdout
    assert done.stdout.strip().splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["institution", "add"], "--code"),
        (["institution", "rename"], "rename"),
        (["nothing"], "nothing"),
        (["message", "list", "--limit", "0"], "--limit"),
        (["system", "add", "--institution", "A", "--code", "B"], "--public-key"),
        (["pay", "explain", "RUN"], "--employee"),
    ],
)
def test_a_wrong_command_line_is_status_2(tmp_path: Path, words: list[str], named: str) -> None:
    """What is missing or unknown is named."""
    status, text = invoke([*words, "--data", str(tmp_path)] if len(words) > 1 else words)
    assert (status, named in text) == (USAGE, True)


def test_without_a_hub_a_person_reads_how_to_start_one(tmp_path: Path) -> None:
    """No directory, or nobody listening in it: status 1 and the command that helps."""
    from signing.keyfiles import write_key
    from signing.keys import generate

    missing = tmp_path / "none"
    assert invoke(["institution", "list", "--data", str(missing)]) == (
        FAILED,
        f"amana: no hub is running on {missing}\n  do:       start it with `amana serve`\n",
    )
    write_key(tmp_path / "me.pem", generate())
    status, text = invoke(["institution", "list", "--data", str(tmp_path), "--operator", str(tmp_path / "me.pem")])
    assert (status, "start it with `amana serve`" in text) == (FAILED, True)


def test_a_wrong_setting_is_status_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is named and its value is not shown."""
    monkeypatch.setenv("AMANA_BUS", "mysql://user:hunter2@db")
    status, text = invoke(["institution", "list", "--data", str(tmp_path)])
    assert status == CONFIGURATION
    assert "AMANA_BUS" in text
    assert "hunter2" not in text


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    """Status 3, and what to do about the mode."""
    from signing.keys import generate

    key = tmp_path / "me.pem"
    key.write_bytes(generate().pem())
    key.chmod(0o644)
    status, text = invoke(["institution", "list", "--data", str(tmp_path), "--operator", str(key)])
    assert (status, "chmod 600" in text) == (CONFIGURATION, True)


def test_commands_run_many_times_and_touch_no_standard_stream(capfd: pytest.CaptureFixture[str]) -> None:
    """The same command gives the same answer again, all of it returned and none printed."""
    first, second = invoke(["version"]), invoke(["version"])
    assert first == second
    assert first[0] == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadMessage("AMANA-CODE-001"), FAILED),
        (ConfigError("AMANA-CONF-004", "hub.pem"), CONFIGURATION),
        (Refused(409, "AMANA-CHANGE-003", "It conflicts", "institution exists", "a new name", "List them"), FAILED),
        (Unreachable("no hub", "start it"), FAILED),
        (CommandError("no key", "name one", status=USAGE), USAGE),
        (FileNotFoundError(2, "No such file", "x.json"), FAILED),
        (RuntimeError("something private"), FAILED),
    ],
)
def test_failures_have_a_status_and_a_remedy(error: Exception, status: int) -> None:
    """Every failure says what to do, and none shows a traceback or an unknown exception's text."""
    stream = io.StringIO()
    assert report(error, stream) == status
    assert stream.getvalue().startswith("amana: ")
    assert "  do:       " in stream.getvalue()
    assert "Traceback" not in stream.getvalue()
    assert "something private" not in stream.getvalue()


def test_stack_traces_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """AMANA_DEBUG=1 adds the trace."""
    monkeypatch.setenv("AMANA_DEBUG", "1")
    stream = io.StringIO()
    report(RuntimeError("x"), stream)
    assert "RuntimeError: x" in stream.getvalue()


def test_results_and_remarks_go_to_different_streams() -> None:
    """A pipe gets the result only."""
    out, err = io.StringIO(), io.StringIO()
    assert run(["institution", "list", "--data", "/nowhere/at/all"], Terminal(out, err)) == FAILED
    assert (out.getvalue(), err.getvalue() != "") == ("", True)
