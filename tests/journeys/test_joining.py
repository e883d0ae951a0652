"""From nothing to a first accepted push: the applicant's commands and the administrator's, against a real `amana serve`."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import invoke
from hub.demo.hubprocess import HubProcess
from signing import jsontext
from signing.keyfiles import read_key
from signing.keys import generate

CALENDAR = Path(__file__).parents[2] / "adapters" / "generic_json" / "cases" / "020-calendar" / "in.calendar.json"


class House:
    """A served hub with one code, and what people type."""

    def __init__(self, process: HubProcess, data: Path, url: str) -> None:
        self.process = process
        self.data = data
        self.url = url

    def operator(self, *words: str) -> tuple[int, str]:
        return invoke([*words, "--data", str(self.data)])

    def value(self, *words: str) -> Any:
        status, text = self.operator(*words, "--json")
        assert status == 0, text
        return jsontext.parse(text.encode())

    def applicant(self, *words: str) -> tuple[int, str]:
        return invoke([*words, "--url", self.url])

    def ask(self, out: Path, system: str, *more: str) -> Any:
        status, text = self.request(out, system, "--json", *more)
        assert status == 0, text
        return jsontext.parse(text.encode())

    def request(self, out: Path, system: str, *more: str) -> tuple[int, str]:
        words = ["join", "request", "--institution", "BARU", "--name", "Badan Baru", "--system", system]
        words += ["--contact", "Person Three, 555 0100", "--codes", "JSON-CAL", "--out", str(out)]
        return self.applicant(*words, *more)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("joining") / "hub"
    process = HubProcess(data)
    process.start()
    try:
        found = House(process, data, process.url)
        found.value("api", "add", "--code", "JSON-CAL", "--adapter", "generic_json", "--exchange", "calendar")
        yield found
    finally:
        process.stop()


def test_from_a_request_to_a_first_pull_and_a_first_accepted_push(house: House, tmp_path: Path) -> None:
    """The applicant needs no hub and no operator key; nothing of it is in the directory before a person approved it;
    after that its own key and secret are good for a pull and a push."""
    out = tmp_path / "mine"
    asked = house.ask(out, "BARU-HR", "--unit", "HQ", "--unit-name", "Head office")
    secret, key = Path(asked["clientSecretFile"]), Path(asked["privateKeyFile"])
    assert [stat.S_IMODE(path.stat().st_mode) for path in (secret, key)] == [0o600, 0o600]
    assert read_key(key).public.key_id == asked["keyId"]
    assert secret.read_text().strip() not in (out / "BARU-HR.join.json").read_text()
    assert house.value("institution", "list")["items"] == []
    assert "the request is waiting" in house.applicant("join", "status", asked["id"])[1]

    [listed] = house.value("join", "list")["items"]
    shown = house.operator("join", "show", asked["id"][:8])[1]
    assert (listed["id"], listed["fingerprint"]) == (asked["id"], asked["fingerprint"])
    assert "Person Three, 555 0100" in shown

    other = " ".join(["0000"] * 8)
    wrong = house.operator("join", "approve", asked["id"], "--fingerprint", other)
    short = house.operator("join", "approve", asked["id"], "--fingerprint", asked["fingerprint"][:9])
    assert [(wrong[0], "AMANA-JOIN-006" in wrong[1]), (short[0], "at least 32" in short[1])] == [(1, True), (2, True)]
    read_out = asked["fingerprint"].upper().replace(" ", "-")
    status, text = house.operator("join", "approve", asked["id"][:8], "--fingerprint", read_out)
    assert (status, "granted JSON-CAL" in text) == (0, True), text

    status, text = house.applicant("join", "status", asked["id"], "--out", str(out))
    assert (status, "the request is approved" in text) == (0, True)
    client = (out / "client-id.txt").read_text().strip()
    sender = ["send", "--key", str(key), "--client-id", client, "--client-secret-file", str(secret), "--no-token-cache",
              "--hub-key", str(out / "hub.pub.pem"), "--json"]  # fmt: skip
    question = tmp_path / "question.json"
    question.write_text('{"name":"Ñuñez 李小龍","amount":"0.10"}')
    status, text = house.applicant(*sender, "--pull", "--code", "PING", str(question))
    assert (status, asked["keyId"] in text, "Ñuñez 李小龍" in text) == (0, True, True), text
    status, text = house.applicant(*sender, "--code", "JSON-CAL", str(CALENDAR))
    assert status == 0, text
    assert jsontext.parse(text.encode())["sent"] == 1

    tree = house.value("institution", "list", "--tree")["items"]
    assert [(row["kind"], row["code"], row["depth"]) for row in tree] == [
        ("institution", "BARU", 0),
        ("unit", "HQ", 1),
        ("system", "BARU-HR", 2),
    ]


def test_a_rejected_applicant_reads_why(house: House, tmp_path: Path) -> None:
    """The reason reaches it, and nothing was made."""
    asked = house.ask(tmp_path, "SHADOW")
    status, text = house.operator("join", "reject", asked["id"], "--reason", "no mandate yet")
    assert status == 0, text
    assert house.applicant("join", "status", asked["id"]) == (0, "the request is rejected: no mandate yet\n")
    assert house.operator("join", "approve", asked["id"], "--fingerprint", asked["fingerprint"])[0] == 1
    assert house.operator("system", "show", "SHADOW")[0] == 1
    decided = house.value("join", "list", "--decided")["items"]
    assert ("rejected", "no mandate yet") in {(row["state"], row["reason"]) for row in decided}


def test_a_lost_answer_is_asked_for_again(house: House, tmp_path: Path) -> None:
    """The command repeated sends the kept request: one key, one secret, one id."""
    first = house.ask(tmp_path, "TWICE")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    status, text = house.request(tmp_path, "TWICE")
    assert (status, first["id"] in text) == (0, True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_refused_request_leaves_no_files_in_the_way(house: House, tmp_path: Path) -> None:
    """A code that does not exist: corrected and asked again in the same directory."""
    status, text = house.request(tmp_path, "LATER", "--codes", "NO-SUCH")
    assert (status, "AMANA-CODE-001" in text, list(tmp_path.iterdir())) == (1, True, [])
    assert house.ask(tmp_path, "LATER")["state"] == "waiting"


def test_a_key_that_exists_is_used_and_stays(house: House, tmp_path: Path) -> None:
    """An institution that has a connector keeps its key pair."""
    from signing.keyfiles import write_key

    mine = tmp_path / "mine.pem"
    write_key(mine, generate("secp256k1"))
    before = mine.read_bytes()
    asked = house.ask(tmp_path / "out", "OLD", "--key", str(mine), "--format", "xml")
    shown = house.value("join", "show", asked["id"])
    assert (shown["curve"], shown["format"], mine.read_bytes()) == ("secp256k1", "xml", before)
    approved = house.value("join", "approve", asked["id"], "--fingerprint", asked["keyId"], "--codes", "")
    assert (approved["result"]["codes"], house.value("system", "show", "OLD")["options"]) == ([], {"format": "xml"})


def test_options_are_checked_before_anything_is_sent(house: House, tmp_path: Path) -> None:
    """Exit status 2, in words, and no file."""
    out = str(tmp_path / "out")
    for more, words in (
        (("--endpoint", "hr.example"), "url: a URL begins with http"),
        (("--system", "../x"), "is no path"),
        (("--curve", "p192"), "no key of curve"),
    ):
        status, text = house.request(Path(out), "BAD", *more)
        assert (status, words in text) == (2, True), text
    assert not Path(out).exists() or list(Path(out).iterdir()) == []
    status, text = invoke(["join", "status", "0" * 64])
    assert (status, "--url" in text) == (2, True)
