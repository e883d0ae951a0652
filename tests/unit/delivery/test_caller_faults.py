"""Receivers that are slow, dead, too talkative or dishonest: bounded in time, told apart, and no connection stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from hub import tls
from hub.delivery import caller as calling
from hub.delivery.caller import HttpCaller
from hub.ports import NO_PLACE, Answer, Call
from tests.certificates import Authority

Manner = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SHORT = 0.3  # seconds for a call that will not be answered
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


class Receiver:
    """Each connection is handed to `manner` after its first request, or at once when `eager`. `closed` counts the
    connections whose other end is gone."""

    def __init__(self, manner: Manner, *, eager: bool = False) -> None:
        self.manner = manner
        self.eager = eager
        self.opened = self.closed = self.requests = 0
        self.port = 0
        self._gone = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        self.requests += 1

    async def all_gone(self) -> None:
        """Wait until the caller has left every connection."""
        async with asyncio.timeout(5):
            while self.closed < self.opened:
                self._gone.clear()
                await self._gone.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            if not self.eager:
                await self.request(reader)
            await self.manner(reader, writer)
            with contextlib.suppress(OSError):
                while await reader.read(65_536):
                    pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed += 1
            self._gone.set()
            writer.close()


async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""


async def dribbling(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, so that no single read is late."""
    writer.write(BEGUN)
    for _number in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def dribbling_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Interim answers for ever."""
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def oversized(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _number in range(1000):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def endless_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _number in range(1000):
        writer.write(b"x-more: " + b"x" * 8000 + b"\r\n")
        await writer.drain()


async def hung_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Half closed where there is such a thing: TLS has none."""
    writer.write(BEGUN + b"half")
    hang_up(writer)


async def hung_up_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    hang_up(writer)


def hang_up(writer: asyncio.StreamWriter) -> None:
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Part of the answer, then RST."""
    writer.write(BEGUN + b"half")
    await writer.drain()
    link: socket.socket = writer.get_extra_info("socket")
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def switching(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nnoise")


async def two_answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")


async def ask(caller: HttpCaller, port: int, timeout: float = 5.0, scheme: str = "http") -> Answer:
    return await caller.call(Call(f"{scheme}://localhost:{port}/", b"{}" * 100, "application/json", timeout))


@contextlib.asynccontextmanager
async def calling_localhost(**given: object) -> AsyncIterator[HttpCaller]:
    caller = HttpCaller(["localhost"], private=True, **given)  # type: ignore[arg-type]
    try:
        yield caller
    finally:
        await caller.close()


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        (silent, "TimeoutError"),
        (dribbling, "TimeoutError"),
        (dribbling_head, "TimeoutError"),
        (oversized, "answer too large"),
        (endless_head, "RemoteProtocolError"),
        (hung_up, "RemoteProtocolError"),
        (hung_up_at_once, "RemoteProtocolError"),
        (reset, "ReadError"),
        (switching, "RemoteProtocolError"),
        (two_answers, "more than one answer"),
    ],
)
@pytest.mark.parametrize("secured", [False, True])
def test_what_is_no_answer_is_told_in_time_and_leaves_no_connection(
    tmp_path: Path, manner: Manner, reason: str, secured: bool
) -> None:
    """Plain or over TLS, with the caller still at work: within the deadline, `reached`, and the receiver sees the
    connection end."""
    authority = Authority(tmp_path)
    pair = authority.give("r", "localhost")

    async def story() -> None:
        context = tls.server_context(pair.certificate, pair.key, None) if secured else None
        trusted = tls.trust(authority.file, None)
        async with calling_localhost(context=lambda: trusted) as caller, Receiver(manner).serving(context) as receiver:
            began = time.monotonic()
            limit = SHORT if reason == "TimeoutError" else 5.0
            found = await ask(caller, receiver.port, limit, "https" if secured else "http")
            assert time.monotonic() - began < limit + 1
            assert (found.status, found.body, found.reached, found.reason) == (None, b"", True, reason)
            await receiver.all_gone()
            assert (receiver.opened, receiver.requests) == (1, 1)

    uvloop.run(story())


def test_a_handshake_that_does_not_end_is_not_reached_and_leaves_no_connection() -> None:
    """A receiver that takes the connection and never speaks TLS: nothing of the request can have reached it."""

    async def story() -> None:
        trusted = ssl.create_default_context()
        silence = Receiver(silent, eager=True)
        async with calling_localhost(context=lambda: trusted) as caller, silence.serving() as receiver:
            found = await ask(caller, receiver.port, SHORT, "https")
            assert (found.status, found.reached) == (None, False)
            await receiver.all_gone()
            assert receiver.opened == 1

    uvloop.run(story())


def test_who_gives_up_a_call_leaves_no_connection() -> None:
    """A call that is cancelled, at any moment, ends its connection."""

    async def story() -> None:
        async with calling_localhost() as caller, Receiver(dribbling).serving() as receiver:
            for wait in (0.0, 0.001, 0.003, 0.01, 0.05):
                call = asyncio.create_task(ask(caller, receiver.port))
                await asyncio.wait([call], timeout=wait)
                call.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await call
            await receiver.all_gone()
            assert caller._pool.connections == []

    uvloop.run(story())


def test_what_is_an_answer_keeps_its_connection() -> None:
    """HTML, an error, an empty body: answers all, and the next call goes over the same connection."""
    html = b"<html>" * 10
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(html), html),
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK,
    ]

    async def story() -> None:
        async def manner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for answer in answers:
                writer.write(answer)
                await receiver.request(reader)

        async with calling_localhost() as caller, Receiver(manner).serving() as receiver:
            found = [await ask(caller, receiver.port) for _ in answers]
            assert [(answer.status, answer.body) for answer in found] == [
                (200, html),
                (500, b""),
                (204, b""),
                (200, b"{}"),
                (200, b"{}"),
            ]
            assert found[0].content_type == "text/html"
            assert receiver.opened == 1

    uvloop.run(story())


def test_a_second_answer_is_never_taken_for_the_next_one() -> None:
    """What came too much on a connection does not answer somebody else's question."""

    async def story() -> None:
        async with calling_localhost() as caller, Receiver(two_answers).serving() as receiver:
            found = [await ask(caller, receiver.port) for _ in range(3)]
            assert [answer.body for answer in found] == [b""] * 3
            assert receiver.opened == 3

    uvloop.run(story())


def test_a_kept_connection_that_has_died_is_not_used() -> None:
    """The receiver closed it while it was idle: the next call opens another one and is answered."""

    async def story() -> None:
        async def manner(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(OK)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        async with calling_localhost() as caller, Receiver(manner).serving() as receiver:
            for number in range(1, 4):
                assert (await ask(caller, receiver.port)).status == 200
                await receiver.all_gone()
                assert receiver.opened == number

    uvloop.run(story())


def test_a_kept_connection_that_dies_under_a_call_may_have_reached() -> None:
    """The receiver reads the second request and hangs up: nobody may say that nothing was sent."""

    async def story() -> None:
        async def manner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(OK)
            await receiver.request(reader)
            writer.close()

        async with calling_localhost() as caller, Receiver(manner).serving() as receiver:
            assert (await ask(caller, receiver.port)).status == 200
            found = await ask(caller, receiver.port)
            assert (found.status, found.reached, receiver.requests) == (None, True, 2)
            await receiver.all_gone()
            assert receiver.opened == 1

    uvloop.run(story())


def test_a_slow_host_takes_only_its_own_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its lane full, one more call to it waits and was not sent; another host is answered at once."""

    async def story() -> None:
        taken = asyncio.Semaphore(0)

        async def stall(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
            taken.release()

        slow, quick = Receiver(stall), Receiver(answering)
        async with calling_localhost() as caller, slow.serving(), quick.serving():
            stuck = [asyncio.create_task(ask(caller, slow.port)) for _ in range(2)]
            for _ in stuck:
                await taken.acquire()
            late = await ask(caller, slow.port, SHORT)
            assert (late.status, late.reached, late.reason, slow.opened) == (None, False, NO_PLACE, 2)
            assert (await ask(caller, quick.port)).status == 200
            for call in stuck:
                call.cancel()
            await asyncio.wait(stuck)
            await slow.all_gone()
            assert len(caller._lanes) == 0

    async def answering(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    monkeypatch.setattr(calling, "HOST_CONNECTIONS", 2)
    uvloop.run(story())


def test_a_silent_resolver_is_not_reached() -> None:
    """The deadline covers the look-up too."""

    async def story() -> None:
        async def resolve(_: str, __: int) -> list[str]:
            await asyncio.Event().wait()
            return []

        async with calling_localhost(resolve=resolve) as caller:
            found = await ask(caller, 80, SHORT)
            assert (found.status, found.reached) == (None, False)

    uvloop.run(story())
