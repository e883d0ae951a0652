"""The way of one message on the cluster: admitted by a real gateway, passed on by a real worker, taken by a receiver.

Rule: the limit of admission is what aiokafka alone does with the same bytes: the very records that the gateway wrote, on a
topic of their own, idempotent, `acks=all`, as many waiting at once. Delays are counted from the receipt at the sender to the
call at the receiver, both in this process, while pushes come at fixed times (open loop) at half the rate that the machine
carries: what it admits in a second while it delivers nothing, and delivers while it admits nothing, share its cores.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from hub.clock import SystemClock
from hub.demo.hubprocess import free_port
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.kafka.wire import headers_of
from hub.records import Record
from hub.topics import INBOX_RELAY, outbox
from signing import envelope, jsontext
from signing.keys import PrivateKey
from tests.bench.cluster_hub import KEPT, PASSED_ON, TAKER, ClusterHub, Process, positions
from tests.bench.gateway_bench import CONNECTIONS, HEAD, send_all
from tests.bench.pull_bench import percentile, stolen_seconds
from tests.bench.pull_provider import length_of

LIMIT_TOPIC: Final = "records.bench"
WARM: Final = 200
BACKLOG: Final = 2_000
DELIVERED_S: Final = 60.0
LAST_S: Final = 10.0
"""Seconds after the last push in which its delivery counts."""


def pushes(hub: ClusterHub, code: str, count: int) -> list[tuple[int, bytes]]:
    """Whole requests, signed, the senders in turn; with the number that each body has."""
    made = []
    for number, sender in zip(itertools.islice(hub.numbers, count), itertools.cycle(hub.senders), strict=False):
        body = envelope.seal(
            envelope.render_data({"pushCode": code, "esbBody": {"nomor": number, "perihal": "Undangan rapat"}}),
            hub.sender,
        )
        head = HEAD.format(token=hub.tokens[sender].decode(), length=len(body)).encode()
        made.append((number, head + body))
    return made


async def measure_admission(hub: ClusterHub, address: tuple[str, int], seconds: float) -> dict[str, Any]:
    """Pushes per second, in rounds that alternate with those of aiokafka alone; medians."""
    log = await KafkaLog.open(connection_of(hub.settings), SystemClock())
    ours: list[float] = []
    limits: list[float] = []
    stolen, began = stolen_seconds(), time.monotonic()
    try:
        await log.ensure({LIMIT_TOPIC: log.topics()[INBOX_RELAY]})
        messages = WARM
        rate = send_all(address, [request for _, request in pushes(hub, KEPT, WARM)], CONNECTIONS)
        while len(ours) < 3 or time.monotonic() - began < seconds:
            made = pushes(hub, KEPT, max(WARM, int(rate)))
            before = {p: await log.end(INBOX_RELAY, p) for p in range(log.topics()[INBOX_RELAY])}
            rate = await asyncio.to_thread(send_all, address, [request for _, request in made], CONNECTIONS)
            ours.append(rate)
            messages += len(made)
            limits.append(await _produce(hub, [one for p, at in before.items() for one in await _since(log, p, at)]))
    finally:
        await log.close()
    value, limit = (sorted(found)[len(found) // 2] for found in (ours, limits))
    return {
        "name": "cluster.push",
        "value": round(value),
        "unit": "1/s",
        "limit": round(limit),
        "limit_name": "aiokafka alone, the same bytes",
        "ratio": round(value / limit, 3),
        "connections": CONNECTIONS,
        "messages": messages,
        "rounds": [round(rate) for rate in ours],
        "stolen": round((stolen_seconds() - stolen) / (time.monotonic() - began), 3),
    }


async def _since(log: KafkaLog, partition: int, position: int) -> list[tuple[int, Record]]:
    found = []
    while batches := await log.read(INBOX_RELAY, partition, position):
        found += [(partition, record) for batch in batches for record in batch.records]
        position = batches[-1].base + len(batches[-1].records)
    return found


async def _produce(hub: ClusterHub, records: Sequence[tuple[int, Record]]) -> float:
    """Records per second of aiokafka alone, `CONNECTIONS` waiting at once."""
    connection = connection_of(hub.settings)
    producer = AIOKafkaProducer(**connection.client_options(), acks="all", enable_idempotence=True)
    await producer.start()
    waiting = iter(records)

    async def send() -> None:
        for partition, record in waiting:
            await producer.send_and_wait(
                connection.names.of(LIMIT_TOPIC),
                record.value,
                key=record.key,
                partition=partition,
                headers=headers_of(record),
            )

    try:
        began = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
        return len(records) / (time.perf_counter() - began)
    finally:
        await producer.stop()


class Taker:
    """The system that gets what is passed on: notes when, and answers signed."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.port = free_port()
        self.taken: dict[int, float] = {}
        self.repeated = 0
        self._server: asyncio.Server | None = None
        self._more = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/take"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def all_of(self, numbers: Collection[int]) -> None:
        """Until each of these was taken."""
        wanted = set(numbers)
        while len(self.taken) < len(wanted) or not self.taken.keys() >= wanted:
            self._more.clear()
            await self._more.wait()

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                body = await reader.readexactly(length_of(await reader.readuntil(b"\r\n\r\n")))
                at = time.perf_counter()
                members = jsontext.parse(envelope.frame(body).data)
                number = members["esbBody"]["nomor"]
                self.repeated += number in self.taken
                self.taken.setdefault(number, at)
                self._more.set()
                answer = {"success": True, "requestId": members["requestId"], "esbBody": {}}
                sealed = envelope.seal(envelope.render_data(answer), self._key)
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(sealed)}\r\n\r\n"
                writer.write(head.encode() + sealed)
        writer.close()


async def measure_delivery(hub: ClusterHub, address: tuple[str, int], worker: Process, taker: Taker) -> dict[str, Any]:
    """Messages per second from the inbox to the receiver, from the moment at which the worker that was stopped goes on."""
    made = pushes(hub, PASSED_ON, BACKLOG)
    worker.role.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(send_all, address, [request for _, request in made], CONNECTIONS)
    began, stolen = time.perf_counter(), stolen_seconds()
    worker.role.send_signal(signal.SIGCONT)
    await asyncio.wait_for(taker.all_of([number for number, _ in made]), DELIVERED_S)
    passed = time.perf_counter() - began
    return {
        "name": "cluster.delivered",
        "value": round(len(made) / passed),
        "unit": "1/s",
        "messages": len(made),
        "stolen": round((stolen_seconds() - stolen) / passed, 3),
    }


async def measure_delays(
    hub: ClusterHub, address: tuple[str, int], taker: Taker, rate: float, seconds: float
) -> list[dict[str, Any]]:
    """From the receipt to the receiver, and how far stages were behind meanwhile."""
    receipts: dict[int, float] = {}
    refused: Counter[bytes] = Counter()
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def push(number: int, request: bytes) -> None:
        link = idle.pop() if idle else await asyncio.open_connection(*address)
        link[1].write(request)
        head = await link[0].readuntil(b"\r\n\r\n")
        await link[0].readexactly(length_of(head))
        if head.startswith(b"HTTP/1.1 200"):
            receipts[number] = time.perf_counter()
        else:
            refused[head[9:12]] += 1
        idle.append(link)

    made = pushes(hub, PASSED_ON, int(rate * seconds))
    log = await KafkaLog.open(connection_of(hub.settings), SystemClock())
    behind: list[int] = []
    looking = asyncio.create_task(_look_at_lag(hub, log, behind))
    began, stolen = time.perf_counter(), stolen_seconds()
    async with asyncio.TaskGroup() as group:
        for n, (number, request) in enumerate(made):
            await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
            group.create_task(push(number, request))
    pushed = time.perf_counter() - began
    with suppress(TimeoutError):
        await asyncio.wait_for(taker.all_of(receipts.keys()), LAST_S)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await log.close()
    for _, writer in idle:
        writer.close()
    now = time.perf_counter()
    delays = sorted(max(0.0, taker.taken.get(number, now) - at) * 1000 for number, at in receipts.items())
    latency = {
        "name": "cluster.latency",
        "value": round(percentile(delays, 95), 1),
        "unit": "ms",
        "better": "less",
        "p50": round(percentile(delays, 50), 1),
        "p99": round(percentile(delays, 99), 1),
        "rate": round(len(receipts) / pushed),
        "messages": len(delays),
        "undelivered": len(receipts.keys() - taker.taken.keys()),
        "repeated": taker.repeated,
        "refused": {code.decode(): count for code, count in refused.items()},
        "stolen": round((stolen_seconds() - stolen) / (now - began), 3),
    }
    lag = sorted(behind) or [0]
    return [
        latency,
        {
            "name": "cluster.lag",
            "value": lag[-1],
            "unit": "records",
            "better": "less",
            "p50": percentile([float(n) for n in lag], 50),
            "stages": ["relay", "deliver"],
        },
    ]


async def _look_at_lag(hub: ClusterHub, log: KafkaLog, behind: list[int]) -> None:
    """Twice a second: the records that lie before relay and delivery, together."""
    topics = {"relay": INBOX_RELAY, "deliver": outbox(TAKER)}
    while True:
        ends = {
            stage: sum([await log.end(topic, p) for p in range(log.topics()[topic])]) for stage, topic in topics.items()
        }
        passed = positions(hub)
        behind.append(sum(max(0, end - passed.get((stage, topics[stage]), 0)) for stage, end in ends.items()))
        await asyncio.sleep(0.5)
