"""The `Caller` over HTTP: the only place from which the hub opens a connection to a system outside.

Rule: only to hosts on the allow-list, only to addresses that the setting permits (`connecting` holds the connection to
the address that was checked), no redirects, one deadline for the whole exchange, an answer of bounded size that is not
compressed, a bounded number of calls to one host. Whatever the other side or its URL does, the caller of this gets an
`Answer` or a `BadMessage`, and no connection stays behind.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import httpcore

from hub import tls
from hub.delivery.connecting import NO_ADDRESS, CheckedNetwork, Context, Resolve, look_up
from hub.delivery.exchange import PLAIN, exchange
from hub.delivery.lanes import Lanes
from hub.delivery.pool import Pool
from hub.delivery.streams import LoopNetwork
from hub.errors import BadMessage
from hub.ports import NO_PLACE, Answer, Call
from hub.urls import Target, parse_url

if TYPE_CHECKING:
    from hub.settings import Settings

MAX_ANSWER: Final = 1_048_576
HOST_CONNECTIONS: Final = 32


def make_caller(settings: Settings) -> HttpCaller:
    """The caller that the settings describe. Raises `ConfigError` AMANA-CONF-007."""
    return HttpCaller(
        settings.outbound_hosts,
        private=settings.outbound_private,
        max_answer=settings.max_answer,
        context=tls.outbound(settings).context,
    )


class HttpCaller:
    """`hosts`: allowed host names (a leading dot takes all below); `private`: loopback, link-local and private addresses
    are allowed; `context`: TLS for each new connection (None: as the system trusts)."""

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        private: bool,
        max_answer: int = MAX_ANSWER,
        context: Context | None = None,
        resolve: Resolve = look_up,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max = max_answer
        self._lanes = Lanes(HOST_CONNECTIONS)
        self._pool = Pool(CheckedNetwork(network or LoopNetwork(), resolve, context or _system_trust, private=private))

    async def call(self, call: Call) -> Answer:
        target = self._permit(call.url)
        sent = _Sent()
        placed = False
        try:
            async with asyncio.timeout(call.timeout), self._lanes.place((target.scheme, target.host, target.port)):
                placed = True
                return await self._exchange(call, target, sent)
        except BadMessage:
            raise
        except TimeoutError:
            if not placed:  # others keep the host busy; this one was not even tried
                return Answer(None, reached=False, reason=NO_PLACE, ended="connection")
            return Answer(None, reached=sent.begun, reason="TimeoutError", ended=sent.phase)
        except Exception as error:  # noqa: BLE001 - the port's promise: never raises for what the other side does
            return Answer(None, reached=sent.begun, reason=type(error).__name__, ended=_ended(error, sent))

    async def close(self) -> None:
        await self._pool.close()

    async def _exchange(self, call: Call, target: Target, sent: _Sent) -> Answer:
        place = (target.scheme, target.host, target.port)
        connection = await self._pool.take(place, call.timeout, sent.secure)
        reusable = False
        try:
            sent.phase = "answer"
            reply = await exchange(connection.stream, _render(call, target), self._max)
            reusable = reply.reusable
        finally:
            await self._pool.give_back(connection, reusable=reusable)
        if reply.encoding not in PLAIN:
            return Answer(None, reason="answer compressed", ended="answer")
        if reply.large:
            return Answer(None, reason="answer too large", ended="answer")
        if reply.more:
            return Answer(None, reason="more than one answer", ended="answer")
        return Answer(reply.status, reply.body, reply.content_type, headers=reply.headers)

    def _permit(self, url: str) -> Target:
        """Where the URL leads. Raises `BadMessage` AMANA-OUT-004; the detail names no more than the rule."""
        try:
            target = parse_url(url)
        except ValueError as error:
            raise BadMessage("AMANA-OUT-004", str(error)) from None
        if not any(_covers(allowed, target.host) for allowed in self._hosts):
            raise BadMessage("AMANA-OUT-004", "host not on the allow-list")
        return target


@functools.cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Sent:
    """How far a call came, and whether anything of it can have gone out: told before a thing is done."""

    __slots__ = ("phase",)

    def __init__(self) -> None:
        self.phase = "connection"

    @property
    def begun(self) -> bool:
        return self.phase == "answer"

    def secure(self) -> None:
        self.phase = "tls"


def _render(call: Call, target: Target) -> bytes:
    """The whole request. What is not compressed cannot unfold past the limit, so nothing else is asked for."""
    typed = f"Content-Type: {call.content_type}\r\n" if call.content_type else ""
    sized = f"Content-Length: {len(call.body)}\r\n" if call.method == "POST" else ""
    others = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in call.headers.items())
    head = (
        f"{call.method} {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n{typed}"
        f"Accept: {call.content_type or '*/*'}\r\nAccept-Encoding: identity\r\n{others}{sized}\r\n"
    )
    return head.encode("ascii") + call.body


def _ended(error: Exception, sent: _Sent) -> str:
    """How far a call came that has no answer."""
    if str(error) == NO_ADDRESS:
        return "name"
    complaint = None if isinstance(error, TimeoutError) else tls.complaint(error)
    return sent.phase if complaint is None else f"tls: {complaint}"


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed) and len(host) > len(allowed) if allowed.startswith(".") else host == allowed


def _one_line(value: str) -> str:
    """A header's value. One that would begin another line could say anything in the caller's name."""
    if not value.isprintable():
        raise BadMessage("AMANA-OUT-004", "a header that is not one line of text")
    return value
