"""A real Kafka that asks who the hub is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import settings
from hub.errors import ConfigError
from hub.kafka import Connection, KafkaLog, connection_of
from tests.certificates import Authority, Pair
from tests.clusters import kafka as clusters
from tests.laws.engines import LawClock, append, law, texts

pytestmark = [pytest.mark.needs("kafka"), pytest.mark.timeout(300)]

PASSWORD = "geheim-pass"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker with a listener for each way of proving who one is."""

    folder: Path
    listeners: dict[str, str]
    authority: Path
    pair: Pair

    def connection(self, listener: str, **given: Any) -> Connection:
        bus = f"kafka://{self.listeners[listener]}/{clusters.prefix()}"
        copies = {"kafka_replication": 1, "data": self.folder}
        return connection_of(settings.load(bus=bus, **{**copies, **given}))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Certificates of one authority; the user `hub`."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    shown, own = authority.give("broker", "127.0.0.1", "localhost"), authority.give("hub")
    keystore = folder / "keystore.pem"
    keystore.write_bytes(shown.key.read_bytes() + shown.certificate.read_bytes())
    options = ["--keystore", str(keystore), "--truststore", str(authority.file), "--user", f"hub:{PASSWORD}"]
    cluster = clusters.Cluster(folder / "data", options=options)
    yield Guarded(folder, cluster.state().listeners, authority.file, own)
    cluster.stop()


def proof(guarded: Guarded, listener: str) -> dict[str, Any]:
    """Settings with which the hub gets in."""
    found: dict[str, Any] = {"kafka_security": "tls" if listener == "mutual-tls" else listener}
    if listener.endswith("tls"):
        found["kafka_ca"] = guarded.authority
    if listener == "mutual-tls":
        found |= {"kafka_certificate": guarded.pair.certificate, "kafka_key": guarded.pair.key}
    if listener.startswith("sasl"):
        found |= {"kafka_user": "hub", "kafka_password": PASSWORD}
    return found


@pytest.mark.parametrize("listener", ["plaintext", "tls", "mutual-tls", "sasl-plaintext", "sasl-tls"])
@law
async def test_the_hub_gets_in_with_its_proof(guarded: Guarded, listener: str) -> None:
    """TLS, certificates from both sides, SCRAM-SHA-512, and SCRAM within TLS: topics, an append, a read, a wait."""
    log = await KafkaLog.open(guarded.connection(listener, **proof(guarded, listener)), LawClock())
    await log.ensure({"t": 1})
    assert await append(log, "t", 0, "a") == 0
    assert await log.wait({("t", 0): 0}, 10) == {("t", 0)}
    assert await texts(log, "t", 0) == ["a"]
    await log.close()


@pytest.mark.parametrize(
    ("listener", "change", "told"),
    [
        ("tls", {"kafka_ca": "other.pem"}, "certificate is not believed"),
        ("mutual-tls", {"kafka_certificate": None, "kafka_key": None}, ""),
        ("sasl-plaintext", {"kafka_password": "wrong"}, "SaslAuthenticationFailed"),
        ("sasl-tls", {"kafka_user": "nobody"}, "SaslAuthenticationFailed"),
    ],
)
@law
async def test_without_its_proof_the_start_is_refused(
    guarded: Guarded, listener: str, change: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon, with the reason where Kafka gives one, and without the password."""
    monkeypatch.setattr("hub.kafka.log.OPEN_WITHIN", 1.0)
    if "kafka_ca" in change:
        change = {"kafka_ca": Authority(guarded.folder, "other").file}
    with pytest.raises(ConfigError) as refused:
        await KafkaLog.open(guarded.connection(listener, **{**proof(guarded, listener), **change}), LawClock())
    assert refused.value.code == "AMANA-KAFKA-002"
    assert told in refused.value.detail
    assert PASSWORD not in str(refused.value)
