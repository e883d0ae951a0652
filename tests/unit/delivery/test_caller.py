"""The HTTP caller against a real socket: whom it may call, and what it makes of what comes back."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore
import pytest

from hub.delivery.caller import HttpCaller
from hub.errors import BadMessage
from hub.ports import Answer, Call

Handle = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def _serve(handle: Handle, exchange: Callable[[int], Awaitable[None]]) -> None:
    """A server on a free port that hands each whole request to `handle`."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await handle(head + await reader.readexactly(length), writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        await exchange(server.sockets[0].getsockname()[1])


def _respond(status: str, body: bytes, *headers: str) -> Handle:
    async def handle(_: bytes, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return handle


def _ask(
    handle: Handle, *, timeout: float = 5.0, max_answer: int = 1000, after: Callable[[], None] = lambda: None
) -> Answer:
    """The answer to one call to a server that does this."""
    answers: list[Answer] = []

    async def exchange(port: int) -> None:
        caller = HttpCaller(["localhost"], private=True, max_answer=max_answer)
        answers.append(await caller.call(Call(f"http://localhost:{port}/push", b"{}", "application/json", timeout)))
        after()
        await caller.close()

    asyncio.run(_serve(handle, exchange))
    return answers[0]


def test_an_answer_is_brought_whole() -> None:
    """Status, body and content type come back as they were sent."""
    assert _ask(_respond("401 No", b"{}", "Content-Type: application/json")) == Answer(401, b"{}", "application/json")


def test_a_redirect_is_not_followed() -> None:
    """A receiver cannot send the hub elsewhere."""
    assert _ask(_respond("302 Found", b"", "Location: http://192.0.2.1/")).status == 302


def test_an_answer_too_large_is_no_answer() -> None:
    """Reading stops at the limit."""
    found = _ask(_respond("200 OK", b"x" * 2000))
    assert (found.status, found.body, found.reached) == (None, b"", True)


def test_the_deadline_covers_the_whole_exchange() -> None:
    """A receiver that dribbles its answer does not hold the call longer than the timeout."""
    called = asyncio.Event()

    async def dribble(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        await writer.drain()
        await called.wait()

    found = _ask(dribble, timeout=0.2, after=called.set)
    assert (found.status, found.reached) == (None, True)


def test_nobody_there_is_told_from_no_answer() -> None:
    """When no connection came about, nothing can have reached the receiver."""

    async def go() -> Answer:
        caller = HttpCaller(["localhost"], private=True)
        server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        found = await caller.call(Call(f"http://localhost:{port}/", b"{}", "application/json", 2.0))
        await caller.close()
        return found

    found = asyncio.run(go())
    assert (found.status, found.reached) == (None, False)


@pytest.mark.parametrize(
    ("hosts", "private", "url"),
    [
        ([], True, "http://localhost/"),
        (["example.org"], True, "http://localhost/"),
        ([".example.org"], True, "http://example.org/"),
        ([".example.org"], True, "http://notexample.org/"),
        (["localhost"], False, "http://localhost/"),
        (["127.0.0.1"], False, "http://127.0.0.1/"),
        (["169.254.169.254"], False, "http://169.254.169.254/"),
        (["10.0.0.1"], False, "https://10.0.0.1/"),
        (["::1"], False, "http://[::1]/"),
        (["localhost"], True, "ftp://localhost/"),
        (["localhost"], True, "file:///etc/passwd"),
        (["localhost"], True, "http://localhost:99999/"),
        (["localhost"], True, "http://localhost:a/"),
        (["localhost"], True, "http://localhost/\x00"),
        (["localhost"], True, "http://[::1"),
        (["localhost"], True, "http://\u2024.example/"),
        (["localhost"], True, "http://" + "a" * 64 + ".example/"),
        (["localhost"], True, ""),
    ],
)
def test_a_forbidden_address_is_never_called(hosts: list[str], private: bool, url: str) -> None:
    """Off the allow-list, or private without the setting: refused before anything is opened."""

    async def go() -> None:
        caller = HttpCaller(hosts, private=private)
        try:
            await caller.call(Call(url, b"{}", "application/json", 2.0))
        finally:
            await caller.close()

    with pytest.raises(BadMessage, match="AMANA-OUT-004"):
        asyncio.run(go())


def test_a_name_that_changes_its_answer_leads_nowhere() -> None:
    """The connection goes to the address that was checked: the name is not looked up a second time."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    network = _Network()

    async def resolve(_host: str, _port: int) -> list[str]:
        return next(answers)

    found = _call_over(network, resolve, "http://receiver.example/")
    assert (network.connected, found.reached) == ([("93.184.215.14", 80)], False)


def test_one_private_address_among_public_ones_is_refused() -> None:
    """A name is as private as the most private of its addresses."""
    network = _Network()

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(BadMessage, match="private address"):
        _call_over(network, resolve, "http://receiver.example/")
    assert network.connected == []


def test_the_next_address_is_tried() -> None:
    """When the first address does not take the connection, the next one of the same answer does."""
    network = _Network()

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", "2606:2800:21f::1"]

    assert _call_over(network, resolve, "http://receiver.example/").reached is False
    assert network.connected == [("93.184.215.14", 80), ("2606:2800:21f::1", 80)]


def test_a_name_that_cannot_be_looked_up_is_not_reached() -> None:
    """No address, or a name that the resolver cannot take: an answer that says so, no exception."""
    network = _Network()

    async def nothing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async def unreadable(_host: str, _port: int) -> list[str]:
        raise UnicodeError("label too long")

    found = [_call_over(network, resolve, "http://receiver.example/") for resolve in (nothing, unreadable)]
    assert [(answer.status, answer.reached) for answer in found] == [(None, False), (None, False)]


def test_tls_and_host_keep_the_name() -> None:
    """The address is only where the connection goes; the certificate is asked of the name."""
    network = _Network(reachable=True)

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14"]

    found = _call_over(network, resolve, "https://receiver.example:8443/push?a=b")
    assert (network.connected, network.names) == ([("93.184.215.14", 8443)], ["receiver.example"])
    head, _, _ = network.written.partition(b"\r\n\r\n")
    assert b"POST /push?a=b HTTP/1.1\r\nHost: receiver.example:8443\r\n" in head
    assert found == Answer(200, b"{}", "application/json")


def test_only_plain_answers_are_asked_for() -> None:
    """The receiver is told not to compress."""
    seen: list[bytes] = []
    respond = _respond("200 OK", b"{}")

    async def handle(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request.lower())
        await respond(request, writer)

    assert _ask(handle).status == 200
    assert b"\r\naccept-encoding: identity\r\n" in seen[0]


def test_a_compressed_answer_is_no_answer() -> None:
    """A small answer that would unfold past the limit is not unfolded."""
    bomb = gzip.compress(b"0" * 1_000_000)
    found = _ask(_respond("200 OK", bomb, "Content-Encoding: gzip"), max_answer=len(bomb))
    assert (found.status, found.body, found.reached) == (None, b"", True)


def test_nothing_that_the_other_side_does_is_raised() -> None:
    """An answer that is no HTTP is no answer."""

    async def garbage(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff nothing\r\n\r\n")
        await writer.drain()

    found = _ask(garbage)
    assert (found.status, found.reached) == (None, True)


class _Network(httpcore.AsyncMockBackend):
    """Records where connections go and what is said there; nobody is there unless `reachable`."""

    def __init__(self, *, reachable: bool = False) -> None:
        super().__init__([])
        self.reachable = reachable
        self.connected: list[tuple[str, int]] = []
        self.names: list[str | None] = []
        self.written = b""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        if not self.reachable:
            raise httpcore.ConnectError("nobody")
        return _Stream(self)


class _Stream(httpcore.AsyncMockStream):
    def __init__(self, network: _Network) -> None:
        super().__init__([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"])
        self._network = network

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._network.written += buffer

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._network.names.append(server_hostname)
        return self


def _call_over(network: _Network, resolve: Callable[[str, int], Awaitable[list[str]]], url: str) -> Answer:
    """The answer to one call to a public receiver over this network."""

    async def go() -> Answer:
        caller = HttpCaller(["receiver.example"], private=False, resolve=resolve, network=network)
        try:
            return await caller.call(Call(url, b"{}", "application/json", 2.0))
        finally:
            await caller.close()

    return asyncio.run(go())
