"""`Bus` of `hub.ports` on Apache Kafka.

Rule: everything runs in the event loop that opened the log; callers in other loops and threads are brought there. What a
broker does not answer in time, or not with a clear yes, is `TryAgain`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.conn import create_conn
from aiokafka.structs import TopicPartition

from hub.errors import ConfigError, TryAgain
from hub.kafka.appending import Appending
from hub.kafka.client import ANSWER_MS, END, PAUSE, START, Client, Place, unanswered
from hub.kafka.connection import Connection
from hub.kafka.producing import Producing
from hub.kafka.reading import Reader
from hub.kafka.topics import Topics
from hub.kafka.waiting import Waiting
from hub.metrics.measures import Measures
from hub.ports import Append, Clock
from hub.records import Batch, Ms
from hub.tls import complaint

OPEN_WITHIN: Final = 30.0
REFUSALS: Final = (
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.AuthenticationFailedError,
    ssl.SSLError,
)

_T = TypeVar("_T")


class KafkaLog:
    """Open with `KafkaLog.open`."""

    def __init__(self, connection: Connection, clock: Clock, client: Client, measures: Measures) -> None:
        self._connection = connection
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._closed = asyncio.Event()
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._topics = Topics(connection, client)
        self._reader = Reader(client)
        self._waiting = Waiting(client, self._reader, self._closed)
        self._producing = Producing(connection)
        self._appending = Appending(self._producing, clock, connection.names.of, self._last_time, measures)
        self._known: dict[str, int] = dict(client.topics())

    @classmethod
    async def open(cls, connection: Connection, clock: Clock, measures: Measures | None = None) -> KafkaLog:
        """Raises `ConfigError` (AMANA-KAFKA-002) when no server lets the hub in, `TryAgain` when none answers."""
        return cls(connection, clock, await _connect(connection), measures or Measures())

    def topics(self) -> Mapping[str, int]:
        return dict(self._known)

    async def ensure(self, topics: Mapping[str, int]) -> None:
        await self._here(self._ensure(topics))

    async def append(self, appends: Sequence[Append]) -> list[int]:
        return await self._here(self._append(appends))

    async def read(self, topic: str, partition: int, offset: int, *, max_records: int = 1000) -> list[Batch]:
        return await self._here(self._read((topic, partition), offset, max_records))

    async def start(self, topic: str, partition: int) -> int:
        return await self._here(self._offset((topic, partition), START))

    async def end(self, topic: str, partition: int) -> int:
        return await self._here(self._offset((topic, partition), END))

    async def offset_at(self, topic: str, partition: int, time: Ms) -> int:
        return await self._here(self._offset_at((topic, partition), time))

    async def wait(self, seen: Mapping[Place, int], timeout: float) -> frozenset[Place]:
        return await self._here(self._wait(seen, timeout))

    async def trim(self, topic: str, partition: int, before: int) -> None:
        await self._here(self._trim((topic, partition), before))

    async def close(self) -> None:
        if asyncio.get_running_loop() is not self._loop:
            await self._here(self.close())
            return
        if self._closed.is_set():
            return
        self._closed.set()
        await self._idle.wait()
        await self._waiting.close()
        await self._producing.close()
        await self._client.close()

    # within

    async def _here(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do it in the loop of the log, whichever asks."""
        if asyncio.get_running_loop() is self._loop:
            return await work
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
        except RuntimeError as error:  # the loop has ended
            work.close()
            raise TryAgain("AMANA-BUS-001", "the log is closed") from error

    def _open(self) -> None:
        if self._closed.is_set():
            raise TryAgain("AMANA-BUS-001", "the log is closed")

    async def _know(self, places: Sequence[Place]) -> None:
        """LookupError for a partition that does not exist."""
        self._open()
        if any(self._known.get(topic, 0) <= partition for topic, partition in places):
            await self._client.refresh()  # another process may have made it since
            self._known = dict(self._client.topics())
        for topic, partition in places:
            if not 0 <= partition < self._known.get(topic, 0):
                raise LookupError(f"there is no partition {partition} of topic {topic}")

    async def _ensure(self, topics: Mapping[str, int]) -> None:
        self._open()
        await self._topics.ensure(topics)
        self._known = dict(self._client.topics())

    async def _append(self, appends: Sequence[Append]) -> list[int]:
        self._open()
        self._calls += 1
        self._idle.clear()
        try:
            await self._know([(append.topic, append.partition) for append in appends])
            bases = iter(await self._appending.append([append for append in appends if append.records]))
            return [
                next(bases) if append.records else await self._offset((append.topic, append.partition), END)
                for append in appends
            ]
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def _read(self, place: Place, offset: int, max_records: int) -> list[Batch]:
        await self._know([place])
        return await self._reader.read(place, offset, max_records)

    async def _offset(self, place: Place, which: int) -> int:
        await self._know([place])
        return await self._client.offset(place, which)

    async def _offset_at(self, place: Place, time: Ms) -> int:
        await self._know([place])
        found = await self._client.offset(place, max(time, 0))
        return found if found >= 0 else await self._client.offset(place, END)

    async def _wait(self, seen: Mapping[Place, int], timeout: float) -> frozenset[Place]:
        await self._know(list(seen))
        return await self._waiting.wait(seen, timeout)

    async def _last_time(self, place: Place) -> int:
        """Time of the last batch that is kept; 0 when there is none."""
        end = await self._client.offset(place, END)
        last = await self._reader.read(place, end - 1, 1) if end else []
        return last[-1].time if last else 0

    async def _trim(self, place: Place, before: int) -> None:
        """Kafka cuts anywhere; this cuts where a batch begins."""
        await self._know([place])
        end = await self._client.offset(place, END)
        cut = min(before, end) if before >= end else await self._reader.beginning(place, before)
        if cut <= await self._client.offset(place, START):
            return
        admin = AIOKafkaAdminClient(
            **self._connection.client_options(), client_id="amana-trim", request_timeout_ms=ANSWER_MS
        )
        try:
            await admin.start()
            name = self._connection.names.of(place[0])
            await admin.delete_records({TopicPartition(name, place[1]): RecordsToDelete(cut)})
        except errors.KafkaError as error:
            raise unanswered(error) from error
        finally:
            await admin.close()
            self._reader.forget(place)


async def _connect(connection: Connection) -> Client:
    """Kafka may be starting, too; one that refuses the hub will go on refusing it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + OPEN_WITHIN
    while True:
        client = Client(connection)
        try:
            await client.start()
        except errors.KafkaError:
            await client.close()
        except BaseException:
            await client.close()
            raise
        else:
            return client
        error = await refusal(connection)
        if isinstance(error, REFUSALS) or loop.time() > deadline:
            why = complaint(error) if error is not None else None
            silent = error is None or (isinstance(error, OSError) and not isinstance(error, REFUSALS))
            reaction = TryAgain if silent else ConfigError
            raise reaction("AMANA-KAFKA-002", why or type(error).__name__) from error
        await asyncio.sleep(PAUSE)


async def refusal(connection: Connection) -> Exception | None:
    """Why the first server does not let the hub in; None when it does."""
    host, _, port = connection.servers[0].rpartition(":")
    options = connection.client_options()
    options.pop("bootstrap_servers")
    try:
        made = await create_conn(
            host.strip("[]"), int(port), client_id="amana", request_timeout_ms=ANSWER_MS, **options
        )
    except (errors.KafkaError, OSError, TimeoutError) as error:
        return error
    made.close()
    return None
