"""What waits for the systems that collect: nobody calls them, so nothing but these figures says that one has stopped
reading. Rule: counts and ages, no body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from typing_extensions import TypedDict

from hub.control.objects import Subscription
from hub.delivery.states import State
from hub.ports import Store
from hub.reads.rows import moment


class Waits(NamedTuple):
    """Messages that wait to be collected, and the time of the oldest (ms)."""

    number: int
    oldest: int | None


class CollectRow(TypedDict):
    subscription: str
    system: str
    waiting: int
    oldestAt: str | None


NOTHING = Waits(0, None)


async def find_waits(store: Store, subscriptions: Iterable[Subscription]) -> Mapping[str, Waits]:
    """By subscription, of those that are collected."""
    ids = [s.id for s in subscriptions if s.collect]
    if not ids:
        return {}
    where = {"subscription": ids, "state": str(State.WAITING)}
    found: dict[str, Waits] = dict.fromkeys(ids, NOTHING)
    for (id_,), count in (await store.count("delivery", where, by=("subscription",))).items():
        rows = await store.rows("delivery", where | {"subscription": id_}, order=("updated",), limit=1)
        found[id_] = Waits(count, rows[0]["updated"] if rows else None)
    return found


async def list_collected(store: Store, subscriptions: Iterable[Subscription]) -> list[CollectRow]:
    """For the status: every collected subscription, the one that waits longest first."""
    known = {s.id: s for s in subscriptions if s.collect}
    waits = await find_waits(store, known.values())
    ordered = sorted(waits.items(), key=lambda item: (item[1].oldest is None, item[1].oldest or 0, item[0]))
    return [
        {"subscription": id_, "system": known[id_].system, "waiting": one.number, "oldestAt": moment(one.oldest)}
        for id_, one in ordered
    ]
