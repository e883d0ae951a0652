"""A hub's `/api/v1` on a local socket, over a log in memory and a store of either kind, for tests that speak as an operator would.

The server runs in a thread with an event loop of its own; `Desk.run` runs a coroutine there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from adapters.kit.registry import find
from hub import keys
from hub.clock import SystemClock
from hub.control.client import SOCKET, HubClient
from hub.control.follow import DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.delivery.caller import HttpCaller
from hub.gateway.api import build_api
from hub.gateway.app import Gateway
from hub.gateway.context import GatewayContext
from hub.ports import Append, Write
from hub.records import ID, Record
from hub.rundir import run_directory
from hub.settings import load
from hub.store.sql import SqlStore
from hub.topics import layout
from schemas.contracts import CONTRACTS
from signing import jsontext
from signing.keyfiles import write_key
from signing.keys import PrivateKey, generate
from signing.sealing import BodyKey
from tests import stores
from tests.simulator.faults import Faults
from tests.simulator.memory_log import MemoryLog

T = TypeVar("T")
RUN_SECRET = b"r" * 32


class Desk:
    """One hub with its first operator, whose key lies where the commands look for it."""

    def __init__(self, data: Path, kind: stores.Kind | None = None) -> None:
        self.data = data
        self.admin = generate()
        self.clock = SystemClock()
        keys.create(keys.directory(data))
        self.keys = keys.load(keys.directory(data))
        (data / "keys" / "operators").mkdir(exist_ok=True)
        write_key(data / "keys" / "operators" / "admin.pem", self.admin)
        self.log = MemoryLog(self.keys.wrapper, self.clock, Faults())
        self.store = SqlStore.open(stores.address(kind))
        self.follower = DirectoryFollower(self.log, self.log)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine of the hub."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def start(self) -> None:
        self._thread.start()
        self.run(self._begin())

    async def _begin(self) -> None:
        adapters = find()
        await self.log.ensure(layout(adapters=adapters, contracts=CONTRACTS) | {"refusals": 2})
        first = {"name": "admin", "person": "Person One", "publicKey": self.admin.public.pem()}
        request = sign_change(
            self.admin,
            "hub.start",
            {"hubPublicKey": self.keys.signing.public.pem(), "operator": first},
            self.clock.now(),
        )
        outcome = await submit(self.log, self.follower, self.keys, request, {"start": True}, self.clock.now())
        assert outcome.accepted, outcome.detail
        self.context = GatewayContext(
            settings=load(self.data),
            bus=self.log,
            admissions=self.log,
            vault=self.log,
            store=self.store,
            keys=self.keys,
            follower=self.follower,
            clock=self.clock,
            adapters=adapters,
            caller=HttpCaller([], private=False),
        )
        for part in ("bus", "store", "keys"):
            self.context.health.up(part)
        gateway = Gateway(self.context, build_api(self.context))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await gateway(scope, receive, send)

        config = uvicorn.Config(
            app,
            uds=str(run_directory(self.data) / SOCKET),
            log_config=None,
            lifespan="off",
            access_log=False,
        )
        self._server = uvicorn.Server(config)
        config.load()
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup()

    def stop(self) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self._server.shutdown()
        await self.store.close()
        await self.log.close()

    # the outside

    def client(self, operator: PrivateKey | None = None) -> HubClient:
        return HubClient(self.data, None, operator or self.admin)

    def write(self, *writes: Write) -> None:
        self.run(self.store.write(writes))

    def add_operator(self, name: str, person: str, *roles: str) -> PrivateKey:
        key = generate()
        args = {"name": name, "person": person, "publicKey": key.public.pem(), "roles": list(roles) or ["admin"]}
        with self.client() as client:
            client.change("operator.add", args)
        return key

    def control_end(self) -> int:
        return self.run(self.log.end("control", 0))

    def append(self, topic: str, partition: int, *values: bytes) -> None:
        """Records without meaning, to move the end of a partition."""
        records = [Record(b"key", {ID: value.hex().ljust(64, "0")}, value) for value in values]
        self.run(self.log.append([Append(topic, partition, records)]))

    def audited(self) -> list[dict[str, Any]]:
        """What the topic `audit` says."""
        batches = self.run(self.log.read("audit", 0, 0))
        return [jsontext.parse(record.value) for batch in batches for record in batch.records]

    def compute(self, run: str, signals: list[dict[str, Any]], row: Mapping[str, Any]) -> None:
        """Stand in for the run stage: a computed run with these signals."""
        secret = self.run(self.log.put({f"run:{run}": RUN_SECRET}))[f"run:{run}"]
        sealing = BodyKey(secret, "pay.signal")
        rows = [
            {
                "run": run,
                "signal_id": signal["signalId"],
                "subject": keys.subject_key(self.keys.hmac, "employee", signal["employeeId"]).hex(),
                "status": signal["status"],
                "reasons": [],
                "secret_id": f"run:{run}",
                "body": sealing.seal(signal["signalId"], jsontext.render(signal)),
            }
            for signal in signals
        ]
        self.write(Write("run_signal", rows), Write("run", [{"code": run, **row}]))


@contextmanager
def open_desk(data: Path, kind: stores.Kind | None = None) -> Iterator[Desk]:
    desk = Desk(data, kind)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()


Opener = Callable[[Path], Desk]
