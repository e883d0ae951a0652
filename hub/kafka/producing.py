"""One idempotent producer at a time, and what becomes of a batch that was handed to it.

Rule: a batch that is not known to be stored ends its producer. aiokafka would go on sending it under its sequence number, and
a batch behind it would be refused or come first; a new producer has a new identity and begins at zero.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaProducer, errors
from aiokafka.structs import RecordMetadata

from hub.errors import TryAgain
from hub.kafka.client import ANSWER_MS, PAUSE, unanswered
from hub.kafka.connection import MAX_MESSAGE, Connection

DELIVERY: Final = 20.0
"""Seconds after which a batch is not known to be stored: longer than Kafka takes to find another leader."""

START_WITHIN: Final = 10.0


class _Held:
    """A producer and the word that it is given up."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self.given_up = asyncio.Event()


class Producing:
    """Sends batches. Make it in the event loop in which it is used."""

    def __init__(self, connection: Connection) -> None:
        self._options = connection.client_options()
        self._held: _Held | None = None
        self._starting = asyncio.Lock()
        self._endings: set[asyncio.Task[None]] = set()

    async def send(self, batch: Any, name: str, partition: int) -> int:
        """Base offset of the batch, which is then on the disks of enough brokers. Raises `TryAgain` when it is not stored
        or nobody knows."""
        try:
            async with asyncio.timeout(START_WITHIN):
                held = await self._producer()
        except (errors.KafkaError, TimeoutError) as error:
            raise unanswered(error) from error
        try:
            async with asyncio.timeout(DELIVERY):
                sent = await held.producer.send_batch(batch, name, partition=partition)
        except (errors.KafkaError, TimeoutError, AssertionError) as error:
            self._give_up(held)
            raise unanswered(error) from error
        try:
            metadata = await self._answer(held, sent)
        except BaseException:
            self._give_up(held)
            raise
        if metadata.offset < 0:  # stored once before, long enough ago that the broker forgot where
            self._give_up(held)
            raise TryAgain("AMANA-BUS-001", "Kafka: stored at an unknown offset")
        return int(metadata.offset)

    async def close(self) -> None:
        if self._held is not None:
            self._give_up(self._held)
        await asyncio.gather(*self._endings)

    async def _answer(self, held: _Held, sent: asyncio.Future[RecordMetadata]) -> RecordMetadata:
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        given_up = asyncio.ensure_future(held.given_up.wait())
        try:
            await asyncio.wait({sent, given_up}, timeout=DELIVERY, return_when=asyncio.FIRST_COMPLETED)
        finally:
            given_up.cancel()
        if not sent.done():
            raise TryAgain("AMANA-BUS-001", "Kafka did not say in time that it is stored")
        try:
            return sent.result()
        except errors.KafkaError as error:
            raise unanswered(error) from error

    async def _producer(self) -> _Held:
        async with self._starting:
            if self._held is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    client_id="amana-writer",
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=MAX_MESSAGE,
                    max_request_size=MAX_MESSAGE,
                    request_timeout_ms=ANSWER_MS,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _end(producer)
                    raise
                self._held = _Held(producer)
            return self._held

    def _give_up(self, held: _Held) -> None:
        """Whoever else waits for this producer is told, and the next batch gets a new one."""
        if self._held is held:
            self._held = None
        if not held.given_up.is_set():
            held.given_up.set()
            ending = asyncio.ensure_future(_end(held.producer))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)


async def _end(producer: AIOKafkaProducer) -> None:
    """Without sending what waits in it, which `stop` alone would do for as long as it takes: its task is ended, its
    requests lose their connections, whoever still waits for a batch is told."""
    sender = producer._sender.sender_task  # noqa: SLF001
    await producer.client.close()
    while sender is not None and not sender.done():
        sender.cancel()  # each time, it gives up one of the requests that it waits for
        await asyncio.wait({sender}, timeout=PAUSE)
    accumulator = producer._message_accumulator  # noqa: SLF001
    waiting = [batch for batches in accumulator._batches.values() for batch in batches]  # noqa: SLF001
    for batch in waiting:
        batch._drain_waiter.cancel()  # noqa: SLF001 - nobody waits for it, and its exception would be logged as lost
    accumulator._pending_batches.update(waiting)  # noqa: SLF001 - from where each takes itself away
    accumulator.fail_all(errors.ProducerClosed())
    await producer.stop()
