"""The bounds of connections hold under TLS, from the first byte of a handshake on, at a real server."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from hub import logs, tls
from hub.gateway import wire
from hub.serve import gateway, handshakes, http
from hub.serve.handshakes import TlsListener
from hub.serve.http import Callers
from tests.certificates import Authority
from tests.journeys.test_connections import exchange, head, serving

Story = Callable[[int, ssl.SSLContext], Awaitable[None]]
HEALTH = head("/healthz", "connection: close", method="GET")


def run(path: Path, story: Story) -> None:
    """A story at a server with TLS, on the loop that serves: its port, and what a caller trusts."""
    authority = Authority(path)
    pair = authority.give("hub", "127.0.0.1")
    certificates = tls.Renewed(lambda: tls.server_context(pair.certificate, pair.key, None), [])

    async def whole() -> None:
        async with serving(path, certificates) as (_, port):
            await story(port, tls.trust(authority.file, None))

    uvloop.run(whole())


async def ask(port: int, context: ssl.SSLContext, sent: bytes = HEALTH) -> bytes:
    """All that comes back over TLS until the server closes."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except OSError:
        return b""
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    except OSError:
        return b""
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def half_open(port: int, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connections that begin a handshake and say no more."""
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for _, writer in links:
        writer.write(b"\x16\x03\x01\x02\x00\x01")
    try:
        yield [reader for reader, _ in links]
    finally:
        for _, writer in links:
            writer.close()


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_that_does_not_end_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sent: bytes
) -> None:
    """Silent from the start or in the middle: the connection ends in bounded time, and nothing is logged."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        assert await exchange(port, sent) == b""
        assert (await ask(port, context))[9:12] == b"200"

    monkeypatch.setattr(handshakes, "HANDSHAKE_SECONDS", 1.0)
    logs.configure()
    run(tmp_path, story)
    assert capsys.readouterr().err == ""


def test_garbage_instead_of_a_handshake_leaves_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain HTTP, noise, and who hangs up in the middle."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        for sent in (HEALTH, b"\x00" * 2000):
            assert b"200" not in (await exchange(port, sent))[:20]
        async with half_open(port, 3):
            pass
        assert (await ask(port, context))[9:12] == b"200"

    logs.configure()
    run(tmp_path, story)
    assert capsys.readouterr().err == ""


def test_half_open_handshakes_of_one_caller_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its places taken, a caller's next connection ends at once; when they are free again it is served."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        async with half_open(port, 2):
            assert await ask(port, context) == b""
        while not await ask(port, context):
            pass

    monkeypatch.setattr(gateway, "CALLER_HANDSHAKES", 2)
    run(tmp_path, story)


def test_half_open_handshakes_of_all_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every place taken the next connection waits outside, and is served when one of them ends."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        async with half_open(port, 2):
            waiting = asyncio.create_task(ask(port, context))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done
        assert (await waiting)[9:12] == b"200"

    monkeypatch.setattr(TlsListener.__init__, "__defaults__", (2,))
    run(tmp_path, story)


def test_connections_of_one_caller_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After their handshake connections count as without TLS."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        links = [await asyncio.open_connection("127.0.0.1", port, ssl=context) for _ in range(2)]
        for reader, writer in links:
            writer.write(head("/healthz", method="GET"))
            assert (await reader.readuntil(b"\r\n\r\n"))[9:12] == b"200"
        assert await ask(port, context) == b""
        for _, writer in links:
            writer.close()
        while not await ask(port, context):
            pass

    monkeypatch.setattr(gateway, "Callers", lambda proxies, limit=2: Callers(proxies, limit))
    run(tmp_path, story)


def test_a_dribbled_head_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose head does not come ends its connection; one past the limit is refused."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        assert await ask(port, context, b"GET /healthz HT") == b""
        answer = await ask(port, context, head("/healthz", "x-much: " + "x" * 20_000, method="GET"))
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")

    monkeypatch.setattr(http, "HEAD_SECONDS", 0.1)
    run(tmp_path, story)


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender gets its 408 over TLS too."""

    async def story(port: int, context: ssl.SSLContext) -> None:
        answer = await ask(port, context, head("/esb/push-request", "content-length: 100") + b"{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"AMANA-HTTP-005" in answer

    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    run(tmp_path, story)


def test_a_process_without_files_accepts_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no connection can be taken, the listener waits and goes on; nobody is turned away."""
    failures = iter([OSError(24, "too many open files")])

    async def story(port: int, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        real = type(loop).sock_accept

        async def failing(self: asyncio.AbstractEventLoop, listening: object) -> object:
            for failure in failures:
                raise failure
            return await real(self, listening)  # type: ignore[arg-type]

        monkeypatch.setattr(uvloop.Loop, "sock_accept", failing)
        answers = [(await ask(port, context))[9:12] for _ in range(3)]
        assert answers == [b"200"] * 3
        assert list(failures) == []

    monkeypatch.setattr(handshakes, "PAUSE", 0.01)
    run(tmp_path, story)
