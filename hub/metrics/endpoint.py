"""`/metrics`: who may read it, and what is on it.

Rule: the numbers tell how much an institution sends and where the hub is weak, so they are for those who run it: whoever is
on this machine, and the networks that `AMANA_METRICS_NETWORKS` names. A request that somebody passed on counts as from
there only when a trusted proxy says so; passed on by anybody else it is refused, for a proxy on this machine would
otherwise show the page to everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from hub.errors import BadMessage, HubError
from hub.gateway.address import LOCAL, Network, client_address, parse_networks, within
from hub.gateway.wire import NO_STORE, TEXT, ASGIApp, Receive, Scope, Send, answer, find_header
from hub.metrics.exposition import CONTENT_TYPE, render_metrics
from hub.metrics.measures import Measures, Snapshot
from hub.metrics.sharing import ask_worker
from hub.metrics.survey import Survey, directory_behind

if TYPE_CHECKING:
    from hub.gateway.context import GatewayContext
    from hub.settings import Settings

PATH: Final = "/metrics"
LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_PASSED_ON: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")

Gather = Callable[[], Awaitable[Sequence[Snapshot]]]


def metrics_app(settings: Settings, gather: Gather) -> ASGIApp:
    """What answers `/metrics` with what `gather` brings."""
    proxies = parse_networks(settings.trusted_proxies)
    allowed: tuple[Network, ...] = (*LOOPBACK, *parse_networks(settings.metrics_networks))

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            wrong = BadMessage("AMANA-HTTP-001", "GET")
            await answer(send, wrong.spec.status, wrong.text().encode(), TEXT, ((b"allow", b"GET, HEAD"),))
        elif not may_read(scope, proxies, allowed):
            refused = BadMessage("AMANA-METRICS-001")
            await answer(send, refused.spec.status, refused.text().encode(), TEXT, (NO_STORE,))
        else:
            page = render_metrics(await gather())
            await answer(send, 200, page, (b"content-type", CONTENT_TYPE), (NO_STORE,))

    return app


def may_read(scope: Scope, proxies: Sequence[Network], allowed: Sequence[Network]) -> bool:
    """Whether whoever asks is one of those that may see the numbers."""
    client = scope.get("client")
    peer: str = client[0] if client else LOCAL
    passed_on = any(find_header(scope["headers"], name) for name in _PASSED_ON)
    if passed_on and not within(peer, proxies):
        return False
    address = client_address(scope, proxies)
    return address == LOCAL or within(address, allowed)


def gateway_metrics(context: GatewayContext) -> ASGIApp:
    """`/metrics` of a gateway: its own, the whole hub's, and those of the worker on the same directory."""
    measures, health = context.measures, context.health
    survey = Survey(context.bus, context.store, context.clock, measures)
    measures.probe(lambda: measures.set("amana_ready", int(health.ready)))

    async def gather() -> Sequence[Snapshot]:
        await survey.refresh()
        try:
            behind = await directory_behind(context.bus, context.follower.position)
            measures.set("amana_directory_behind", behind)
        except HubError:  # the log cannot be read now: the last value stands, /readyz says the rest
            pass
        found = await ask_worker(context.settings.data)
        return [measures.snapshot()] if found is None else [measures.snapshot(), found]

    return metrics_app(context.settings, gather)


def worker_metrics(settings: Settings, measures: Measures) -> ASGIApp:
    """`/metrics` of a worker that is alone in its `amana serve`."""

    async def gather() -> Sequence[Snapshot]:
        return [measures.snapshot()]

    return metrics_app(settings, gather)
