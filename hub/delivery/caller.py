"""The `Caller` on httpcore: the only place from which the hub opens a connection to a system outside.

Rule: only to hosts on the allow-list, only to addresses that the setting permits (`connecting` holds the connection to
the address that was checked), no redirects, one deadline for the whole exchange, an answer of bounded size that is not
compressed. Whatever the other side or its URL does, the caller of this gets an `Answer` or a `BadMessage`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import httpcore

from hub.delivery.connecting import CheckedNetwork, Resolve, look_up
from hub.errors import BadMessage
from hub.ports import Answer, Call
from hub.urls import Target, parse_url

MAX_ANSWER: Final = 1_048_576
_NOT_CONNECTED: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)


class HttpCaller:
    """`hosts`: allowed host names (a leading dot takes all below); `private`: loopback, link-local and private addresses are allowed."""

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        private: bool,
        max_answer: int = MAX_ANSWER,
        resolve: Resolve = look_up,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max = max_answer
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=64,
            max_keepalive_connections=32,
            keepalive_expiry=5.0,
            network_backend=CheckedNetwork(network or httpcore.AnyIOBackend(), resolve, private=private),
        )

    async def call(self, call: Call) -> Answer:
        target = self._permit(call.url)
        try:
            async with asyncio.timeout(call.timeout):
                return await self._exchange(call, target)
        except _NOT_CONNECTED as error:
            return Answer(None, reached=False, reason=type(error).__name__)
        except BadMessage:
            raise
        except Exception as error:  # noqa: BLE001 - the port's promise: never raises for what the other side does
            return Answer(None, reason=type(error).__name__)

    async def close(self) -> None:
        await self._pool.aclose()

    async def _exchange(self, call: Call, target: Target) -> Answer:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        headers = [
            ("Host", target.authority),
            ("Content-Type", call.content_type),
            ("Accept", call.content_type),
            # what is not compressed cannot unfold past the limit
            ("Accept-Encoding", "identity"),
        ]
        timeouts = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), call.timeout)}
        async with self._pool.stream("POST", url, headers=headers, content=call.body, extensions=timeouts) as got:
            if _header(got, b"content-encoding").strip().lower() not in {"", "identity"}:
                return Answer(None, reason="answer compressed")
            body = bytearray()
            async for piece in got.aiter_stream():
                body += piece
                if len(body) > self._max:
                    return Answer(None, reason="answer too large")
            return Answer(got.status, bytes(body), _header(got, b"content-type"))

    def _permit(self, url: str) -> Target:
        """Where the URL leads. Raises `BadMessage` AMANA-OUT-004; the detail names no more than the rule."""
        try:
            target = parse_url(url)
        except ValueError as error:
            raise BadMessage("AMANA-OUT-004", str(error)) from None
        if not any(_covers(allowed, target.host) for allowed in self._hosts):
            raise BadMessage("AMANA-OUT-004", "host not on the allow-list")
        return target


def _header(response: httpcore.Response, name: bytes) -> str:
    return ", ".join(value.decode("latin-1") for key, value in response.headers if key.lower() == name)


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed) and len(host) > len(allowed) if allowed.startswith(".") else host == allowed
