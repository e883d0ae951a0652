"""The HTTP caller against a real socket: whom it may call, and what it makes of what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

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
