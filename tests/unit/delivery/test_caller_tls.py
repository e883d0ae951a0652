"""The HTTP caller over real TLS: whom it believes, what it shows, what it does not follow or take."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hub import settings, tls
from hub.delivery.caller import HttpCaller, make_caller
from hub.errors import BadMessage
from hub.ports import Answer, Call
from tests.certificates import Authority, Pair

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Receiver:
    """Answers every request over TLS with the same bytes. `shown`: the certificates that callers showed."""

    def __init__(self) -> None:
        self.answer = OK
        self.port = 0
        self.connections = 0
        self.requests = 0
        self.shown: list[object] = []

    @contextlib.asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            async with server:
                yield self
        finally:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if writer.get_extra_info("ssl_object") is not None:
            self.shown.append(writer.get_extra_info("peercert"))
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                await reader.readexactly(next(int(line[16:]) for line in lines if line.startswith(b"content-length:")))
                self.requests += 1
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
            pass
        finally:
            writer.close()


def server_side(pair: Pair, client_ca: Path | None = None) -> ssl.SSLContext:
    return tls.server_context(pair.certificate, pair.key, client_ca)


async def ask(caller: HttpCaller, port: int, host: str = "localhost", timeout: float = 5.0) -> Answer:
    return await caller.call(Call(f"https://{host}:{port}/push", b"{}", "application/json", timeout))


Journey = Callable[[HttpCaller, Receiver], Awaitable[None]]


def run(
    folder: Path,
    journey: Journey,
    context: ssl.SSLContext | None,
    **given: object,
) -> None:
    """A journey with a caller by settings and a receiver."""
    allowed = {"outbound_hosts": "localhost,127.0.0.1", "outbound_private": True}

    async def story() -> None:
        caller = make_caller(settings.load(folder, **{**allowed, **given}))
        try:
            async with Receiver().serving(context) as receiver:
                await journey(caller, receiver)
        finally:
            await caller.close()

    asyncio.run(story())


def test_a_receiver_of_the_trusted_authority_is_believed_and_its_connection_kept(tmp_path: Path) -> None:
    """Three calls, one connection, one handshake."""
    authority = Authority(tmp_path)

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        for _ in range(3):
            assert await ask(caller, receiver.port) == Answer(200, b"{}", "application/json")
        assert (receiver.connections, receiver.requests) == (1, 3)

    run(tmp_path, journey, server_side(authority.give("r", "localhost")), outbound_ca=authority.file)


@pytest.mark.parametrize("case", ["other authority", "other name", "expired", "address only", "system trust"])
def test_a_certificate_that_does_not_prove_the_name_gets_no_byte(tmp_path: Path, case: str) -> None:
    """A stranger's authority, another name, an expired one, one for the address that the name leads to, or an authority
    that is not of the system's: no request is sent, and the answer says that nothing reached the other side."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    pair = {
        "other authority": lambda: stranger.give("r", "localhost"),
        "other name": lambda: authority.give("r", "receiver.example"),
        "expired": lambda: authority.give("r", "localhost", days=-0.5),
        "address only": lambda: authority.give("r", "127.0.0.1"),
        "system trust": lambda: authority.give("r", "localhost"),
    }[case]()

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        found = await ask(caller, receiver.port)
        assert (found.status, found.reached, found.reason) == (None, False, "ConnectError")
        assert receiver.requests == 0

    trusted = {} if case == "system trust" else {"outbound_ca": authority.file}
    run(tmp_path, journey, server_side(pair), **trusted)


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    """A receiver that knows TLS 1.1 at most gets no request."""
    authority = Authority(tmp_path)
    context = server_side(authority.give("r", "localhost"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        assert (await ask(caller, receiver.port)).reached is False
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await ask(caller, receiver.port)).status == 200

    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    run(tmp_path, journey, context, outbound_ca=authority.file)


def test_mutual_tls_shows_the_hubs_certificate(tmp_path: Path) -> None:
    """A receiver that asks for one sees the certificate of the settings."""
    authority, callers = Authority(tmp_path), Authority(tmp_path, "callers")
    mine = callers.give("hub-out")

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        assert (await ask(caller, receiver.port)).status == 200
        [shown] = receiver.shown
        assert dict(pair[0] for pair in shown["subject"]) == {"commonName": "hub-out"}  # type: ignore[index]

    context = server_side(authority.give("r", "localhost"), callers.file)
    given = {"outbound_certificate": mine.certificate, "outbound_key": mine.key}
    run(tmp_path, journey, context, outbound_ca=authority.file, **given)


@pytest.mark.parametrize("shown", [False, True])
def test_mutual_tls_without_the_right_certificate_is_no_answer(tmp_path: Path, shown: bool) -> None:
    """None, or one of another authority: the receiver does not serve the hub. In TLS 1.3 it says so after the request
    went out, so nobody may believe that nothing was sent."""
    authority, callers = Authority(tmp_path), Authority(tmp_path, "callers")
    wrong = authority.give("hub-out")

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        found = await ask(caller, receiver.port)
        assert (found.status, found.reached) == (None, True)
        assert receiver.requests == 0

    context = server_side(authority.give("r", "localhost"), callers.file)
    given = {"outbound_certificate": wrong.certificate, "outbound_key": wrong.key} if shown else {}
    run(tmp_path, journey, context, outbound_ca=authority.file, **given)


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    """The next connection after the files were replaced shows the new one."""
    authority = Authority(tmp_path)
    mine = authority.give("hub-out")

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        receiver.answer = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert (await ask(caller, receiver.port)).status == 200
        new = authority.give("renewed")
        new.certificate.replace(mine.certificate)
        new.key.replace(mine.key)
        assert (await ask(caller, receiver.port)).status == 200
        names = [dict(pair[0] for pair in shown["subject"])["commonName"] for shown in receiver.shown]  # type: ignore[index]
        assert names == ["hub-out", "renewed"]

    given = {"outbound_certificate": mine.certificate, "outbound_key": mine.key}
    context = server_side(authority.give("r", "localhost"), authority.file)
    run(tmp_path, journey, context, outbound_ca=authority.file, **given)


def test_redirects_private_addresses_and_strangers_over_tls(tmp_path: Path) -> None:
    """TLS changes nothing of the bounds: a redirect is an answer, a host off the list and a private address are refused."""
    authority = Authority(tmp_path)
    moved = b"HTTP/1.1 307 Moved\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n"

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        receiver.answer = moved
        assert (await ask(caller, receiver.port)).status == 307
        assert receiver.requests == 1
        with pytest.raises(BadMessage, match="AMANA-OUT-004"):
            await ask(caller, receiver.port, "other.example")
        public = HttpCaller(["localhost"], private=False)
        with pytest.raises(BadMessage, match="private address"):
            await ask(public, receiver.port)
        await public.close()
        assert receiver.connections == 1

    run(tmp_path, journey, server_side(authority.give("r", "localhost")), outbound_ca=authority.file)


def test_the_size_limit_of_the_settings_holds_over_tls(tmp_path: Path) -> None:
    """`AMANA_MAX_ANSWER` bytes are taken, one more is no answer, also when its length is not told."""
    authority = Authority(tmp_path)
    fits = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        receiver.answer = fits
        assert len((await ask(caller, receiver.port)).body) == 2000
        receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2001\r\n\r\n" + b"x" * 2001
        assert (await ask(caller, receiver.port)).reason == "answer too large"
        receiver.answer = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n%b\r\n" % (b"x" * 1000) * 3
        )
        assert (await ask(caller, receiver.port)).reason == "answer too large"

    given = {"outbound_ca": authority.file, "max_answer": 2000}
    run(tmp_path, journey, server_side(authority.give("r", "localhost")), **given)


def test_plain_http_where_tls_is_expected_is_not_reached(tmp_path: Path) -> None:
    """A receiver that does not speak TLS gets no request."""

    async def journey(caller: HttpCaller, receiver: Receiver) -> None:
        found = await ask(caller, receiver.port)
        assert (found.status, found.reached, receiver.requests) == (None, False, 0)

    run(tmp_path, journey, None)
