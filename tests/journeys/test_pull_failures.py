"""Every way in which a provider fails: the caller gets a signed failure within the deadline, the log an outcome, and
nothing stays open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest

from hub.delivery.caller import HttpCaller
from signing import envelope, keys
from tests.journeys.provider import (
    PROVIDER,
    Answering,
    Provider,
    answer,
    http,
    outcome_of,
    pulling,
    recorded,
    say,
    signed,
    silent,
    told,
)

TIMEOUT_MS = 400
SPARE = 1.5
"""Seconds that a busy machine may take beyond the deadline."""


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def forged(provider: Provider, data: dict[str, Any]) -> bytes:
    members = {"success": True, "requestId": data["requestId"], "esbBody": {"grade": 17}}
    return http(200, provider.signed(members, keys.generate()))


def tampered(provider: Provider, data: dict[str, Any]) -> bytes:
    members = {"success": True, "requestId": data["requestId"], "esbBody": {"grade": 1}}
    return http(200, provider.signed(members).replace(b'"grade":1', b'"grade":9'))


def twice(provider: Provider, data: dict[str, Any]) -> bytes:
    text = b'{"success":true,"requestId":"%b","esbBody":{"grade":1},"esbBody":{"grade":9}}' % data["requestId"].encode()
    return http(200, envelope.seal(text, provider.key))


async def dribble(_provider: Provider, _data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.02)


async def reset(_provider: Provider, _data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def cut(_provider: Provider, _data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()


PAGE = b"<html><body>Welcome</body></html>"
MANNERS: dict[str, tuple[Answering, int, str]] = {
    "silent": (silent, 504, "AMANA-PULL-002"),
    "dribbling": (dribble, 504, "AMANA-PULL-002"),
    "resetting": (reset, 502, "AMANA-PULL-003"),
    "cut off": (cut, 502, "AMANA-PULL-003"),
    "no HTTP": (say(b"hello there\r\n\r\n"), 502, "AMANA-PULL-003"),
    "two answers": (say(http(200, b"{}") + http(200, b"{}")), 502, "AMANA-PULL-003"),
    "error page": (say(http(500, PAGE, "text/html")), 502, "AMANA-PULL-004"),
    "unavailable": (say(http(503, b"", "text/plain")), 502, "AMANA-PULL-004"),
    "not found": (say(http(404, PAGE, "text/html")), 502, "AMANA-PULL-004"),
    "redirect": (say(http(302, b"", "text/plain", "location: http://127.0.0.1:1/")), 502, "AMANA-PULL-004"),
    "page": (say(http(200, PAGE, "text/html")), 502, "AMANA-PULL-005"),
    "empty": (say(http(200, b"")), 502, "AMANA-PULL-005"),
    "unsigned": (say(http(200, b'{"success":true,"esbBody":{}}')), 502, "AMANA-PULL-005"),
    "forged": (say(forged), 502, "AMANA-PULL-005"),
    "tampered": (say(tampered), 502, "AMANA-PULL-005"),
    "a member twice": (say(twice), 502, "AMANA-PULL-005"),
    "another request": (signed(success=True, requestId="0" * 32, esbBody={}), 502, "AMANA-PULL-005"),
    "neither yes nor no": (signed(success="true", requestId="$", esbBody={}), 502, "AMANA-PULL-005"),
    "oversized": (say(http(200, b" " * 2_000_000)), 502, "AMANA-PULL-006"),
    "compressed": (say(http(200, b"\x1f\x8b", "application/json", "content-encoding: gzip")), 502, "AMANA-PULL-006"),
    "signed failure": (signed(success=False, requestId="$", message="no such\nemployee"), 502, "AMANA-PULL-008"),
    "too large a number": (signed(success=True, requestId="$", esbBody={"n": 2**60}), 502, "AMANA-PULL-014"),
}


def connections() -> int:
    """Connections over TCP that this process has open, both ends of its own included."""
    return sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process().net_connections("tcp"))


@pytest.mark.parametrize("manner", sorted(MANNERS))
def test_whatever_a_provider_does_the_caller_is_told_in_time(tmp_path: Path, manner: str) -> None:
    """A signed failure with a stable code and the fitting status within the deadline, a recorded outcome, and no
    connection or place left behind."""
    answering, status, code = MANNERS[manner]

    async def journey() -> None:
        before = connections()
        async with pulling(tmp_path, timeoutMs=TIMEOUT_MS) as at:
            at.provider.answering = answering
            began = time.monotonic()
            reply = await at.pull({"employeeId": "X1"})
            took = time.monotonic() - began
            assert told(at, reply) == (status, False, code)
            assert took < TIMEOUT_MS / 1000 + SPARE
            assert await recorded(at) == ("fail", code)
            assert len(at.provider.asked) == 1
            pool = at.caller._pool
            assert all(one.is_idle() for one in pool.connections)
            assert at.site.gateway.pulls.breaker.under_way == 0
        await asyncio.sleep(0)
        assert connections() <= before

    run(journey)


def test_a_provider_that_is_not_there_is_tried_again_within_the_time(tmp_path: Path) -> None:
    """Nothing can have reached it, so it is tried three times; then the caller is told, in time, and nothing is left
    behind."""

    async def journey() -> None:
        before = connections()
        async with pulling(tmp_path, timeoutMs=TIMEOUT_MS) as at:
            await at.provider.gone()
            began = time.monotonic()
            assert told(at, await at.pull({"a": 1})) == (502, False, "AMANA-PULL-001")
            assert time.monotonic() - began < TIMEOUT_MS / 1000 + SPARE
            assert await recorded(at) == ("fail", "AMANA-PULL-001")
            assert all(one.is_idle() for one in at.caller._pool.connections)
            assert at.site.gateway.pulls.breaker.under_way == 0
        await asyncio.sleep(0)
        assert connections() <= before

    run(journey)


def test_an_answer_that_breaks_its_contract_is_the_providers_fault(tmp_path: Path) -> None:
    """The members are named, the value is not, and the bytes are kept as evidence."""

    async def journey() -> None:
        async with pulling(tmp_path, contract="employee") as at:
            at.provider.answering = answer({"employeeId": 12, "name": "Siti"})
            reply = await at.pull({"employeeId": "X1"})
            message = at.site.verified(reply)["message"]
            assert (reply.status, message[:14]) == (502, "AMANA-PULL-007")
            assert "required member nationalId" in message
            assert "Siti" not in message
            ended = outcome_of(await at.site.records("pulls"))
            assert ended.value

    run(journey)


def test_a_request_that_breaks_its_contract_reaches_no_provider(tmp_path: Path) -> None:
    """It is the caller's fault, refused before anything is stored."""

    async def journey() -> None:
        async with pulling(tmp_path, requestContract="employee") as at:
            reply = await at.pull({"employeeId": 12})
            assert told(at, reply)[:2] == (422, False)
            assert at.provider.asked == []
            assert await at.site.records("pulls") == []

    run(journey)


def test_a_request_that_no_client_could_verify_is_the_callers_fault(tmp_path: Path) -> None:
    """An integer that JavaScript cannot hold is refused with what to do, and recorded."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            assert told(at, await at.pull({"n": 2**60})) == (422, False, "AMANA-PULL-015")
            assert await recorded(at) == ("fail", "AMANA-PULL-015")
            assert at.provider.asked == []

    run(journey)


def test_the_words_of_a_signed_failure_are_passed_on_in_bounds(tmp_path: Path) -> None:
    """On one line, without control characters, at most five hundred characters, behind the code."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = signed(success=False, message="no\x1b[31m such\r\nemployee " + "x" * 2000)
            message = at.site.verified(await at.pull({"a": 1}))["message"]
            assert message.startswith("AMANA-PULL-008: no [31m such employee xxx")
            assert len(message) == len("AMANA-PULL-008: ") + 500

    run(journey)


def test_a_suspended_provider_is_not_asked(tmp_path: Path) -> None:
    """From the moment of its suspension; also when it is suspended while it answers."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            release = asyncio.Event()

            async def slow(provider: Provider, data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
                await release.wait()
                await answer({"grade": 9})(provider, data, writer)

            at.provider.answering = slow
            asking = asyncio.create_task(at.pull({"a": 1}))
            await at.provider.arrived.wait()
            await at.site.change("system.suspend", {"system": PROVIDER})
            release.set()
            assert told(at, await asking) == (503, False, "AMANA-PULL-012")
            assert told(at, await at.pull({"a": 1})) == (503, False, "AMANA-PULL-012")
            assert len(at.provider.asked) == 1

    run(journey)


def test_a_caller_that_is_suspended_meanwhile_gets_no_answer(tmp_path: Path) -> None:
    """The outcome is recorded as it was; the suspended system is told that it is suspended."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            release = asyncio.Event()

            async def slow(provider: Provider, data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
                await release.wait()
                await answer({"grade": 9})(provider, data, writer)

            at.provider.answering = slow
            asking = asyncio.create_task(at.pull({"a": 1}))
            await at.provider.arrived.wait()
            await at.site.change("system.suspend", {"system": "HR"})
            release.set()
            assert told(at, await asking) == (403, False, "AMANA-AUTH-003")
            assert await recorded(at) == ("answer", "")

    run(journey)


@pytest.mark.parametrize("hosts", [[], ["example.org"]])
def test_a_host_that_is_not_allowed_is_not_called(tmp_path: Path, hosts: list[str]) -> None:
    """The allow-list holds for providers as for receivers; it is the operator's to correct."""

    async def journey() -> None:
        async with pulling(tmp_path, caller=HttpCaller(hosts, private=True)) as at:
            assert told(at, await at.pull({"a": 1})) == (503, False, "AMANA-PULL-013")
            assert await recorded(at) == ("fail", "AMANA-PULL-013")

    run(journey)


def test_a_provider_without_address_is_told_so(tmp_path: Path) -> None:
    """A system that was registered without a url cannot be asked."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            await at.site.change("api.add", {"code": "SELF", "direction": "pull", "provider": "HR"})
            await at.site.change("grant.add", {"system": "HR", "code": "SELF"})
            assert told(at, await at.pull({"a": 1}, apiCode="SELF")) == (503, False, "AMANA-PULL-013")

    run(journey)
