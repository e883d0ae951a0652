"""The `Caller` on httpx: the only place from which the hub opens a connection to a system outside.

Rule: only to hosts on the allow-list, only to addresses that the setting permits, no redirects, one deadline for the
whole exchange, an answer of bounded size.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import httpx

from hub.errors import BadMessage
from hub.ports import Answer, Call

MAX_ANSWER: Final = 1_048_576


class HttpCaller:
    """`hosts`: allowed host names (a leading dot takes all below); `private`: loopback, link-local and private addresses are allowed."""

    def __init__(self, hosts: Iterable[str], *, private: bool, max_answer: int = MAX_ANSWER) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._private = private
        self._max = max_answer
        self._client = httpx.AsyncClient(  # noqa: TID251 -- this is the Caller that everything else must use
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        )

    async def call(self, call: Call) -> Answer:
        try:
            async with asyncio.timeout(call.timeout):
                await self._permit(call.url)
                return await self._exchange(call)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            return Answer(None, reached=False, reason=type(error).__name__)
        except (httpx.HTTPError, httpx.StreamError, TimeoutError, socket.gaierror) as error:
            return Answer(None, reason=type(error).__name__)

    async def close(self) -> None:
        await self._client.aclose()

    async def _exchange(self, call: Call) -> Answer:
        headers = {"content-type": call.content_type, "accept": call.content_type}
        timeout = httpx.Timeout(call.timeout)
        async with self._client.stream("POST", call.url, content=call.body, headers=headers, timeout=timeout) as got:
            body = bytearray()
            async for piece in got.aiter_bytes():
                body += piece
                if len(body) > self._max:
                    return Answer(None, reason="answer too large")
            return Answer(got.status_code, bytes(body), got.headers.get("content-type", ""))

    async def _permit(self, url: str) -> None:
        """Raises `BadMessage` AMANA-OUT-004. The detail names no more than which of the two rules it was."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.scheme not in {"http", "https"} or not any(_covers(allowed, host) for allowed in self._hosts):
            raise BadMessage("AMANA-OUT-004", "host not on the allow-list")
        if self._private:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if not all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found):
            raise BadMessage("AMANA-OUT-004", "private address")


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed) and len(host) > len(allowed) if allowed.startswith(".") else host == allowed
