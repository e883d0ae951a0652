"""A system that collects: its outbox with messages in it, and its questions."""

from __future__ import annotations

from typing import Any, Final

from signing.jsontext import render
from tests.simulator.asking import body_of
from tests.simulator.hub import SimHub
from tests.simulator.relaying import FIRST, relaying, send, subscribe

OUTBOX: Final = "OUTBOX"


async def collecting(count: int = 0, **more: Any) -> SimHub:
    """A hub where FIRST collects, with so many messages in its outbox, numbered from 0."""
    hub = SimHub(**more)
    await relaying(hub)
    await subscribe(hub, FIRST, collect=True)
    for n in range(count):
        hub.clock.advance(1)
        await send(hub, render({"n": n}))
    await hub.settle()
    return hub


async def read(hub: SimHub, system: str = FIRST, **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = await body_of(hub, system, OUTBOX, members)
    return found


def numbers(page: dict[str, Any]) -> list[int]:
    return [message["esbBody"]["n"] for message in page["messages"]]


def ids_of(page: dict[str, Any]) -> list[str]:
    return [message["requestId"] for message in page["messages"]]


async def receipts_of(hub: SimHub) -> dict[str, set[tuple[str, str]]]:
    """By request: (id of the receipt, outcome)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for record in await hub.records("receipts"):
        h = record.headers
        found.setdefault(h["ce_requestid"], set()).add((h["ce_id"], h["ce_outcome"]))
    return found
