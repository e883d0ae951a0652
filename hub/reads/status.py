"""How the hub is: what it waits for and how far each reader of the log is. Rule: numbers as held, with their age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from typing_extensions import TypedDict

from hub.control.objects import Subscription
from hub.ports import Bus, Store
from hub.reads.outboxes import CollectRow, list_collected
from hub.reads.rows import moment
from hub.records import Ms
from hub.topics import CONTROL


class StageLag(TypedDict):
    stage: str
    partitions: int
    behind: int


class Status(TypedDict):
    time: str | None
    timeMs: int
    health: str
    halted: dict[str, str]
    braked: dict[str, str]
    directoryPosition: int
    controlEnd: int
    lastRecordAt: str | None
    lastRecordMs: int | None
    stages: list[StageLag]
    deadLettersOpen: int
    deliveries: dict[str, int]
    collected: list[CollectRow]


async def show_status(
    bus: Bus,
    store: Store,
    position: int,
    health: str,
    halted: Mapping[str, str],
    now: Ms,
    *,
    braked: Mapping[str, str],
    subscriptions: Iterable[Subscription] = (),
) -> Status:
    """`halted`: stages of the worker that have stopped, `braked`: partitions and systems that the dead-letter brake
    holds, each with the code of the reason."""
    end = await bus.end(CONTROL, 0)
    last = await bus.read(CONTROL, 0, end - 1, max_records=1) if end else []
    last_at = last[-1].time if last else None
    deliveries = await store.count("delivery", by=("state",))
    return {
        "time": moment(now),
        "timeMs": int(now),
        "health": health,
        "halted": dict(halted),
        "braked": dict(braked),
        "directoryPosition": position,
        "controlEnd": end,
        "lastRecordAt": moment(last_at),
        "lastRecordMs": last_at,
        "stages": await stage_lags(bus, store),
        "deadLettersOpen": (await store.count("dead_letter", {"state": "open"})).get((), 0),
        "deliveries": {str(state): count for (state,), count in sorted(deliveries.items())},
        "collected": await list_collected(store, subscriptions),
    }


async def stage_lags(bus: Bus, store: Store) -> list[StageLag]:
    """Records of its partitions that each stage has not read yet."""
    behind: Counter[str] = Counter()
    partitions: Counter[str] = Counter()
    topics = bus.topics()
    for row in await store.rows("stage_progress"):
        if row["partition"] < topics.get(row["topic"], 0):
            end = await bus.end(row["topic"], row["partition"])
            behind[row["stage"]] += max(end - row["position"], 0)
            partitions[row["stage"]] += 1
    return [{"stage": stage, "partitions": partitions[stage], "behind": behind[stage]} for stage in sorted(partitions)]
