"""Connections that dribble, stall, crowd or break off, at a real server: answered or cut in bounded time, never logged."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub import logs
from hub.gateway import wire
from hub.gateway.address import parse_networks
from hub.gateway.api import build_api
from hub.gateway.app import Gateway
from hub.serve import http
from hub.serve.gateway import make_server
from hub.serve.http import Callers
from hub.tls import Renewed
from tests.journeys.gateway_client import Site, open_site
from tests.unit.gateway.onboarded import NETWORK, PATH, SERIAL

STALLED = ["/esb/push-request", "/oauth/token", "/api/v1/changes", f"/{PATH}/iclock/cdata?SN={SERIAL}&table=ATTLOG"]


@contextlib.asynccontextmanager
async def serving(
    path: Path, certificates: Renewed | None = None, wrap: Callable[[Gateway], wire.ASGIApp] | None = None
) -> AsyncIterator[tuple[Site, int]]:
    """A gateway with its API behind the real server, on a port of its own. `wrap`: what stands in its place."""
    async with open_site(path) as site:
        gateway = Gateway(site.gateway.context, build_api(site.gateway.context))
        listening = socket.create_server(("127.0.0.1", 0))
        server = make_server(gateway, certificates, wrap)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield Site(gateway, site.log, site.store, site.house, site.clock), listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def exchange(port: int, sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def head(target: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "host: hub", *lines, "", ""]).encode()


@pytest.mark.parametrize("target", STALLED)
@pytest.mark.parametrize("part", [b"", b"{"])
def test_a_body_that_does_not_come_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str, part: bytes
) -> None:
    """Whether its first byte or its last is missing, the sender gets 408 with a stable code on a connection that ends,
    and nothing is logged."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            answer = await exchange(port, head(target, "content-length: 100") + part)
            top, _, body = answer.partition(b"\r\n\r\n")
            assert top.startswith(b"HTTP/1.1 408 ")
            assert b"\r\nconnection: close" in top.lower()
            assert b"AMANA-HTTP-005" in body

    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    logs.configure()
    asyncio.run(story())
    assert capsys.readouterr().err == ""


def test_a_body_that_nobody_reads_ends_its_connection_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered before its body came does not hold the connection for ever."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            answer = await exchange(port, head("/healthz", "content-length: 1000000", method="GET"))
            assert answer.startswith(b"HTTP/1.1 200 ")

    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(http, "SPARE_SECONDS", 0.05)
    asyncio.run(story())


@pytest.mark.parametrize("target", STALLED)
def test_whoever_breaks_off_leaves_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    """A sender that goes away within its body is nobody's failure: no log line, however many do it."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            for _ in range(5):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head(target, "content-length: 100") + b"{")
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            assert (await exchange(port, head("/healthz", "connection: close", method="GET")))[9:12] == b"200"

    logs.configure()
    asyncio.run(story())
    assert capsys.readouterr().err == ""


def test_odd_forms_and_garbage_leave_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the form parser nor the server comments upon what strangers send."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            form = b"--x\r\nbroken\r\n\r\n--"
            kind = (
                "content-type: multipart/form-data; boundary=x",
                f"content-length: {len(form)}",
                "connection: close",
            )
            assert (await exchange(port, head("/oauth/token", *kind) + form))[9:12] == b"400"
            assert (await exchange(port, b"no http at all\r\n\r\n"))[9:12] == b"400"

    logs.configure()
    asyncio.run(story())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("size", [20_000, 300_000])
def test_a_head_past_its_limit_is_refused(tmp_path: Path, size: int) -> None:
    """Also one that arrives in one piece, so that no header of a stranger is kept anywhere. Whether the answer reaches
    the sender is the network's matter; 200 never does."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            answer = await exchange(port, head("/healthz", "x-much: " + "x" * size, method="GET"))
            assert answer == b"" or (answer.startswith(b"HTTP/1.1 431 ") and b"AMANA-HTTP-006" in answer)

    asyncio.run(story())


def test_a_large_body_with_its_head_is_no_large_head(tmp_path: Path) -> None:
    """What comes in one segment with the head is not counted as head."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            sent = head("/esb/push-request", "content-length: 40000", "connection: close") + b"x" * 40_000
            assert (await exchange(port, sent))[9:12] == b"401"

    asyncio.run(story())


def test_one_caller_cannot_take_every_connection() -> None:
    """Past the limit a caller gets no more, others do; who closes one may open one. The addresses of one /64 are one
    caller; a trusted proxy and the local socket are not counted."""
    callers = Callers(parse_networks(["203.0.113.1"]), 2)
    names = [callers.enter("2001:db8::1"), callers.enter("2001:db8::ffff:1")]
    with pytest.raises(ConnectionRefusedError):
        callers.enter("2001:db8::2")
    assert names == ["2001:db8::/64"] * 2
    assert callers.enter("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    callers.leave("2001:db8::/64")
    assert callers.enter("2001:db8::2") == "2001:db8::/64"
    assert [callers.enter(who) for who in ("203.0.113.1", None) for _ in range(5)] == [None] * 10


def test_connections_past_the_limit_of_a_caller_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the server: the third connection of one address ends at once while two are open."""

    async def story() -> None:
        async with serving(tmp_path) as (_, port):
            first = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            for reader, writer in first:
                writer.write(head("/healthz", method="GET"))
                assert (await reader.readuntil(b"\r\n\r\n"))[9:12] == b"200"
            assert await exchange(port, head("/healthz", method="GET")) == b""
            for _, writer in first:
                writer.close()
                await writer.wait_closed()
            while not (await exchange(port, head("/healthz", "connection: close", method="GET"))).startswith(b"HTTP"):
                pass

    monkeypatch.setattr("hub.serve.gateway.Callers", lambda proxies, limit=2: Callers(proxies, limit))
    asyncio.run(story())


LARGE = b"x" * (8 << 20)


@pytest.mark.parametrize("reads", [False, True])
def test_an_answer_that_nobody_takes_ends_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: bool
) -> None:
    """What a caller leaves unread does not stay in memory for ever; who reads it gets it whole."""
    written = asyncio.Event()

    async def answering(_scope: wire.Scope, _receive: wire.Receive, send: wire.Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        await send(
            {"type": "http.response.body", "body": b""}
        )  # waits until the first part is taken, or its taker gone
        written.set()

    async def story() -> None:
        async with serving(tmp_path, wrap=lambda _: answering) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(head("/", "connection: close", method="GET"))
            if reads:
                assert (await reader.read()).count(b"x") == len(LARGE)
            await asyncio.wait_for(written.wait(), 10)
            writer.close()

    monkeypatch.setattr(http, "UNREAD_SECONDS", 2.0 if reads else 0.05)
    monkeypatch.setattr(wire, "UPLOAD_RATE", 1 << 40)
    asyncio.run(story())


PATHS = [
    ("//iclock/cdata?SN={sn}&table=ATTLOG", 403),
    ("/%2e%2e/iclock/cdata?SN={sn}&table=ATTLOG", 403),
    ("/../iclock/cdata?SN={sn}&table=ATTLOG", 403),
    ("/iclock/%2e%2e/iclock/cdata?SN={sn}&table=ATTLOG", 404),
    ("/iclock/../esb/push-request", 404),
    ("/iclock%2Fcdata?SN={sn}&table=ATTLOG", 403),
    ("/{path}%2ficlock/cdata?SN=OTHER&table=ATTLOG", 403),
    ("/{path}/../{path}/iclock/cdata?SN={sn}&table=ATTLOG", 404),
    ("/{PATH}/iclock/cdata?SN={sn}&table=ATTLOG", 403),
    ("/iclock/cdata/?SN={sn}&table=ATTLOG", 404),
    ("/ICLOCK/cdata?SN={sn}&table=ATTLOG", 404),
    ("/iclock/CDATA?SN={sn}&table=ATTLOG", 404),
    ("/{path}/iclock/cdata?sn={sn}&table=ATTLOG", 403),
    ("/{path}/iclock/cdata?SN=OTHER&SN={sn}&table=ATTLOG", 400),
    ("/{path}/iclock/cdata?SN={sn}&SN=OTHER&table=ATTLOG", 400),
    ("/{path}/iclock/cdata?SN={sn}&SN={sn}&table=ATTLOG", 400),
    ("/{path}/iclock/cdata?SN={sn}%00&table=ATTLOG", 403),
    ("/{path}/iclock/cdata?SN=%20{sn}&table=ATTLOG", 403),
    ("/{path}/iclock/cdata;SN={sn}", 404),
    ("/{path}/iclock/cdata%00?SN={sn}&table=ATTLOG", 404),
    ("/%ff%fe/iclock/cdata?SN={sn}&table=ATTLOG", 403),
    ("/esb//push-request", 404),
    ("//esb/push-request", 404),
    ("/esb/push-request/", 404),
    ("/ESB/push-request", 404),
    ("/esb/x/%2e%2e/push-request", 404),
    ("/esb%2fpush-request", 401),
    ("/oauth/token/", 404),
    ("/oauth//token", 404),
    ("http://other.example/esb/push-request", 401),
    ("/api/v1/../../esb/push-request", 404),
    ("/api/v1/%2e%2e/%2e%2e/etc/passwd", 404),
]


def test_paths_spelled_oddly_lead_nowhere_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Doubled slashes, dots, encoded separators, other case, trailing slashes, doubled fields: each is refused with a
    status below 500 as written here, nothing becomes a message, and no line is logged."""
    other = PATH.upper()

    async def story() -> None:
        async with serving(tmp_path) as (site, port):
            found = []
            for target, _ in PATHS:
                written = target.replace("{sn}", SERIAL).replace("{path}", PATH).replace("{PATH}", other)
                lines = ("content-length: 2", "connection: close")
                found.append((target, int((await exchange(port, head(written, *lines) + b"{}"))[9:12])))
            assert found == PATHS
            assert await site.records("inbox.zkteco_adms") == []
            assert await site.records("inbox.generic_json") == []

    logs.configure()
    asyncio.run(story())
    assert capsys.readouterr().err == ""


def test_no_spelling_makes_a_device_another_one(tmp_path: Path) -> None:
    """With two devices registered, the one's secret path never admits under the other's serial, and the network of one
    never opens the other's, however the serial is written."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            second = "DEVICE0002"
            registered = {"adapter": "zkteco_adms", "serial": second, "institution": "KEM", "code": "ADMS-ATT"}
            await site.change("device.add", registered | {"zone": "Asia/Jakarta", "networks": ["198.51.100.0/24"]})
            punch = b"0042\t2026-10-01 07:21:09\t0\t1\t0\n"
            for query in (f"SN={second}", f"SN={SERIAL}&SN={second}", f"SN={second}&SN={SERIAL}", f"sn={SERIAL}"):
                reply = await site.ask("POST", f"/{PATH}/iclock/cdata?{query}&table=ATTLOG&Stamp=1", punch)
                assert (query, reply.status in {400, 403}) == (query, True)
            site.peer = NETWORK.replace("0/24", "9")
            for query in (f"SN={second}", f"SN={SERIAL}&SN={second}"):
                reply = await site.ask("POST", f"/iclock/cdata?{query}&table=ATTLOG&Stamp=1", punch)
                assert (query, reply.status in {400, 403}) == (query, True)
            assert await site.records("inbox.zkteco_adms") == []

    asyncio.run(story())


def test_an_upload_may_take_its_time_and_not_fall_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken though it takes longer than any other body may, as long as it keeps its rate; one that stops is
    answered 408 on a connection that ends."""

    async def story() -> None:
        async with serving(tmp_path) as (site, port):
            token = f"authorization: {await site.token()}"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head("/esb/upload", token, "content-length: 131072", "connection: close"))
            for piece in (b"x" * 65_536, *[b"x" * 8_192] * 8):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.15)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
            stalled = await exchange(port, head("/esb/upload", token, "content-length: 100") + b"x")
            assert stalled.startswith(b"HTTP/1.1 408 ")
            assert b"\r\nconnection: close" in stalled.lower()
            assert len(await site.store.rows("upload")) == 1

    monkeypatch.setattr(wire, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(http, "SPARE_SECONDS", 0.5)
    asyncio.run(story())
