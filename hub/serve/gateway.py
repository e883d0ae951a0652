"""The gateway role: its ports, its directory, its ASGI application on uvicorn.

Rule: ready only once the directory has caught up; unready before it stops accepting. uvicorn's own signal handling, access
log and headers are off: the role is told to stop, and says nothing about a request that is not counted elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial
from typing import Final

import uvicorn

from adapters.kit.registry import find
from hub import tls
from hub.control.follow import DirectoryFollower
from hub.delivery.caller import make_caller
from hub.errors import TryAgain
from hub.garbage import look_rarely
from hub.gateway.address import Network, parse_networks
from hub.gateway.app import Gateway
from hub.gateway.context import GatewayContext
from hub.gateway.tending import close, tend
from hub.gateway.wire import ASGIApp
from hub.metrics.process import watch_process
from hub.ports import Caller, Clock
from hub.registry.follow import RegistryFollower
from hub.serve.handshakes import CALLER_HANDSHAKES, TlsListener
from hub.serve.http import BoundedProtocol, Callers, most_connections
from hub.serve.ports import Opened, open_ports
from hub.settings import Settings

NOTICE: Final = 0.3
"""Seconds between being unready and accepting no more, for whoever balances load on `/readyz`."""

FINISH: Final = 8
"""Seconds for what is in flight."""


class Server(uvicorn.Server):
    """uvicorn without signal handlers, and with TLS on the sockets of the network alone: whoever reaches the local one is
    on this machine and its user."""

    def __init__(self, config: uvicorn.Config, certificates: tls.Renewed | None, proxies: tuple[Network, ...]) -> None:
        super().__init__(config)
        self._certificates = certificates
        self._handshakes = Callers(proxies, CALLER_HANDSHAKES)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        given = sockets or []
        secured = [made for made in given if self._certificates is not None and made.family != socket.AF_UNIX]
        await super().startup([made for made in given if made not in secured])
        if self._certificates is not None:
            context = self._certificates.context
            found = [TlsListener(made, self._make_protocol, context, self._handshakes) for made in secured]
            self.servers += found  # type: ignore[arg-type]  # closed and awaited like uvicorn's own

    def _make_protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn calls it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def make_server(
    gateway: Gateway, certificates: tls.Renewed | None = None, wrap: Callable[[Gateway], ASGIApp] | None = None
) -> Server:
    """A server for raw speed and quiet. `wrap`: what stands before the gateway, where something does."""
    proxies = parse_networks(gateway.context.settings.trusted_proxies)
    logging.getLogger("uvicorn.error").setLevel(
        logging.ERROR
    )  # it warns of every request that is none, or one too many
    return Server(
        uvicorn.Config(
            gateway if wrap is None else wrap(gateway),
            http=partial(BoundedProtocol, callers=Callers(proxies)),  # type: ignore[arg-type]  # called like a class
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=most_connections(),
            timeout_keep_alive=30,
            timeout_graceful_shutdown=FINISH,
        ),
        certificates,
        proxies,
    )


def make_gateway(settings: Settings, opened: Opened, follower: DirectoryFollower, caller: Caller) -> Gateway:
    """The application with `/api/v1` behind it."""
    from hub.gateway.api import build_api

    context = GatewayContext(
        settings=settings,
        bus=opened.bus,
        admissions=opened.admissions,
        vault=opened.vault,
        store=opened.store,
        keys=opened.keys,
        follower=follower,
        clock=opened.clock,
        adapters=find(),
        caller=caller,
        measures=opened.measures,
    )
    watch_process(opened.measures, opened.clock)
    context.health.up("keys")
    return Gateway(context, build_api(context))


async def keep_following(follower: DirectoryFollower, registry: RegistryFollower, clock: Clock) -> None:
    """Follow the control log and the registry's through times when they cannot be read; `/readyz` says so meanwhile. Ends
    only by raising."""
    tasks = [asyncio.create_task(_keep(follow, clock)) for follow in (follower.follow, registry.follow)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _keep(follow: Callable[[], Awaitable[None]], clock: Clock) -> None:
    while True:
        try:
            await follow()
        except TryAgain as again:
            await clock.sleep(again.after)


async def run(
    settings: Settings,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    *,
    caller: Caller | None = None,
    wrap: Callable[[Gateway], ASGIApp] | None = None,
) -> None:
    """Serve on `sockets` until `stop`; on return everything is finished and closed, a `caller` that was given too.
    `wrap`: as `make_server`. Raises `ConfigError` or `Halt` when it cannot start, or can no longer follow the
    directory."""
    caller = caller or make_caller(settings)
    certificates = tls.inbound(settings)
    opened = await open_ports(settings, "gateway")
    try:
        follower = DirectoryFollower(opened.bus, opened.vault)
        await follower.catch_up()
        gateway = make_gateway(settings, opened, follower, caller)
        await gateway.context.registry.catch_up()
        look_rarely()
        tending = asyncio.create_task(tend(gateway))
        sweeping = asyncio.create_task(opened.sweep())
        following = asyncio.create_task(keep_following(follower, gateway.context.registry, opened.clock))
        server = make_server(gateway, certificates, wrap)
        serving = asyncio.create_task(server.serve(sockets=list(sockets)))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, following, serving}, return_when=asyncio.FIRST_COMPLETED)
            gateway.context.health.drain()
            await opened.clock.sleep(NOTICE)
            server.should_exit = True
            await serving
            if following.done():
                following.result()  # it never ends by itself: raises what ended it
        finally:
            for task in (following, stopping, serving, sweeping):
                task.cancel()
            await asyncio.wait({following, stopping, serving, sweeping})
            await close(gateway, tending)
    finally:
        await caller.close()
        await opened.close()
