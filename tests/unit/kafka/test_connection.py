"""From the settings to a connection, and what refuses a start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from faststream.kafka.security import parse_security

from hub import settings
from hub.errors import ConfigError
from hub.kafka import Connection
from hub.kafka.connection import connection_of
from hub.settings import Settings
from tests.certificates import Authority

SECRET = "geheim-pass"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AMANA_")]:
        monkeypatch.delenv(name)


def made(folder: Path, bus: str = "kafka://a:1", **given: Any) -> Connection:
    return connection_of(settings.load(folder, bus=bus, **given))


def test_the_address_names_servers_and_a_prefix(tmp_path: Path) -> None:
    """Servers with their ports, a prefix behind a slash if there is one."""
    plain = made(tmp_path, "kafka://a:1,b.go.id:2,[::1]:3")
    assert (plain.servers, plain.names.of("control")) == (("a:1", "b.go.id:2", "[::1]:3"), "control")
    named = made(tmp_path, "kafka://a:1/amana")
    assert (named.names.of("inbox.siasn"), named.names.topic("amana.inbox.siasn")) == (
        "amana.inbox.siasn",
        "inbox.siasn",
    )
    assert [named.names.topic(name) for name in ("inbox.siasn", "amanah.x", "__consumer_offsets")] == [None] * 3
    assert [plain.names.topic(name) for name in ("inbox.siasn", "__consumer_offsets")] == ["inbox.siasn", None]


@pytest.mark.parametrize(
    "address", ["kafka://a", "kafka://a:x", f"kafka://u:{SECRET}@a:1", "kafka://,", "kafka://a:1/a b", "kafka:///p"]
)
def test_an_address_that_is_none_stops_the_start(tmp_path: Path, address: str) -> None:
    """The setting is named, its value is not."""
    with pytest.raises(ConfigError) as refused:
        made(tmp_path, address)
    assert refused.value.code == "AMANA-CONF-001"
    assert "AMANA_BUS" in refused.value.detail
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kafka_security": "sasl-tls"}, "AMANA_KAFKA_USER"),
        ({"kafka_security": "sasl-plaintext", "kafka_user": "u"}, "AMANA_KAFKA_PASSWORD"),
        ({"kafka_ca": "ca.pem"}, "AMANA_KAFKA_SECURITY"),
        ({"kafka_security": "tls", "kafka_ca": "/nowhere.pem"}, "AMANA_KAFKA_CA"),
        ({"kafka_security": "sasl-plaintext", "kafka_password_file": "/nowhere"}, "AMANA_KAFKA_PASSWORD_FILE"),
        ({"kafka_security": "ssl"}, "AMANA_KAFKA_SECURITY"),
        ({"max_upload": 80 << 20}, "AMANA_MAX_UPLOAD: at most 71 MiB"),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    """Half a proof of identity is none; nothing is guessed."""
    with pytest.raises(ConfigError, match=told):
        made(tmp_path, **given)


def test_never_more_copies_are_asked_for_than_there_are(tmp_path: Path) -> None:
    """With one copy, one is enough; else two of three."""
    one, three = made(tmp_path, kafka_replication=1), made(tmp_path)
    assert [(c.replication, c.min_insync) for c in (one, three)] == [(1, 1), (3, 2)]


def test_a_password_shows_nowhere(tmp_path: Path) -> None:
    """Not in a repr, not among the settings that are shown; from a file that others may read it is not taken."""
    given = {"kafka_security": "sasl-plaintext", "kafka_user": "hub", "kafka_password": SECRET}
    shown = settings.load(tmp_path, bus="kafka://a:1", **given)
    connection = connection_of(shown)
    assert connection.client_options()["sasl_plain_password"] == SECRET
    assert SECRET not in f"{connection!r} {shown!r} {shown.describe()}"
    assert Settings.describe(shown)["AMANA_KAFKA_PASSWORD"] == "***"
    file = tmp_path / "password"
    file.write_text("other\n")
    file.chmod(0o600)
    given |= {"kafka_password_file": str(file)}
    assert made(tmp_path, **given).password == "other"
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="0640, 0600 expected"):
        made(tmp_path, **given)


def test_both_clients_get_the_same_proof(tmp_path: Path) -> None:
    """aiokafka's arguments and FastStream's say the same, certificates included."""
    authority = Authority(tmp_path)
    pair = authority.give("hub")
    connection = made(
        tmp_path,
        kafka_security="sasl-tls",
        kafka_ca=authority.file,
        kafka_certificate=pair.certificate,
        kafka_key=pair.key,
        kafka_user="hub",
        kafka_password=SECRET,
    )
    options = connection.client_options()
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    kept = parse_security(connection.broker_options()["security"])
    assert kept == {name: value for name, value in options.items() if name != "bootstrap_servers"}
    assert made(tmp_path).broker_options() == {"bootstrap_servers": ["a:1"], "security": None}
