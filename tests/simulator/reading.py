"""A subscription that is written to a topic, and what its reader finds there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.records import ID, Record
from hub.topics import subscriber
from signing.jsontext import parse
from signing.keys import generate
from tests.simulator.contracting import PINNED, contracted
from tests.simulator.hub import SimHub
from tests.simulator.relaying import CODE, FIRST, change, subscribe

SIGNER = generate()
NAMED = f"{FIRST}.{CODE}"


async def reading(hub: SimHub, *, named: str = NAMED) -> None:
    """Onboard: a system that reads a topic of its own, by leave of two people."""
    hub.publishing = True
    await contracted(hub)
    await subscribe(hub, FIRST)
    await let_read(hub, named)
    await hub.running()


async def let_read(hub: SimHub, named: str = NAMED) -> None:
    """One asks, another signs."""
    view = hub.follower.directory.now()
    if view.operator(SIGNER.public.key_id) is None:
        args = {"name": "signer", "person": "Somebody Else", "publicKey": SIGNER.public.pem()}
        await change(hub, "operator.add", args)
    opened = await hub.change(hub.signed("topic.open", {"subscription": named, "reason": "its own platform"}))
    assert opened.accepted, opened
    signing = {"leave": opened.result["leave"], "subscription": named}
    signed = await hub.change(hub.signed("topic.sign", signing, SIGNER))
    assert signed.accepted, signed


async def read(hub: SimHub, system: str = FIRST) -> list[Record]:
    """What lies in the topic, in order within a partition, second copies too."""
    return await hub.records(subscriber(system))


def values(records: Iterable[Record]) -> list[Any]:
    """Bodies, without the prefix."""
    return [parse(record.value[5:]) for record in records]


def once(records: Iterable[Record]) -> list[Record]:
    """As a reader takes it: the first copy of each."""
    return list({record.headers[ID]: record for record in reversed(list(records))}.values())[::-1]


__all__ = ["CODE", "FIRST", "NAMED", "PINNED", "let_read", "once", "read", "reading", "values"]
