"""Polling: from where the last answer ended, each event once, and no secret but on the wire."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hub.feeds import digest
from hub.ports import Answer, Call
from hub.records import Ms
from signing.jsontext import parse, render
from tests.simulator.hub import Crash
from tests.unit.feeds.office import Asked, Office

FEED = {"kind": "poll", "part": "acs-events", "url": "http://192.0.2.7/", "id": "gate-poll"}
API = {"adapter": "hikvision", "exchange": "events", "fields": ["serialNo", "time"], "assurance": "polled"}
PASSWORD = "kata-sandi-contoh-7741"
PAGE = 2


class Terminal:
    """A device with so many events that speaks ISAPI and Digest."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.bent: dict[str, Any] = {}

    def answer(self, call: Call) -> Answer:
        proof = call.headers.get("Authorization", "")
        said = dict(re.findall(r'(\w+)="([^"]*)"', proof))
        if not said:
            return Answer(401, headers={"www-authenticate": 'Digest realm="R", nonce="N", qop="auth"'})
        secret = hashlib.md5(f"admin:R:{PASSWORD}".encode()).hexdigest()
        asked = hashlib.md5(b"POST:" + said["uri"].encode()).hexdigest()
        right = hashlib.md5(f"{secret}:N:00000001:{said['cnonce']}:auth:{asked}".encode()).hexdigest()
        if said["response"] != right:
            return Answer(401, headers={})
        begin = parse(call.body)["AcsEventCond"]["beginSerialNo"]
        serials = list(range(begin, self.events + 1))
        items = [
            {
                "major": 5,
                "minor": 75,
                "time": f"2026-10-05T07:{serial:02d}:00+07:00",
                "serialNo": serial,
                "employeeNoString": "42",
                **self.bent,
            }
            for serial in serials[:PAGE]
        ]
        status = "MORE" if len(serials) > PAGE else "OK" if serials else "NO MATCH"
        return Answer(200, render({"AcsEvent": {"responseStatusStrg": status, "InfoList": items}}))


def run(tmp_path: Path, act: Callable[[Office, Terminal], Awaitable[None]], events: int = 5) -> Office:
    office, terminal = Office(tmp_path), Terminal(events)
    office.caller = Asked(terminal.answer)
    folder = tmp_path / "credentials" / "gate-poll"
    folder.mkdir(parents=True)
    for name, text in (("user", "admin"), ("password", PASSWORD)):
        (folder / name).write_text(f"{text}\n")
        (folder / name).chmod(0o600)

    async def whole() -> None:
        await office.onboard(FEED, API)
        await act(office, terminal)

    asyncio.run(whole())
    return office


def wait(office: Office, seconds: int) -> None:
    office.clock.move_to(Ms(office.clock.now() + seconds * 1000))


async def state(office: Office) -> dict[str, Any]:
    [row] = await office.hub.store.rows("feed_state")
    return row


def test_pages_are_asked_for_until_there_is_no_more(tmp_path: Path) -> None:
    """Every event becomes one punch of assurance `polled`; then the device is left alone for the interval."""

    async def act(office: Office, terminal: Terminal) -> None:
        await office.look(1)
        asked = len(office.caller.calls)
        await office.look(3)
        assert len(office.caller.calls) == asked
        terminal.events = 6
        wait(office, 60)
        await office.look(1)
        punches = await office.punches()
        assert [p.headers["ce_assurance"] for p in punches] == ["polled"] * 6
        assert (await state(office))["cursor"] == {"begin": 1, "next": 7}

    run(tmp_path, act)


@pytest.mark.parametrize("step", ["answer there", "bodies admitted", "cursor kept"])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_crash_at_any_step_changes_nothing(tmp_path: Path, step: str, time: int) -> None:
    """Whichever page and step the process dies at, each event is there once in the end."""

    async def act(office: Office, _: Terminal) -> None:
        left = [time]

        def strike(reached: str) -> None:
            left[0] -= reached == step
            if left[0] == 0 and reached == step:
                raise Crash

        office.reached = strike
        with pytest.raises(Crash):
            await office.look(1)
        await office.crash()
        office.reached = lambda _: None
        wait(office, 61)
        await office.look(1)
        assert len(await office.punches()) == 5

    run(tmp_path, act)


def test_a_device_that_does_not_answer_is_asked_ever_more_slowly(tmp_path: Path) -> None:
    """Waits double up to an hour, the listing says why, and the first good answer ends it."""

    async def act(office: Office, terminal: Terminal) -> None:
        office.caller.answer = lambda _: Answer(None, reason="ConnectError")
        waits = []
        for _ in range(9):
            await office.look(1)
            row = await state(office)
            waits.append((row["due"] - office.clock.now() + 2000) // 1000)
            office.clock.move_to(Ms(row["due"]))
        assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
        assert row["code"] == "AMANA-FEED-005"
        office.caller.answer = terminal.answer
        await office.look(1)
        assert (await state(office))["code"] == ""
        assert len(await office.punches()) == 5

    run(tmp_path, act)


def test_a_page_that_keeps_no_contract_is_not_passed_by(tmp_path: Path) -> None:
    """The cursor stays in front of it and the listing says so; once it is mended every event is there."""

    async def act(office: Office, terminal: Terminal) -> None:
        terminal.bent = {"attendanceStatus": "x" * 400}
        await office.look(1)
        row = await state(office)
        assert (row["cursor"], row["code"], row["refused"]) == ({}, "AMANA-FEED-005", 1)
        terminal.bent = {}
        wait(office, 61)
        await office.look(1)
        assert len(await office.punches()) == 5

    run(tmp_path, act)


def test_secrets_leave_by_the_wire_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The password is in no record, no row, no output, and in no call but as a digest."""

    async def act(office: Office, _: Terminal) -> None:
        await office.look(1)
        seen = [repr(call) + repr(dict(call.headers)) for call in office.caller.calls]
        seen += [repr(await office.hub.store.rows("feed_state")), repr(await office.hub.records("inbox.hikvision"))]
        assert not any(PASSWORD in text for text in seen)

    run(tmp_path, act)
    output = capsys.readouterr()
    assert PASSWORD not in output.out + output.err


@pytest.mark.parametrize("damage", ["missing", "open", "empty"])
def test_a_credential_that_cannot_be_used_stops_the_feed_alone(tmp_path: Path, damage: str) -> None:
    """A file that is not there, that others can read, or that is empty: the feed says so and asks nobody."""

    async def act(office: Office, _: Terminal) -> None:
        path = tmp_path / "credentials" / "gate-poll" / "password"
        if damage == "missing":
            path.unlink()
        elif damage == "open":
            path.chmod(0o644)
        else:
            path.write_text("\n")
        await office.look(2)
        assert ((await state(office))["code"], office.caller.calls) == ("AMANA-FEED-004", [])

    run(tmp_path, act)


def test_the_digest_is_that_of_the_rfc() -> None:
    """The examples of RFC 7616, section 3.9.1, for MD5 and SHA-256."""
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    given = ("Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    answers = {name: digest.answer(challenge.format(name), *given) or "" for name in ("MD5", "SHA-256")}
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in answers["MD5"]
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in answers["SHA-256"]


@pytest.mark.parametrize(
    "challenge", ["Basic realm=x", "Digest realm=x", 'Digest realm="x", nonce="n", qop="auth-int"', ""]
)
def test_a_challenge_that_is_not_understood_gets_no_proof(challenge: str) -> None:
    """No proof is made for another scheme, without a nonce, or for a protection that we do not have."""
    assert digest.answer(challenge, "u", "p", "GET", "/", "c") is None


def test_tokens_are_fetched_where_the_options_say(tmp_path: Path) -> None:
    """SIASN's two tokens lie at other hosts than its records: each request goes to its own address, the token of one host is
    shown at no other, and an option that is not set means the registered address."""
    nip = "190001011999012001"
    options = {"nips": nip, "apimUrl": "https://apim.example.go.id:8243/", "resource": "rw-skp22"}
    feed = {"kind": "poll", "part": "history", "url": "https://siasn.example.go.id", "id": "siasn", "options": options}
    api = {"adapter": "siasn", "exchange": "history", "dedupe": "window", "fields": [], "assurance": "polled"}
    folder = tmp_path / "credentials" / "siasn"
    folder.mkdir(parents=True)
    for name in ("apim-basic", "sso-client", "sso-user", "sso-password"):
        (folder / name).write_text(f"{name}-rahasia\n")
        (folder / name).chmod(0o600)

    def answer(call: Call) -> Answer:
        if "token" in call.url:
            return Answer(200, render({"access_token": "TOKEN-APIM" if "oauth2" in call.url else "TOKEN-SSO"}))
        return Answer(200, render({"code": 1, "data": []}))

    async def whole() -> list[Call]:
        office = Office(tmp_path)
        office.caller = Asked(answer)
        await office.onboard({**feed, "device": None}, api)
        await office.look(1)
        return office.caller.calls

    apim, sso, asked = asyncio.run(whole())
    assert [call.url.split("/")[2] for call in (apim, sso, asked)] == [
        "apim.example.go.id:8243",
        "siasn.example.go.id",
        "siasn.example.go.id",
    ]
    assert apim.headers["Authorization"] == "Basic apim-basic-rahasia"
    assert b"apim-basic" not in sso.body
    assert (asked.headers["Authorization"], asked.headers["Auth"]) == ("Bearer TOKEN-APIM", "bearer TOKEN-SSO")
