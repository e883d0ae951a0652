"""The token endpoint as published clients meet it, and a suspension that every gateway honours within a second."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Operator
from hub.serve import listening, processes
from signing import envelope, jsontext
from signing.keyfiles import read_private
from signing.keys import PrivateKey, load_private
from tests.journeys.gateway_client import Reply, open_site
from tests.unit.gateway.onboarded import CALENDAR, SECRET

FORM = {"grant_type": "client_credentials", "client_id": "client-hr", "client_secret": SECRET}
GRANT = {"grant_type": "client_credentials"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
REFUSED = {401, 403, 429}
"""429: the attempts of this test while it waits count as failures of its address."""
Ask = tuple[bytes, dict[str, str]]


def basic(client: str = "client-hr", secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


def urlencoded(fields: dict[str, str]) -> Ask:
    return urlencode(fields).encode(), URLENCODED


def multipart(fields: dict[str, str], boundary: str = "----b0", *, quoted: bool = False) -> Ask:
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    named = f'"{boundary}"' if quoted else boundary
    return ("".join(parts) + f"--{boundary}--\r\n").encode(), {"Content-Type": f"multipart/form-data; boundary={named}"}


def ask_all(path: Path, asked: list[Ask]) -> list[Reply]:
    """The answers to requests for a token, in order."""

    async def story() -> list[Reply]:
        async with open_site(path) as site:
            return [await site.ask("POST", "/oauth/token", body, headers) for body, headers in asked]

    return asyncio.run(story())


def with_header(ask: Ask, header: dict[str, str]) -> Ask:
    return ask[0], ask[1] | header


def test_every_published_way_to_ask_gets_the_same_three_members(tmp_path: Path) -> None:
    """Urlencoded or multipart, with the credentials in the form, in the header or in both: exactly `access_token`,
    `token_type` and `expires_in`, because one client refuses an answer with any other member."""
    ways: list[Ask] = []
    for kind in (urlencoded, multipart):
        ways += [kind(FORM), with_header(kind(FORM), basic()), with_header(kind(GRANT), basic())]
    ways.append(multipart(FORM, "a'b", quoted=True))
    ways.append(with_header(urlencoded(FORM), {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}))
    ways.append(with_header(urlencoded(GRANT), {"authorization": basic()["Authorization"].replace("Basic", "bAsIc")}))
    for reply in ask_all(tmp_path, ways):
        assert reply.status == 200
        assert list(reply.json) == ["access_token", "token_type", "expires_in"]
        assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 3600)
        assert isinstance(reply.json["access_token"], str)
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("ask", "challenged"),
    [
        (urlencoded(FORM | {"client_secret": "wrong"}), False),
        (multipart(FORM | {"client_secret": "wrong"}), False),
        (urlencoded(FORM | {"client_id": "nobody"}), False),
        (urlencoded(GRANT), False),
        (with_header(urlencoded(GRANT), basic(secret="wrong")), True),
        (with_header(urlencoded(GRANT), basic(client="nobody")), True),
        (with_header(urlencoded(FORM), basic(secret="wrong")), True),
        (with_header(urlencoded(FORM | {"client_secret": "wrong"}), basic()), True),
        (with_header(urlencoded(FORM | {"client_id": "nobody"}), basic()), True),
        (with_header(urlencoded(GRANT), {"Authorization": "Basic !"}), True),
    ],
)
def test_wrong_credentials_are_refused_as_the_standard_says(tmp_path: Path, ask: Ask, challenged: bool) -> None:
    """401 with exactly `error` and `error_description`, wherever the wrong half stood, also when the two places do not
    agree; who used the header is told its scheme; an unknown client reads what a wrong secret does."""
    [reply] = ask_all(tmp_path, [ask])
    assert reply.status == 401
    assert list(reply.json) == ["error", "error_description"]
    assert reply.json["error"] == "invalid_client"
    assert reply.json["error_description"].startswith("AMANA-AUTH-004")
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in reply.headers) is challenged
    assert SECRET not in reply.body.decode()


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (urlencoded({**FORM, "grant_type": "password"}), "unsupported_grant_type"),
        (urlencoded({k: v for k, v in FORM.items() if k != "grant_type"}), "invalid_request"),
        ((b'{"grant_type":"client_credentials"}', {"Content-Type": "application/json"}), "invalid_request"),
        ((urlencode(FORM).encode() + b"&client_id=client-hr", URLENCODED), "invalid_request"),
    ],
)
def test_what_is_no_request_is_400(tmp_path: Path, ask: Ask, error: str) -> None:
    """Another grant, none, another kind of body, a field twice."""
    [reply] = ask_all(tmp_path, [ask])
    assert (reply.status, reply.json["error"]) == (400, error)
    assert list(reply.json) == ["error", "error_description"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A system at one gateway."""

    client: httpx.Client  # noqa: TID251 - a caller outside
    client_id: str
    secret: str
    key: PrivateKey

    def ask_token(self) -> httpx.Response:
        return self.client.post("/oauth/token", data=GRANT, auth=(self.client_id, self.secret))

    def push(self, token: str) -> httpx.Response:
        data = envelope.render_data({"pushCode": "JSON-CAL", "esbBody": CALENDAR})
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return self.client.post("/esb/push-request", content=envelope.seal(data, self.key), headers=headers)


@contextmanager
def another_gateway(data: Path) -> Iterator[str]:
    """A second gateway process on the files of a hub; its address."""
    tcp = listening.bind_tcp("127.0.0.1", 0)
    lifeline, held = os.pipe()
    arguments = ["--data", str(data), "--lifeline", str(lifeline), f"--listen={tcp.fileno()}"]
    command = processes.command_of("gateway", arguments)
    process = subprocess.Popen(command, pass_fds=(lifeline, tcp.fileno()), stdin=subprocess.DEVNULL)
    os.close(lifeline)
    try:
        host, port = tcp.getsockname()[:2]
        with socket.create_connection((host, port), timeout=60) as asked:  # waits in the backlog until it serves
            asked.sendall(b"GET /healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n")
            assert asked.recv(64).startswith(b"HTTP/1.1 200")
        yield f"http://{host}:{port}"
    finally:
        process.terminate()
        process.wait(20)
        os.close(held)
        tcp.close()


def until_refused(ask: object) -> float:
    """Seconds until a request is refused; every answer before is a success."""
    began = time.monotonic()
    while (answer := ask()).status_code == 200:  # type: ignore[operator]
        assert time.monotonic() - began < 10
    assert answer.status_code in REFUSED
    assert b"AMANA-AUTH-00" in answer.content
    return time.monotonic() - began


def test_every_gateway_honours_a_suspension_within_a_second(tmp_path: Path) -> None:
    """Two gateway processes on one hub. From the moment that the change is answered by the one, the other gives no
    token and takes no push under an older token a second later at most; a resumed system is let in again."""
    data = tmp_path / "hub"
    hub = HubProcess(data)
    hub.start()
    try:
        operator = Operator(data)
        operator.run("institution", "add", "--code", "KEM", "--name", "Unit (made up)")
        made = operator.run("system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(data / "hr"))
        operator.run("api", "add", "--code", "JSON-CAL", "--adapter", "generic_json", "--exchange", "calendar")
        operator.run("grant", "add", "--system", "HR", "--code", "JSON-CAL")
        key = load_private(read_private(data / "hr" / "HR.pem"))
        with another_gateway(data) as other, httpx.Client(base_url=other, trust_env=False, timeout=30) as client:  # noqa: TID251
            caller = Caller(client, made["clientId"], made["clientSecret"], key)
            for ask in (caller.ask_token, None):
                answer = caller.ask_token()
                assert answer.status_code == 200
                token = str(jsontext.parse(answer.content)["access_token"])
                assert caller.push(token).status_code == 200
                operator.run("system", "suspend", "HR")
                assert until_refused(ask or (lambda old=token: caller.push(old))) < 1.0
                assert caller.push(token).status_code in REFUSED
                assert caller.ask_token().status_code in REFUSED
                operator.run("system", "resume", "HR")
                began = time.monotonic()
                while caller.ask_token().status_code != 200:
                    assert time.monotonic() - began < 1.0
                assert caller.push(token).status_code == 401  # what was given before counts no more
    finally:
        hub.stop()
