"""Feeds as rows: what each is, how far it came, and what holds it up.

Rule: a cursor may hold what the other side named, so it is not shown; nor are secrets, which are not here at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from hub.control.objects import Feed
from hub.feeds.holding import TABLE
from hub.ports import Store
from hub.reads.rows import moment


class FeedRow(TypedDict):
    id: str
    kind: str
    adapter: str
    part: str
    system: str
    code: str
    device: str | None
    place: str | None
    url: str | None
    suspended: bool
    options: dict[str, str]
    taken: int
    refused: int
    failures: int
    problem: str | None
    lastAt: str | None
    dueAt: str | None


async def find_states(store: Store, feeds: Sequence[Feed]) -> dict[str, Mapping[str, Any]]:
    """What the store knows of these feeds, by id."""
    if not feeds:
        return {}
    return {row["id"]: row for row in await store.rows(TABLE, {"id": [feed.id for feed in feeds]})}


def feed_row(value: Feed, state: Mapping[str, Any] | None) -> FeedRow:
    known = state or {}
    due, last = known.get("due"), known.get("last")
    return {
        "id": value.id,
        "kind": value.kind,
        "adapter": value.adapter,
        "part": value.part,
        "system": value.system,
        "code": value.code,
        "device": value.device,
        "place": value.place,
        "url": value.url,
        "suspended": value.suspended,
        "options": dict(value.options),
        "taken": known.get("taken", 0),
        "refused": known.get("refused", 0),
        "failures": known.get("failures", 0),
        "problem": known.get("code") or None,
        "lastAt": None if last is None else moment(last),
        "dueAt": moment(due) if due else None,
    }
