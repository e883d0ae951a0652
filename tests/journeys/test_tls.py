"""TLS in and out: a served hub that asks callers for certificates, and a delivery to a receiver that does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from hub import settings, tls
from hub.cli.main import invoke
from hub.control.client import HubClient
from hub.delivery.caller import HttpCaller, make_caller
from hub.demo.onboarding import Operator
from hub.ports import Answer, Call
from hub.serve.listening import read_address
from hub.serve.readiness import await_ready
from signing import envelope, jsontext
from signing.keyfiles import read_private
from signing.keys import KeyRing, KeyWindow, PrivateKey, load_private, load_public
from tests.certificates import Authority, Pair
from tests.simulator.hub import SimHub
from tests.simulator.month import settle
from tests.simulator.outbox import delivering, put, states
from tests.unit.gateway.onboarded import CALENDAR


@dataclass(frozen=True, slots=True)
class Served:
    """A hub with TLS and an authority for its callers, one system on board. `mine`: certificate and key of a caller."""

    data: Path
    url: str
    authority: Authority
    hub: Pair
    mine: Path
    client_id: str
    secret: str
    key: PrivateKey

    def asking(self, certificate: Path | None) -> httpx.Client:  # noqa: TID251 - a caller outside
        return httpx.Client(  # noqa: TID251
            base_url=self.url, verify=tls.trust(self.authority.file, certificate), trust_env=False
        )

    def token(self, client: httpx.Client) -> httpx.Response:  # noqa: TID251
        return client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=(self.client_id, self.secret)
        )


def whole(pair: Pair) -> Path:
    """Certificate and key in one private file."""
    made = pair.key.with_suffix(".both.pem")
    made.touch(0o600)
    made.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`amana serve` with TLS on a port of its own."""
    folder = tmp_path_factory.mktemp("tls")
    data = folder / "data"
    authority, callers = Authority(folder), Authority(folder, "callers")
    pair = authority.give("hub", "127.0.0.1")
    environment = {
        "AMANA_TLS_CERTIFICATE": str(pair.certificate),
        "AMANA_TLS_KEY": str(pair.key),
        "AMANA_TLS_CLIENT_CA": str(callers.file),
    }
    command = [sys.executable, "-m", "hub.cli.main", "serve", "--role", "gateway", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        try:
            assert await_ready(data, 60, lambda: process.poll() is None)
            operator = Operator(data)
            operator.run("institution", "add", "--code", "KEM", "--name", "Unit (made up)")
            keys = folder / "keys"
            keys.mkdir(mode=0o700)
            made = operator.run("system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(keys))
            operator.run("api", "add", "--code", "JSON-CAL", "--adapter", "generic_json", "--exchange", "calendar")
            operator.run("grant", "add", "--system", "HR", "--code", "JSON-CAL")
            key = load_private(read_private(keys / "HR.pem"))
            mine = whole(callers.give("caller"))
            url = read_address(data)
            assert url is not None
            yield Served(data, url, authority, pair, mine, made["clientId"], made["clientSecret"], key)
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=20)
    assert f"amana: {url}" in said


def test_token_and_push_over_tls(served: Served) -> None:
    """With a certificate of the callers' authority everything is as without TLS, on one connection, and the address
    that the hub says begins with https."""
    assert served.url.startswith("https://127.0.0.1:")
    with served.asking(served.mine) as client:
        public = load_public(client.get("/api/v1/hub").json()["publicKey"])
        token = served.token(client).json()["access_token"]
        body = envelope.seal(envelope.render_data({"pushCode": "JSON-CAL", "esbBody": CALENDAR}), served.key)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = client.post("/esb/push-request", content=body, headers=headers)
        assert answer.status_code == 200
        found = envelope.frame(answer.content)
        envelope.verify(found, KeyRing([KeyWindow(public, 0)]), 1)
        assert jsontext.parse(found.data)["success"] is True


@pytest.mark.parametrize("who", ["nobody", "stranger"])
def test_without_the_right_certificate_there_is_no_connection(served: Served, tmp_path: Path, who: str) -> None:
    """Whoever shows none, or one of another authority, gets no answer at all, not even to ask for a token."""
    shown = None if who == "nobody" else whole(Authority(tmp_path, "other").give("caller"))
    with served.asking(shown) as client, pytest.raises(httpx.TransportError):
        served.token(client)


def test_plain_http_gets_nothing_from_the_port(served: Served) -> None:
    """The port speaks TLS and nothing else."""
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.TransportError):  # noqa: TID251
        client.get(served.url.replace("https", "http") + "/healthz")


def test_the_local_socket_needs_no_certificate(served: Served) -> None:
    """Commands on this machine go on as before."""
    with HubClient(served.data, None) as client:
        assert "publicKey" in client.public("/api/v1/hub")


def test_commands_take_the_authority_and_a_certificate(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--ca` and `--client-certificate`, or their variables, lead to a hub elsewhere; without them the words say which
    is missing."""
    operator = served.data / "keys" / "operators" / "admin.pem"
    words = ["institution", "list", "--url", served.url, "--operator", str(operator)]
    status, text = invoke(words)
    assert (status, "name its authority with --ca" in text) == (1, True)
    status, text = invoke([*words, "--ca", str(served.authority.file)])
    assert (status, "--client-certificate" in text) == (1, True)
    monkeypatch.setenv("AMANA_CA", str(served.authority.file))
    status, text = invoke([*words, "--client-certificate", str(served.mine)])
    assert (status, "Unit (made up)" in text) == (0, True)
    served.mine.chmod(0o644)
    try:
        status, text = invoke([*words, "--client-certificate", str(served.mine)])
        assert (status, "--client-certificate: mode is 0644, 0600 expected" in text) == (3, True)
    finally:
        served.mine.chmod(0o600)


def test_the_reference_sender_speaks_tls(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`amana send` to an address with TLS, with the same two options as every command."""
    file = tmp_path / "calendar.json"
    file.write_bytes(jsontext.render(CALENDAR))
    monkeypatch.setenv("AMANA_CLIENT_SECRET", served.secret)
    words = ["send", "--url", served.url, "--client-id", served.client_id, "--code", "JSON-CAL", "--no-token-cache"]
    words += ["--key", str(served.data.parent / "keys" / "HR.pem"), "--json", str(file)]
    status, text = invoke([*words, "--ca", str(served.authority.file), "--client-certificate", str(served.mine)])
    assert status == 0, text
    assert jsontext.parse(text.encode())["sent"] == 1
    assert invoke(words)[0] == 1


def serial(served: Served) -> str:
    """Serial number of the certificate that the hub shows to a new connection."""
    host, _, port = served.url.removeprefix("https://").rpartition(":")
    context = tls.trust(served.authority.file, served.mine)
    link = socket.create_connection((host, int(port)), timeout=10)
    with context.wrap_socket(link, server_hostname=host) as secured:
        return str((secured.getpeercert() or {})["serialNumber"])


def test_a_renewed_certificate_is_shown_without_a_restart(served: Served) -> None:
    """The connection after the files were replaced sees the new certificate; half of a renewal changes nothing."""
    before = serial(served)
    new = served.authority.give("renewed", "127.0.0.1")
    new.certificate.replace(served.hub.certificate)
    assert serial(served) == before
    new.key.replace(served.hub.key)
    assert serial(served) != before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tls_certificate": "hub.pem"}, "AMANA_TLS_CERTIFICATE and AMANA_TLS_KEY: both"),
        ({"tls_certificate": "hub.pem", "tls_key": "none.key"}, "AMANA_TLS_KEY: No such file"),
        ({"outbound_ca": "hub.key"}, "AMANA_OUTBOUND_CA: certificates of authorities"),
    ],
)
def test_files_that_are_not_usable_refuse_the_start(tmp_path: Path, given: dict[str, str], said: str) -> None:
    """Exit status 3, the setting and what was expected, before anything is made or served."""
    Authority(tmp_path).give("hub", "127.0.0.1")
    environment = {f"AMANA_{name.upper()}": str(tmp_path / file) for name, file in given.items()}
    command = [sys.executable, "-m", "hub.cli.main", "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )
    assert (done.returncode, done.stderr.startswith("AMANA-CONF-007"), said in done.stderr) == (3, True, True)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "keys").exists()


@pytest.mark.parametrize("more", [{}, {"AMANA_TRUSTED_PROXIES": "10.0.0.0/8"}])
def test_an_open_port_without_tls_is_warned_of_at_every_start(tmp_path: Path, more: dict[str, str]) -> None:
    """`--host` of the network without TLS and without a proxy that has it: a line on standard error, each time."""
    command = [sys.executable, "-m", "hub.cli.main", "serve", "--role", "worker", "--data", str(tmp_path / "data")]
    for _ in range(2):
        lifeline, held = os.pipe()
        os.close(held)  # so it ends as soon as it runs
        words = [*command, "--host", "0.0.0.0", "--lifeline", str(lifeline)]
        done = subprocess.run(
            words,
            pass_fds=(lifeline,),
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **more},
            check=False,
        )
        os.close(lifeline)
        assert ("AMANA_HOST is open to the network without TLS" in done.stderr) == (not more)


@contextlib.asynccontextmanager
async def receiving(context: ssl.SSLContext, answer: Callable[[bytes], object]) -> AsyncIterator[int]:
    """A receiver over TLS on a free port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(n[16:]) for n in head.lower().split(b"\r\n") if n.startswith(b"content-length:"))
                found: Answer = await answer(await reader.readexactly(length))  # type: ignore[misc]
                top = f"HTTP/1.1 {found.status} .\r\ncontent-type: {found.content_type}\r\n"
                writer.write(top.encode() + b"content-length: %d\r\n\r\n%b" % (len(found.body), found.body))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("days", "well", "found"), [(20.5, True, "ends in 20 days"), (13.5, False, "ends in 13 days"),
                                                     (-0.5, False, "has ended")])  # fmt: skip
def test_the_doctor_says_when_a_certificate_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, well: bool, found: str
) -> None:
    """Two weeks before the end it becomes a failure that says what to do; files that are not usable are one too."""
    pair = Authority(tmp_path).give("hub", days=days)
    monkeypatch.setenv("AMANA_TLS_CERTIFICATE", str(pair.certificate))
    monkeypatch.setenv("AMANA_TLS_KEY", str(pair.key))

    def checks() -> dict[str, dict[str, object]]:
        _, text = invoke(["doctor", "--data", str(tmp_path / "data"), "--json"])
        return {check["name"]: check for check in jsontext.parse(text.encode())["checks"]}

    checked = checks()
    assert (checked["AMANA_TLS_CERTIFICATE"]["ok"], checked["AMANA_TLS_CERTIFICATE"]["found"]) == (well, found)
    assert checked["TLS inbound"]["ok"] is True
    pair.key.chmod(0o644)
    broken = checks()["TLS inbound"]
    assert (broken["ok"], broken["found"]) == (False, "AMANA_TLS_KEY: mode is 0644, 0600 expected")


@dataclass
class Redirected:
    """The real caller, to where the receiver of this test listens."""

    caller: HttpCaller
    url: str

    async def call(self, call: Call) -> Answer:
        return await self.caller.call(replace(call, url=self.url))

    async def close(self) -> None:
        await self.caller.close()


@pytest.mark.parametrize("shown", [True, False])
def test_a_delivery_to_a_receiver_with_mutual_tls(tmp_path: Path, shown: bool) -> None:
    """With the hub's certificate the message is delivered and its signed answer confirms it; without, it is retried and
    the receiver has seen nothing."""
    authority, callers = Authority(tmp_path), Authority(tmp_path, "callers")
    pair, mine = authority.give("receiver", "localhost"), callers.give("hub")
    given = {"outbound_certificate": mine.certificate, "outbound_key": mine.key} if shown else {}
    allowed = settings.load(
        tmp_path, outbound_hosts="localhost", outbound_private=True, outbound_ca=authority.file, **given
    )

    async def story() -> None:
        hub = SimHub()
        payroll = hub.receiver
        media = "application/json"
        context = tls.server_context(pair.certificate, pair.key, callers.file)
        async with receiving(context, lambda body: payroll.call(Call("", body, media, 1))) as port:
            hub.receiver = Redirected(make_caller(allowed), f"https://localhost:{port}/gaji")  # type: ignore[assignment]
            try:
                await delivering(hub)
                sent = await put(hub, "one", "a")
                await settle(hub)
                assert await states(hub) == {sent.request: "confirmed" if shown else "dead"}
                assert list(payroll.taken) == ([sent.request] if shown else [])
            finally:
                await hub.receiver.close()

    asyncio.run(story())
