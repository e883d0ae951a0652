"""The client against a served hub: large and encrypted bodies, repeats, an outbox read and confirmed, the command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.cli.main import invoke
from hub.client import Sender, SendingError
from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Operator
from signing import jsontext
from signing.keyfiles import read_key
from signing.keys import PublicKey, load_public
from tests.faults.served import until

LARGE = b'{"text":"' + b"z" * 1_500_000 + b'"}'


class House:
    """A hub with a relayed code: `WRITER` may push it, `READER` collects it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = HubProcess(folder / "hub")
        self.hub.start()
        operator = Operator(self.hub.data)
        self.credentials: dict[str, dict[str, Any]] = {}
        operator.run("institution", "add", "--code", "KEM", "--name", "Kementerian")
        for code in ("WRITER", "READER"):
            words = ["system", "add", "--institution", "KEM", "--code", code, "--generate-key", str(folder)]
            self.credentials[code] = operator.run(*words)
        operator.run("api", "add", "--code", "LETTER", "--relay")
        operator.run("grant", "add", "--system", "WRITER", "--code", "LETTER")
        operator.run("subscription", "add", "--system", "READER", "--code", "LETTER", "--collect")

    def hub_key(self) -> PublicKey:
        reply = httpx.get(f"{self.hub.url}/api/v1/hub", trust_env=False)
        return load_public(jsontext.parse(reply.content)["publicKey"])

    def sender(self, code: str, **options: Any) -> Sender:
        one = self.credentials[code]
        key = read_key(self.folder / f"{code}.pem")
        return Sender(self.hub.url, one["clientId"], one["clientSecret"], key, self.hub_key(), **options)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("client"))
    yield made
    made.hub.stop()


def collected(house: House, count: int) -> list[Any]:
    """So many messages of the outbox, waited for: relaying is the worker's, behind the receipt."""
    found: list[Any] = []
    with house.sender("READER") as reader:
        until(lambda: len(read(reader, found)) >= count, f"{count} messages in the outbox")
    return found


def read(reader: Sender, found: list[Any]) -> list[Any]:
    """What was found, and what is there now."""
    found += [message.value for message in reader.read_outbox(limit=2, confirm=True)]
    return found


def test_what_is_pushed_is_read_from_an_outbox_once(house: House) -> None:
    """Plain, encrypted for the hub, and larger than an envelope: each arrives once, as it was sent, and a confirmed one
    is not read again."""
    with house.sender("WRITER") as writer, house.sender("WRITER", encrypt=True) as closed:
        assert not writer.push("LETTER", b'{"n":1,"name":"\xc3\x89mile"}').duplicate
        assert not closed.push("LETTER", b'{"n":2}').duplicate
        assert not writer.push("LETTER", LARGE).duplicate
    found = collected(house, 3)
    assert sorted(found, key=str) == sorted([{"n": 1, "name": "Émile"}, {"n": 2}, jsontext.parse(LARGE)], key=str)
    with house.sender("READER") as reader:
        assert list(reader.read_outbox()) == []
        assert reader.confirm(["f" * 32]) == ["f" * 32]


def test_pushing_again_is_a_duplicate_however_large_or_encrypted(house: House) -> None:
    """The hub tells repeats by the body, not by the upload or the cipher."""
    for options, body in (({}, b'{"n":3}'), ({}, LARGE.replace(b"z", b"w")), ({"encrypt": True}, b'{"n":4}')):
        with house.sender("WRITER", **options) as writer:
            assert [writer.push("LETTER", body).duplicate for _ in range(2)] == [False, True]
    collected(house, 3)


def test_a_pull_without_a_grant_is_refused_for_good(house: House) -> None:
    """The hub's signed word, with its code, at once."""
    with house.sender("WRITER") as writer, pytest.raises(SendingError) as failed:
        writer.pull("LETTER-BOX")
    assert (failed.value.code, failed.value.sure) == ("AMANA-CODE-001", True)


def test_the_command_keeps_its_token_until_the_hub_refuses_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending a file twice is harmless; a system that was suspended and taken back gets a new token by itself."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = house.credentials["WRITER"]
    file = tmp_path / "letter.json"
    file.write_bytes(b'{"n":5}')
    words = ["send", str(file), "--key", str(house.folder / "WRITER.pem"), "--client-id", one["clientId"], "--json",
             "--client-secret", one["clientSecret"], "--code", "LETTER", "--url", house.hub.url]  # fmt: skip
    said = [jsontext.parse(invoke(words)[1].encode()) for _ in range(2)]
    assert [row["messages"][0]["duplicate"] for row in said] == [False, True]
    [kept] = list((tmp_path / "amana" / "tokens").iterdir())
    before = kept.read_bytes()
    operator = Operator(house.hub.data)
    operator.run("system", "suspend", "WRITER")
    operator.run("system", "resume", "WRITER")
    assert invoke(words)[0] == 0
    assert kept.read_bytes() != before
    collected(house, 1)
