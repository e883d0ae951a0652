"""What a worker that is alone in its `amana serve` answers: `/healthz`, `/readyz`, `/metrics`, on the local socket and, where
`AMANA_WORKER_PORT` names one, on a port.

Rule: unready before anything stops; nothing else is answered, and nothing of a message is shown.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from hub.errors import BadMessage
from hub.gateway.wire import NO_STORE, TEXT, ASGIApp, Receive, Scope, Send, answer
from hub.metrics.endpoint import PATH, worker_metrics

if TYPE_CHECKING:
    from hub.metrics.measures import Measures
    from hub.settings import Settings

READY: Final = "ready"
FINISH: Final = 2
"""Seconds for an answer that is under way when the worker has ended."""


def make_app(metrics: ASGIApp, state: Callable[[], str]) -> ASGIApp:
    """`state` says READY, or why the worker is not."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == PATH:
            await metrics(scope, receive, send)
        elif path == "/healthz":
            await answer(send, 200, b"alive", TEXT, (NO_STORE,))
        elif path == "/readyz":
            said = state()
            await answer(send, 200 if said == READY else 503, said.encode(), TEXT, (NO_STORE,))
        else:
            unknown = BadMessage("AMANA-HTTP-003", "a worker has /healthz, /readyz and /metrics")
            await answer(send, unknown.spec.status, unknown.text().encode(), TEXT)

    return app


@asynccontextmanager
async def answering(
    settings: Settings, sockets: Sequence[socket.socket], measures: Measures, state: Callable[[], str]
) -> AsyncIterator[None]:
    """Answer on `sockets` as long as the context lasts; without any, nobody is answered."""
    if not sockets:
        yield
        return
    import uvicorn

    from hub.gateway.address import parse_networks
    from hub.serve.gateway import Server
    from hub.serve.http import BoundedProtocol, Callers, most_connections

    proxies = parse_networks(settings.trusted_proxies)
    config = uvicorn.Config(
        make_app(worker_metrics(settings, measures), state),
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
        timeout_graceful_shutdown=FINISH,
    )
    server = Server(config, None, proxies)
    serving = asyncio.create_task(server.serve(sockets=list(sockets)))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
