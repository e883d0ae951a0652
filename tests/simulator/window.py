"""What outsiders see of a simulated hub: its real gateway on a local socket, for tests that look through it.

Rule: the hub keeps its simulated ports; only the clock is the machine's, because commands sign with that.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from hub import keys
from hub.clock import SystemClock
from hub.control.client import SOCKET, HubClient
from hub.gateway.api import build_api
from hub.gateway.app import Gateway
from hub.gateway.context import GatewayContext
from hub.rundir import run_directory
from hub.settings import load
from signing.keyfiles import write_key
from signing.keys import PrivateKey
from tests.simulator.hub import HUB_KEYS, PEOPLE, SimHub

T = TypeVar("T")
Story = Callable[[], Awaitable[SimHub]]


@dataclass(slots=True)
class Window:
    """A hub that serves. `data`: the directory that commands name."""

    data: Path
    _loop: asyncio.AbstractEventLoop
    hub: SimHub = field(init=False)
    context: GatewayContext = field(init=False)
    _server: uvicorn.Server = field(init=False)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine of the hub."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def client(self, operator: PrivateKey = PEOPLE.admin) -> HubClient:
        """An operator's client."""
        return HubClient(self.data, None, operator)

    def raw(self) -> httpx.Client:  # noqa: TID251
        """Anybody's client."""
        transport = httpx.HTTPTransport(uds=str(run_directory(self.data) / SOCKET))
        return httpx.Client(transport=transport, base_url="http://hub")  # noqa: TID251 - as no client does

    async def begin(self, story: Story) -> None:
        self.hub = hub = await story()
        await hub.running()
        self.context = GatewayContext(
            settings=load(self.data),
            bus=hub.log,
            admissions=hub.log,
            vault=hub.log,
            store=hub.store,
            keys=HUB_KEYS,
            follower=hub.follower,
            clock=SystemClock(),
            adapters=hub.adapters,
            caller=hub.receiver,
        )
        await self.context.registry.catch_up()
        for part in ("bus", "store", "keys"):
            self.context.health.up(part)
        gateway = Gateway(self.context, build_api(self.context))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await gateway(scope, receive, send)

        config = uvicorn.Config(
            app, uds=str(run_directory(self.data) / SOCKET), log_config=None, lifespan="off", access_log=False
        )
        self._server = uvicorn.Server(config)
        config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup()

    async def end(self) -> None:
        await self._server.shutdown()
        if self.hub.core is not None:
            await self.hub.core.deliverer.close()
        await self.hub.store.close()
        await self.hub.log.close()


@contextmanager
def opened(data: Path, story: Story) -> Iterator[Window]:
    """The hub that the story leaves behind, served."""
    keys.create(keys.directory(data))
    (data / "keys" / "operators").mkdir(exist_ok=True)
    write_key(data / "keys" / "operators" / "admin.pem", PEOPLE.admin)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    window = Window(data, loop)
    try:
        window.run(window.begin(story))
        try:
            yield window
        finally:
            window.run(window.end())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
