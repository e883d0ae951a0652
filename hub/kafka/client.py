"""Requests to whoever leads a partition: fetch and look up offsets, with fresh leaders and patience for a while.

Rule: aiokafka's consumer remembers one position and waits in the background; a port that reads any position, and says at once
that there is no more, asks by itself. So this speaks the protocol with aiokafka's client, connections and parsers. What does
not succeed in `PATIENCE` seconds is `TryAgain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.structs import TopicPartition

from hub.errors import TryAgain
from hub.kafka.connection import Connection

PATIENCE: Final = 15.0
ANSWER_MS: Final = 10_000
"""A request without an answer for so long has failed; above the longest poll."""

LEADERS_ONLY: Final = 10
"""Last version of a fetch that followers refuse."""

PAUSE: Final = 0.1
START: Final = -2
END: Final = -1

Place = tuple[str, int]
"""Topic of the hub and partition."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a broker said of one partition: error class, offset behind the last record that all copies have, bytes."""

    error: type[errors.BrokerResponseError]
    end: int
    data: bytes


class _Fetch(FetchRequest):  # type: ignore[misc]
    """A fetch that only a leader answers. From version 11 on a follower answers, too, with what it has so far: after a
    failover that may be less than what was acknowledged, and nobody would notice."""

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Any:
        least, most = versions[self.API_KEY]
        return super().prepare({**versions, self.API_KEY: (least, min(most, LEADERS_ONLY))})


class Client:
    """Make it in the event loop in which it is used."""

    def __init__(self, connection: Connection) -> None:
        self._names = connection.names
        self._closed = asyncio.Event()
        self._client = AIOKafkaClient(
            **connection.client_options(), client_id="amana", request_timeout_ms=ANSWER_MS, metadata_max_age_ms=60_000
        )

    async def start(self) -> None:
        """Raises what aiokafka raises when no server answers."""
        await self._client.bootstrap()
        await self.refresh()

    async def close(self) -> None:
        """Whoever asks now gets `TryAgain`."""
        self._closed.set()
        await self._client.close()

    async def refresh(self) -> None:
        """Ask who leads what. Raises `TryAgain` when the client closes."""
        if not self._closed.is_set():
            update = self._client.force_metadata_update()
            closing = asyncio.ensure_future(self._closed.wait())
            try:
                await asyncio.wait({update, closing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                closing.cancel()
        if self._closed.is_set():
            raise TryAgain("AMANA-BUS-001", "the log is closed")

    def topics(self) -> Mapping[str, int]:
        """The hub's topics and their partitions, as of the last refresh."""
        found: dict[str, int] = {}
        for name in sorted(self._client.cluster.topics()):
            topic = self._names.topic(name)
            if topic is not None:
                found[topic] = len(self._client.cluster.partitions_for_topic(name) or ())
        return found

    def leader(self, place: Place) -> int | None:
        """Node that leads a partition; None while there is none."""
        leader = self._client.cluster.leader_for_partition(self._partition(place))
        return None if leader in {None, -1} else int(leader)

    async def offset(self, place: Place, time: int) -> int:
        """`START`, `END`, or the first offset of a record of `time` or later: -1 when there is none."""

        async def ask(node: int) -> int:
            name, partition = self._partition(place)
            response = await self._client.send(node, OffsetRequest(-1, 0, [(name, [(partition, time)])]))
            ((_, ((_, code, _, offset),)),) = response.topics
            _check(code)
            return int(offset)

        return await self.patiently(place, ask)

    async def fetch_one(self, place: Place, offset: int, size: int) -> Fetched:
        """What is there now. Raises aiokafka's `OffsetOutOfRangeError` below the start and above the end."""

        async def ask(node: int) -> Fetched:
            found = (await self.fetch(node, {place: offset}, size=size))[place]
            if found.error is not errors.NoError:
                raise found.error
            return found

        return await self.patiently(place, ask)

    async def fetch(
        self,
        node: int,
        places: Mapping[Place, int],
        *,
        size: int,
        wait: float = 0,
        lane: object = ConnectionGroup.DEFAULT,
    ) -> dict[Place, Fetched]:
        """From one broker; it may wait for `wait` seconds until one of them has something. Requests of one `lane` are
        answered one after the other, so whoever waits takes one of its own."""
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for (topic, partition), offset in places.items():
            topics.setdefault(self._names.of(topic), []).append((partition, offset, size))
        request = _Fetch(int(wait * 1000), 1, max(size, 1 << 20), 0, list(topics.items()))
        response = await self._client.send(node, request, group=lane)
        found: dict[Place, Fetched] = {}
        for name, partitions in response.topics:
            asked = self._names.topic(name)
            if asked is not None:
                for partition, code, end, *_, data in partitions:
                    found[asked, partition] = Fetched(errors.for_code(code), end, data or b"")
        return found

    async def patiently(self, place: Place, ask: Callable[[int], Awaitable[_T]]) -> _T:
        """Ask the leader, and whoever leads then, until it answers. Raises `TryAgain`."""
        error: BaseException = TimeoutError()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):  # brokers that hang are silent one after the other
                while True:
                    try:
                        node = self.leader(place)
                        if node is None:
                            raise errors.LeaderNotAvailableError
                        return await ask(node)
                    except errors.OffsetOutOfRangeError:
                        raise
                    except errors.KafkaError as found:
                        error = found
                        if not found.retriable:
                            break
                    await self.refresh()
                    await asyncio.sleep(PAUSE)
        raise unanswered(error) from error

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(self._names.of(place[0]), place[1])


def unanswered(error: BaseException) -> TryAgain:
    """What became of a request, without anything that it held."""
    return TryAgain("AMANA-BUS-001", f"Kafka: {type(error).__name__}")


def _check(code: int) -> None:
    error = errors.for_code(code)
    if error is not errors.NoError:
        raise error
