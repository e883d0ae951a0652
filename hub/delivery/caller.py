"""The `Caller` on httpcore: the only place from which the hub opens a connection to a system outside.

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
from typing import TYPE_CHECKING, Any, Final

import httpcore

from hub import tls
from hub.delivery.connecting import NO_ADDRESS, CheckedNetwork, Context, Resolve, look_up
from hub.delivery.lanes import Lanes
from hub.delivery.streams import LoopNetwork
from hub.errors import BadMessage
from hub.ports import NO_PLACE, Answer, Call
from hub.urls import Target, parse_url

if TYPE_CHECKING:
    from hub.settings import Settings

MAX_ANSWER: Final = 1_048_576
CONNECTIONS: Final = 256
HOST_CONNECTIONS: Final = 32
IDLE: Final = 32
"""Idle connections kept. httpcore compares each of them with each, at every call."""

IDLE_SECONDS: Final = 4.0
"""Less than the 5 seconds after which common servers close what is idle: a call must not meet that."""

_SENDING: Final = "http11.send_request_headers.started"
_PHASES: Final = {
    "connection.connect_tcp.started": "connection",
    "connection.start_tls.started": "tls",
    _SENDING: "answer",
}


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
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used: the network has the one that is
            max_connections=CONNECTIONS,
            max_keepalive_connections=IDLE,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=CheckedNetwork(
                network or LoopNetwork(), resolve, context or _system_trust, private=private
            ),
        )

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
        await self._pool.aclose()

    async def _exchange(self, call: Call, target: Target, sent: _Sent) -> Answer:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        headers = [
            ("Host", target.authority),
            ("Content-Type", call.content_type),
            ("Accept", call.content_type),
            # what is not compressed cannot unfold past the limit
            ("Accept-Encoding", "identity"),
        ]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), call.timeout)
        extensions = {"timeout": timeouts, "trace": sent.trace}
        async with self._pool.stream("POST", url, headers=headers, content=call.body, extensions=extensions) as got:
            if _header(got, b"content-encoding").strip().lower() not in {"", "identity"}:
                return Answer(None, reason="answer compressed", ended="answer")
            body = bytearray()
            async for piece in got.aiter_stream():
                body += piece
                if len(body) > self._max:
                    return Answer(None, reason="answer too large", ended="answer")
            if _has_more(got):
                await got.extensions["network_stream"].aclose()
                return Answer(None, reason="more than one answer", ended="answer")
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


@functools.cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Sent:
    """How far a call came, and whether anything of it can have gone out: heard from httpcore before it does a thing."""

    __slots__ = ("phase",)

    def __init__(self) -> None:
        self.phase = "connection"

    @property
    def begun(self) -> bool:
        return self.phase == "answer"

    async def trace(self, name: str, _: dict[str, Any]) -> None:
        self.phase = _PHASES.get(name, self.phase)


def _ended(error: Exception, sent: _Sent) -> str:
    """How far a call came that has no answer."""
    if str(error) == NO_ADDRESS:
        return "name"
    complaint = None if isinstance(error, TimeoutError) else tls.complaint(error)
    return sent.phase if complaint is None else f"tls: {complaint}"


def _has_more(response: httpcore.Response) -> bool:
    """Whether more came than the answer. The next call on that connection would take it for its own answer; httpcore
    does not look, and has no public way to."""
    connection: Any = response.stream._stream._connection  # type: ignore[union-attr]  # noqa: SLF001
    surplus, _ = connection._h11_state.trailing_data  # noqa: SLF001
    return bool(surplus)


def _header(response: httpcore.Response, name: bytes) -> str:
    return ", ".join(value.decode("latin-1") for key, value in response.headers if key.lower() == name)


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed) and len(host) > len(allowed) if allowed.startswith(".") else host == allowed
