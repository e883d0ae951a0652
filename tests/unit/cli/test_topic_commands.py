"""`amana topic`: asked, signed, listed and ended; refused where nobody could read."""

from __future__ import annotations

from pathlib import Path

from hub.cli.main import invoke
from hub.settings import load
from signing.keyfiles import write_key
from tests.simulator.contracting import SUBJECT, register
from tests.unit.api.desk import Desk

CLUSTER = {"bus": "kafka://127.0.0.1:1", "store": "postgresql://127.0.0.1:1/amana"}
NAMED = "READER.SURAT"
FILES = {"code": "BERKAS", "adapter": "payroll_generic", "exchange": "csv", "direction": "out"}


def run(desk: Desk, *words: str) -> tuple[int, str]:
    return invoke([*words, "--data", str(desk.data)])


def listed(desk: Desk, what: str) -> str:
    """A listing, unfolded: how a table breaks a cell is no matter here."""
    return run(desk, what, "list", "--json")[1]


def with_reader(desk: Desk) -> None:
    """A system that gets a relayed code under a contract of the registry, and one under a contract that nobody knows."""
    desk.run(register(desk.context.registry, desk.clock.now()))
    system = {"institution": "KEM", "code": "READER", "clientId": "reader", "secretSha256": "0" * 64}
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        client.change("system.add", system | {"publicKey": desk.admin.public.pem()})
        client.change("api.add", {"code": "SURAT", "direction": "relay", "contract": f"subject:{SUBJECT}:1"})
        client.change("api.add", FILES)
        client.change("subscription.add", {"system": "READER", "code": "SURAT"})
        client.change("subscription.add", {"system": "READER", "code": "BERKAS"})


def on_kafka(desk: Desk) -> None:
    """The gateway believes that the log is Kafka's."""
    object.__setattr__(desk.context, "settings", load(desk.data, **CLUSTER))


def test_the_embedded_engine_has_no_topic_to_read(desk: Desk) -> None:
    """Refused with what to do instead; nothing is recorded."""
    with_reader(desk)
    before = desk.control_end()
    status, text = run(desk, "topic", "open", NAMED, "--reason", "its own platform")
    assert (status, "AMANA-TOPIC-001" in text, "collect" in text) == (1, True, True), text
    assert desk.control_end() == before
    assert "nobody reads a topic" in run(desk, "topic", "list")[1]


def test_files_have_no_schema_in_a_topic(desk: Desk) -> None:
    """An exchange of files is refused before anybody signs, though the registry has the schema of what is in them."""
    with_reader(desk)
    on_kafka(desk)
    desk.run(register(desk.context.registry, desk.clock.now(), subject="amana.wire.payroll_generic.csv"))
    status, text = run(desk, "topic", "open", "READER.BERKAS", "--reason", "its own platform")
    assert (status, "AMANA-TOPIC-002" in text) == (1, True), text


def test_two_people_let_a_system_read_and_one_ends_it(desk: Desk, tmp_path: Path) -> None:
    """Who asked may not sign; the listings show who did, and the topic in the place of an address."""
    with_reader(desk)
    on_kafka(desk)
    second = desk.add_operator("second", "Person Two")
    key = tmp_path / "second.pem"
    write_key(key, second)
    status, text = run(desk, "topic", "open", NAMED, "--reason", "its own platform")
    assert status == 0, text
    name = text.partition(" ")[0]
    assert f"amana topic sign {name} {NAMED}" in text
    status, text = run(desk, "topic", "sign", name, NAMED)
    assert (status, "AMANA-OPER-002" in text) == (1, True)
    assert "subscriber.READER" not in listed(desk, "subscription")
    status, text = run(desk, "topic", "sign", name, NAMED, "--operator", str(key))
    assert (status, "is written to subscriber.READER" in text) == (0, True), text
    assert "subscriber.READER" in listed(desk, "subscription")
    shown = listed(desk, "topic")
    assert all(part in shown for part in (name, "open", "Person One", "Person Two", "its own platform"))
    status, text = run(desk, "topic", "close", NAMED, "--reason", "it collects now")
    assert status == 0, text
    assert "ended" in listed(desk, "topic")
    assert "subscriber.READER" not in listed(desk, "subscription")
