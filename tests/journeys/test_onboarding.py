"""An institution joins: the real commands against a real `amana serve`, from an empty directory to a reconciled run."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from hub.cli.main import invoke
from hub.demo.hubprocess import HubProcess
from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow, load_public

CASES = Path(__file__).parents[2] / "adapters" / "generic_json" / "cases"
CALENDAR = CASES / "020-calendar" / "in.calendar.json"
PAYEES = CASES / "001-payees" / "in.payee.json"
WITHIN = 30.0  # seconds for what must happen soon on a busy machine


@dataclass(frozen=True, slots=True)
class Joined:
    """A hub, and the one institution that has joined it with one system."""

    process: HubProcess
    data: Path
    keys: Path
    client_id: str
    client_secret: str

    def amana(self, *words: str, operator: Path | None = None) -> tuple[int, str]:
        tail = ["--data", str(self.data), *(["--operator", str(operator)] if operator else [])]
        return invoke([*words, *tail])

    def value(self, *words: str, operator: Path | None = None) -> Any:
        status, text = self.amana(*words, "--json", operator=operator)
        assert status == 0, text
        return jsontext.parse(text.encode())

    def send(self, *words: str) -> tuple[int, str]:
        secret = self.keys / "secret.txt"
        return self.amana("send", "--key", str(self.keys / "DATA.pem"), "--client-id", self.client_id,
                          "--client-secret-file", str(secret), *words)  # fmt: skip


def until(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Ask again until it is so."""
    deadline = monotonic() + WITHIN
    while not done(found := ask()):
        assert monotonic() < deadline, found
        sleep(0.1)
    return found


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    """Onboarding, as an operator types it."""
    data = tmp_path_factory.mktemp("onboarding") / "hub"
    process = HubProcess(data)
    process.start()
    keys = data / "handed-over"
    try:
        site = Joined(process, data, keys, "", "")
        site.value("institution", "add", "--code", "CONTOH", "--name", "Unit Contoh")
        made = site.value("system", "add", "--institution", "CONTOH", "--code", "DATA", "--generate-key", str(keys))
        (keys / "secret.txt").write_text(made["clientSecret"] + "\n")
        for code, exchange in (("JSON-CAL", "calendar"), ("JSON-PAYEE", "payee")):
            site.value("api", "add", "--code", code, "--adapter", "generic_json", "--exchange", exchange)
        site.value("grant", "add", "--system", "DATA", "--code", "JSON-CAL")
        yield Joined(process, data, keys, made["clientId"], made["clientSecret"])
    finally:
        process.stop()


def test_a_file_is_sent_received_and_traced(joined: Joined, tmp_path: Path) -> None:
    """The receipt is signed by the hub and kept; the same file again is known; the trace shows the record made."""
    status, text = joined.send("--code", "JSON-CAL", "--receipts", str(tmp_path), "--json", str(CALENDAR))
    assert status == 0, text
    [sent] = jsontext.parse(text.encode())["messages"]
    again = jsontext.parse(joined.send("--code", "JSON-CAL", "--json", str(CALENDAR))[1].encode())["messages"][0]
    assert (sent["duplicate"], again["duplicate"], again["requestId"]) == (False, True, sent["requestId"])

    kept = envelope.frame((tmp_path / f"{sent['requestId']}.json").read_bytes())
    public = load_public(_hub_key(joined))
    envelope.verify(kept, KeyRing([KeyWindow(public, 0, None)]), 1)

    name = sent["requestId"]
    until(lambda: joined.amana("message", "show", name), lambda found: found[0] == 0 and "translated" in found[1])
    trace = joined.value("message", "trace", name)
    assert [(step["what"], step["count"]) for step in trace["steps"]] == [("records.calendar", 1)]
    assert trace["message"]["evidence"]["digest"] == sent["digest"]


def _hub_key(joined: Joined) -> str:
    from hub.control.client import HubClient

    with HubClient(joined.data, None) as client:
        return str(client.public("/api/v1/hub")["publicKey"])


def test_what_is_not_granted_is_refused_in_words(joined: Joined) -> None:
    """Exit status 1, the stable code and what to do; nothing of the file in the text."""
    status, text = joined.send("--code", "JSON-PAYEE", str(PAYEES))
    assert status == 1
    assert "AMANA-GRANT-001" in text
    assert "Ask the hub's operator for the grant" in text
    assert "Traceback" not in text
    account = jsontext.parse(PAYEES.read_bytes())["records"][0]["account"]
    assert account not in text


def test_a_suspension_holds_at_once_and_ends(joined: Joined) -> None:
    """A suspended system gets no receipt; when it is resumed the same file is taken."""
    joined.value("system", "suspend", "DATA")
    try:
        status, text = joined.send("--code", "JSON-CAL", str(CALENDAR))
        assert (status, "AMANA-AUTH-003" in text) == (1, True)
    finally:
        joined.value("system", "resume", "DATA")
    status, text = until(lambda: joined.send("--code", "JSON-CAL", str(CALENDAR)), lambda found: found[0] == 0)
    assert (status, "AMANA" in text) == (0, False)


def test_a_run_is_opened_by_one_person_and_approved_by_another(joined: Joined, tmp_path: Path) -> None:
    """The maker's approval is refused, the checker's is taken, and everything reconciles."""
    checker = tmp_path / "checker.pem"
    joined.value("operator", "add", "--name", "checker", "--person", "Second Person", "--role", "approver",
                 "--generate-key", str(checker))  # fmt: skip
    shown = joined.value("pay", "run", "--institution", "CONTOH", "--period", "2026-10", "--wait", str(WITHIN))
    run, digest = shown["code"], shown["digest"]
    own = joined.amana("pay", "approve", run, "--digest", digest)
    wrong = joined.amana("pay", "approve", run, "--digest", "sha256:" + "0" * 64, operator=checker)
    right = joined.amana("pay", "approve", run, "--digest", digest, operator=checker)
    assert [(own[0], "AMANA-OPER-002" in own[1]), (wrong[0], "AMANA-CHANGE-004" in wrong[1])] == [(1, True), (1, True)]
    assert right == (0, f"run {run} approved: payroll gets it now\n")
    assert joined.value("reconcile", "--wait", str(WITHIN))["reconciled"] is True


def test_an_export_is_private(joined: Joined, tmp_path: Path) -> None:
    """The file with opened signals has mode 0600 and is never written over another."""
    run = joined.value("pay", "run", "--institution", "CONTOH", "--period", "2026-09", "--wait", str(WITHIN))["code"]
    file = tmp_path / "signals.jsonl"
    assert joined.amana("pay", "export", run, str(file))[0] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert joined.amana("pay", "export", run, str(file))[0] == 1


def test_an_erased_message_can_be_read_no_more(joined: Joined, tmp_path: Path) -> None:
    """The order takes effect: its state says so, and the log stays whole."""
    file = tmp_path / "calendar.json"
    file.write_bytes(CALENDAR.read_bytes().replace(b'"2026-10-02"', b'"2026-10-05"'))
    status, text = joined.send("--code", "JSON-CAL", "--json", str(file))
    assert status == 0, text
    name = jsontext.parse(text.encode())["messages"][0]["requestId"]
    until(lambda: joined.amana("message", "show", name), lambda found: found[0] == 0)
    joined.value("message", "erase", name, "--reason", "sent by mistake", "--yes")
    until(lambda: joined.value("message", "show", name), lambda found: found["state"] == "erased")
    assert joined.value("reconcile", "--wait", str(WITHIN))["reconciled"] is True


def test_the_doctor_finds_nothing_wrong(joined: Joined) -> None:
    """Every check of a fresh hub is well."""
    found = joined.value("doctor")
    assert [check for check in found["checks"] if not check["ok"]] == []
