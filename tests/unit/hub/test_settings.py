"""Where settings come from, and what refuses a start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub import settings
from hub.errors import ConfigError

SECRET = "geheim-pass"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AMANA_")]:
        monkeypatch.delenv(name)


def refusal(data: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        settings.load(data)
    assert caught.value.code == "AMANA-CONF-001"
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.detail


def test_defaults_follow_the_data_directory(tmp_path: Path) -> None:
    """Without anything set, log and store are SQLite files in the data directory."""
    made = settings.load(tmp_path)
    assert (made.bus, made.store) == (f"sqlite:///{tmp_path}/bus.db", f"sqlite:///{tmp_path}/store.db")
    assert (made.host, made.port, made.partitions, made.max_body) == ("127.0.0.1", 8460, 4, 1_048_576)
    assert (made.token_seconds, made.delivery_timeout, made.delivery_attempts) == (3600, 10, 8)
    assert (made.outbound_hosts, made.outbound_private, made.unsafe_allow_draft_rules) == ([], False, False)
    assert made.operator is None


def test_data_directory_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative directory is that of where the hub was started, for every role of it."""
    monkeypatch.chdir(tmp_path)
    assert settings.load().data == tmp_path / "amana-data"
    assert settings.load(Path("x")).data == tmp_path / "x"
    monkeypatch.setenv("AMANA_DATA", "y")
    assert settings.load().data == tmp_path / "y"
    assert settings.load(Path("x")).data == tmp_path / "x"


def test_command_line_wins_over_variable_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source yields to the one before it, and what is not given falls through."""
    (tmp_path / "amana.toml").write_text('port = 1\nhost = "file"\ntoken_seconds = 60\n')
    monkeypatch.setenv("AMANA_PORT", "2")
    monkeypatch.setenv("AMANA_HOST", "variable")
    made = settings.load(tmp_path, port=3, host=None)
    assert (made.port, made.host, made.token_seconds) == (3, "variable", 60)


def test_file_lies_in_the_chosen_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`amana.toml` is read from the directory that `AMANA_DATA` names."""
    (tmp_path / "amana.toml").write_text("port = 7\n")
    monkeypatch.setenv("AMANA_DATA", str(tmp_path))
    assert settings.load().port == 7


@pytest.mark.parametrize("text", ["a.go.id, B.go.id ,.c.go.id", "a.go.id,B.go.id,.c.go.id,"])
def test_hosts_are_a_comma_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The allow-list is written with commas and kept in lower case."""
    monkeypatch.setenv("AMANA_OUTBOUND_HOSTS", text)
    assert settings.load(tmp_path).outbound_hosts == ["a.go.id", "b.go.id", ".c.go.id"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMANA_PORT", SECRET),
        ("AMANA_PORT", "65536"),
        ("AMANA_PARTITIONS", "0"),
        ("AMANA_MAX_BODY", "1"),
        ("AMANA_TOKEN_SECONDS", "3601"),
        ("AMANA_DELIVERY_TIMEOUT", "inf"),
        ("AMANA_OUTBOUND_HOSTS", f"https://{SECRET}/"),
        ("AMANA_OUTBOUND_PRIVATE", SECRET),
        ("AMANA_BUS", f"postgresql://u:{SECRET}@h/db"),
        ("AMANA_STORE", f"mysql://u:{SECRET}@h/db"),
        ("AMANA_STORE", SECRET),
        ("AMANA_STORE", "postgresql://"),
    ],
)
def test_bad_variable_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value that is not usable refuses the start, and the error names the setting only."""
    monkeypatch.setenv(name, value)
    assert refusal(tmp_path).startswith(f"{name}: ")


def test_all_faults_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bad settings are two entries of one error."""
    monkeypatch.setenv("AMANA_PORT", "x")
    monkeypatch.setenv("AMANA_PARTITIONS", "x")
    assert [part.split(":")[0] for part in refusal(tmp_path).split("; ")] == ["AMANA_PORT", "AMANA_PARTITIONS"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'port = "{SECRET}"', "AMANA_PORT: "),
        ("prot = 1", "amana.toml: prot is no setting"),
        (f'"{SECRET}" = 1', "amana.toml: a line is no setting"),
        (SECRET, "amana.toml is not TOML"),
    ],
)
def test_bad_file_is_told_without_its_content(tmp_path: Path, text: str, expected: str) -> None:
    """A mistyped name, a bad value or a broken file refuses the start; nothing of the value is quoted."""
    (tmp_path / "amana.toml").write_text(text)
    assert refusal(tmp_path).startswith(expected)


def test_unreadable_file_refuses_the_start(tmp_path: Path) -> None:
    """A settings file that cannot be read is not treated as absent."""
    (tmp_path / "amana.toml").mkdir()
    assert refusal(tmp_path).startswith("amana.toml")


def test_passwords_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither `repr` nor `describe` shows a password, be it before the host or in the query."""
    monkeypatch.setenv("AMANA_STORE", f"postgresql://amana:{SECRET}@db:5432/hub?password={SECRET}")
    made = settings.load(tmp_path)
    assert SECRET not in repr(made) + str(made) + str(made.describe())
    assert made.describe()["AMANA_STORE"] == "postgresql://amana:***@db:5432/hub?***"


def test_describe_lists_every_setting(tmp_path: Path) -> None:
    """What `amana doctor` prints is every setting under its variable's name."""
    shown = settings.load(tmp_path, outbound_hosts="a.id,b.id").describe()
    assert sorted(shown) == sorted(f"AMANA_{name.upper()}" for name in settings.Settings.model_fields)
    assert (shown["AMANA_OUTBOUND_HOSTS"], shown["AMANA_OPERATOR"], shown["AMANA_PORT"]) == ("a.id,b.id", "", "8460")


def test_dangerous_switches_warn(tmp_path: Path) -> None:
    """Each switch named unsafe gives a warning line while it is on."""
    assert settings.load(tmp_path).warnings() == []
    actual = settings.load(tmp_path, unsafe_allow_draft_rules=True).warnings()
    assert actual == ["AMANA_UNSAFE_ALLOW_DRAFT_RULES is on: Whether rule sets marked as draft may pay"]


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        ({"host": "0.0.0.0"}, True),
        ({"host": "hub.go.id"}, True),
        ({"host": "::"}, True),
        ({"host": "127.0.0.7"}, False),
        ({"host": "::1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "0.0.0.0", "tls_certificate": "x.pem"}, False),
        ({"host": "0.0.0.0", "trusted_proxies": "10.0.0.0/8"}, False),
    ],
)
def test_an_open_port_without_tls_warns(tmp_path: Path, given: dict[str, str], warned: bool) -> None:
    """Any address but loopback, unless there is TLS here or at a proxy."""
    found = settings.load(tmp_path, **given).warnings()
    assert ["open to the network without TLS" in line for line in found] == [True] * warned


def test_settings_do_not_change(tmp_path: Path) -> None:
    """Settings are fixed once loaded."""
    made = settings.load(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        made.port = 1  # type: ignore[misc]


def test_other_variables_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables for the tests share the prefix and are no settings."""
    monkeypatch.setenv("AMANA_TEST_REQUIRE", "kafka")
    assert settings.load(tmp_path).port == 8460
