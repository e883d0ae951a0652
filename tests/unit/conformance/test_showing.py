"""Page, report and files: what is shown, what is kept, and that no secret is among it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hub.conformance import files
from hub.conformance.events import Exchanged, TokenAsked
from hub.conformance.observing import State, observe
from hub.conformance.page import Facts, changes, render_page
from hub.conformance.report import Trial, dump, load, make_report, render_markdown
from hub.conformance.serve import Options, make_settings
from hub.conformance.steps import BY_ID, PUSH, STEPS
from hub.errors import ConfigError
from signing.keys import generate

FACTS = Facts("http://127.0.0.1:1", "0.1.0", "client-1", "k" * 64, "/trial", None)
AT = 1_790_000_000_000
TOKEN = TokenAsked(AT, 200, "urlencoded", basic=True, fields=True, grant=True)
REFUSED = Exchanged(AT, "push-request", "POST", "json", PUSH, 413, success=False, refusal="AMANA-SIZE-001")


def tried() -> State:
    return observe(observe(State(), TOKEN), REFUSED)


def test_the_page_shows_each_step_with_what_to_do_or_what_was_seen() -> None:
    """A step that is right shows what was seen, one that is wrong how to mend it, one that was not tried what to do."""
    page = render_page(tried(), FACTS)
    assert "1 of 11 steps right, 1 wrong, 9 not tried" in page
    assert "[ok] token:" in page
    assert "[!!] push-json:" in page
    assert "Send fewer rows" in page
    assert "[  ] tampered:" in page
    assert [step.id for step in STEPS if step.group == "sending" and f"] {step.id}:" not in page] == []


def test_receiving_steps_show_where_an_address_was_given() -> None:
    """Without one the page says how to give it."""
    assert "--connector-url" in render_page(State(), FACTS)
    page = render_page(State(), replace(FACTS, connector_url="http://127.0.0.1:2/in"))
    assert "0 of 17 steps right" in page
    assert "receive-tampered" in page


def test_only_what_changed_is_printed() -> None:
    """A new verdict is a line, with how to mend it; the same again is none."""
    lines = changes(observe(State(), TOKEN), tried())
    assert [line.split()[1:3] for line in lines[:1]] == [["[!!]", "push-json:"]]
    assert "mend" in lines[1]
    assert changes(tried(), observe(tried(), REFUSED)) == []


def test_a_trial_is_kept_and_read_again() -> None:
    """`load` is the inverse of `dump`; another format is not read."""
    trial = Trial(tried(), "0.1.0", AT, ("agent",), receives=True)
    assert load(dump(trial)) == trial
    with pytest.raises(ValueError, match="another version"):
        load(dump(trial) | {"format": 99})


def test_a_report_counts_the_steps_that_apply() -> None:
    """Without an address the receiving steps do not; conformant is who has all others right."""
    report = make_report(Trial(tried(), "0.1.0", AT), AT + 1000)
    assert (report["passed"], report["failed"], report["notTried"], report["conformant"]) == (1, 1, 9, False)
    right = replace(tried(), steps={name: replace(step, outcome="passed") for name, step in tried().steps.items()})
    assert make_report(Trial(right, "0.1.0", AT), AT)["conformant"] is True
    assert len(make_report(Trial(right, "0.1.0", AT, receives=True), AT)["steps"]) == len(BY_ID)


def test_what_a_connector_calls_itself_breaks_no_table() -> None:
    """Bars, quotes and line ends of an agent's name stay text."""
    text = render_markdown(make_report(Trial(tried(), "0.1.0", AT, ("a|b`c\nd",)), AT))
    assert "a\\|b'c d" in text
    assert "## To mend" in text


def test_a_directory_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    """A real hub's directory, or anybody's: the kit touches nothing in it."""
    (tmp_path / "bus.db").touch()
    with pytest.raises(ConfigError):
        files.open_folder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["bus.db"]
    made = files.open_folder(tmp_path / "new")
    assert files.open_folder(made) == made
    assert made.stat().st_mode & 0o777 == 0o700


def test_what_is_kept_is_for_its_owner_only(tmp_path: Path) -> None:
    """Credentials, keys and the result have mode 0600."""
    folder = files.open_folder(tmp_path / "trial")
    files.write_credentials(folder, {"clientSecret": "hush"})
    files.write_result(folder, Trial(tried(), "0.1.0", AT))
    key = files.write_connector_key(folder)
    assert files.write_connector_key(folder) == key
    assert files.read_credentials(folder) == {"clientSecret": "hush"}
    assert files.read_result(folder) == Trial(tried(), "0.1.0", AT)
    names = (files.CREDENTIALS, files.RESULT, files.CONNECTOR, "connector.pkcs8.b64")
    assert {(folder / name).stat().st_mode & 0o777 for name in names} == {0o600}


def test_no_variable_leads_the_kit_to_another_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever AMANA_* says, log, store and TLS are the trial's own; the variables are there again afterwards."""
    monkeypatch.setenv("AMANA_BUS", "kafka://real:9092")
    monkeypatch.setenv("AMANA_TLS_CERTIFICATE", "/real.pem")
    options = Options(tmp_path, "127.0.0.1", 0, generate().public, "http://10.1.2.3:9/in", "0.1.0")
    settings = make_settings(options, tmp_path)
    assert settings.bus == f"sqlite:///{tmp_path / 'hub'}/bus.db"
    assert (settings.tls_certificate, settings.outbound_hosts) == (None, ["10.1.2.3"])
    assert os.environ["AMANA_BUS"] == "kafka://real:9092"
