"""How canonical records lie in the table `fact`: those of one message, contract and period together in few rows.

Rule: bodies stay sealed as they came out of the log; what a row says in the open (institution, contract, period, origin) holds
for every record in it. A record of a contract that is asked for by its id has a row to itself, under that id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from hub.ports import Store
from hub.records import ASSURANCE, DERIVED, ID, INSTITUTION, ORIGIN, PERIOD, SECRET, SYSTEM, TIME, TYPE, Record

TABLE: Final = "fact"

BY_ID: Final = frozenset({"employee"})
"""Contracts whose records are asked for by their id."""

MOST: Final = 100
"""Records in one row: few enough that a reader who wants one of them does not carry a month."""


class Kept(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record in a row. `n`: its row in the message that it descends from; `subject`: its key; `body`: sealed."""

    record_id: str
    n: int
    subject: bytes
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Kept])


def pack(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Rows of records that descend from the inbox, in their order. Inverse: `unpack`."""
    rows: list[tuple[Mapping[str, str], list[Kept]]] = []
    filling: dict[tuple[str, str, str | None], list[Kept]] = {}
    for record in records:
        h = record.headers
        name = (h[ORIGIN], h[TYPE], h.get(PERIOD))
        kept = filling.get(name)
        if kept is None or len(kept) == MOST or name[1] in BY_ID:
            kept = filling[name] = []
            rows.append((h, kept))
        kept.append(Kept(h[ID], int(h[DERIVED].rpartition("/")[2]), record.key, record.value))
    return [_row(headers, kept) for headers, kept in rows]


def unpack(row: Mapping[str, Any]) -> list[Kept]:
    """The records of a row, in the order in which they were packed."""
    return _decoder.decode(row["body"])


def in_order(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Kept]]:
    """The records of one message, each with its row, in the order of the message's rows."""
    found = [(row, kept) for row in rows for kept in unpack(row)]
    found.sort(key=lambda one: (one[1].n, one[1].record_id))
    return iter(found)


async def count_facts(
    store: Store, where: Mapping[str, Any] | None = None, *, by: Sequence[str] = ()
) -> dict[tuple[Any, ...], int]:
    """How many records there are, grouped by columns as `Store.count` does."""
    totals: dict[tuple[Any, ...], int] = {}
    for group, rows in (await store.count(TABLE, where, by=(*by, "count"))).items():
        totals[group[:-1]] = totals.get(group[:-1], 0) + group[-1] * rows
    return totals


def _row(h: Mapping[str, str], kept: Sequence[Kept]) -> dict[str, Any]:
    topic, partition, offset = h[ORIGIN].rsplit("/", 2)
    return {
        "record_id": kept[0].record_id,
        "contract": h[TYPE],
        "institution": h[INSTITUTION],
        "period": h.get(PERIOD),
        "origin_topic": topic,
        "origin_partition": int(partition),
        "origin_offset": int(offset),
        "system": h.get(SYSTEM, ""),
        "time": int(h[TIME]),
        "assurance": h[ASSURANCE],
        "secret_id": h[SECRET],
        "count": len(kept),
        "body": _encoder.encode(kept),
    }
