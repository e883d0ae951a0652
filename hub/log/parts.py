"""Topics and partitions of the log file: making them, finding them, cutting their old end off.

Rule: the number of partitions is fixed when a topic is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apsw

from hub.errors import ConfigError
from hub.log.tables import OFFSET_BITS


class Parts:
    """Topics as this process knows them. Topics only come, so what is known stays true."""

    def __init__(self) -> None:
        self._topics: dict[str, int] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._last: int | None = None

    def topics(self) -> Mapping[str, int]:
        return dict(self._topics)

    def number(self, topic: str, partition: int) -> int | None:
        """The partition's number in the file, None when it is not known here."""
        return self._numbers.get((topic, partition))

    def refresh(self, connection: apsw.Connection) -> None:
        """Take up what this or another process has made."""
        last = connection.execute("SELECT max(id) FROM part").get
        if last != self._last:
            rows: list[Any] = connection.execute("SELECT topic, partition, id FROM part").fetchall()
            self._last = max((number for _, _, number in rows), default=None)
            self._numbers = {(topic, partition): number for topic, partition, number in rows}
            topics: list[Any] = connection.execute("SELECT name, partitions FROM topic ORDER BY name").fetchall()
            self._topics = dict(topics)


def ensure_topics(connection: apsw.Connection, topics: Mapping[str, int]) -> None:
    """Within a transaction: make missing topics. Raises `ConfigError` (AMANA-CONF-002) for another number."""
    for topic, partitions in topics.items():
        if partitions < 1:
            raise ConfigError("AMANA-CONF-001", f"topic {topic} needs at least one partition")
        found = connection.execute("SELECT partitions FROM topic WHERE name = ?", (topic,)).get
        if found is None:
            connection.execute("INSERT INTO topic(name, partitions) VALUES (?,?)", (topic, partitions))
            connection.executemany(
                "INSERT INTO part(topic, partition) VALUES (?,?)", [(topic, index) for index in range(partitions)]
            )
        elif found != partitions:
            raise ConfigError("AMANA-CONF-002", f"topic {topic} has {found} partitions, not {partitions}")


def trim_part(connection: apsw.Connection, part: int, before: int) -> None:
    """Within a transaction: drop whole batches below `before`."""
    first, last = part << OFFSET_BITS, (part << OFFSET_BITS) + before
    connection.execute("DELETE FROM batch WHERE place >= ? AND place + count <= ?", (first, last))
    connection.execute(
        "UPDATE part SET first = coalesce((SELECT min(place) FROM batch WHERE place >= ?1 AND place < ?1 + (1 << ?2))"
        " - ?1, next) WHERE id = ?3",
        (first, OFFSET_BITS, part),
    )
