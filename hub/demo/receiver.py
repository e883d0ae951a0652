"""The demo's payroll: takes what the hub pushes, verifies it, checks the control totals, and answers signed.

Rule: it believes nothing: signature of the hub, digest of the file, count and sums of its lines are all checked, and
a repeat of the same `requestId` is answered again without taking it twice.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow, PrivateKey, PublicKey

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """One file of a run as payroll took it; money in whole units."""

    name: str
    run: str
    count: int
    gross: int
    cut: int
    net: int


class Payroll:
    """An HTTP server on a free loopback port, in a thread of its own: of payroll, and below its address, each under its own
    code, of the systems that are told what came of a run. `told`: bodies by that code."""

    def __init__(self) -> None:
        self._key: PrivateKey | None = None
        self._hub: KeyRing | None = None
        self._keys: dict[str, PrivateKey] = {}
        self._taken: dict[str, Received] = {}
        self._told: dict[str, tuple[str, dict[str, Any]]] = {}
        self.refused: list[str] = []
        self.repeated = 0
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._thread: threading.Thread | None = None
        self._server: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/gaji"

    @property
    def files(self) -> list[Received]:
        """What was taken, each once."""
        return list(self._taken.values())

    def told(self, system: str) -> list[dict[str, Any]]:
        """What a system was told, each message once."""
        return [body for code, body in self._told.values() if code == system]

    def start(
        self, hub_key: PublicKey, key: PrivateKey, others: Mapping[str, PrivateKey] = MappingProxyType({})
    ) -> None:
        """Listen; believe pushes signed by `hub_key`, sign answers with `key`, those of the others with theirs."""
        import uvicorn

        self._key = key
        self._keys = dict(others)
        self._hub = KeyRing([KeyWindow(hub_key, 0, None)])
        config = uvicorn.Config(self._app, interface="asgi3", log_level="error", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        self._socket.close()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        system = scope["path"].rpartition("/")[2]
        status, answer = self.hear(system, body) if system in self._keys else self.take(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def take(self, body: bytes) -> tuple[int, bytes]:
        """HTTP status and signed answer to one push to payroll."""
        return self._heard_by("", body)

    def hear(self, system: str, body: bytes) -> tuple[int, bytes]:
        """The same of one to the system of that code."""
        return self._heard_by(system, body)

    def _heard_by(self, system: str, body: bytes) -> tuple[int, bytes]:
        assert self._hub is not None
        request = ""
        try:
            frame = envelope.frame(body)
            envelope.verify(frame, self._hub, 1)
            members = jsontext.parse(frame.data)
            request = members["requestId"]
            if request in self._taken or request in self._told:
                self.repeated += 1
            elif system:
                self._told[request] = system, members["esbBody"]
            else:
                self._taken[request] = read_payment(members["esbBody"])
        except (KeyError, ValueError, AttributeError) as error:
            self.refused.append(str(error))
            said = {"success": False, "requestId": request, "message": "AMANA-DEMO: not taken"}
            return 422, self._answer(said, system)
        return 200, self._answer({"success": True, "requestId": request, "esbBody": {"taken": True}}, system)

    def _answer(self, members: dict[str, Any], system: str = "") -> bytes:
        key = self._keys.get(system, self._key)
        assert key is not None
        return envelope.seal(envelope.render_data(members), key)


def read_payment(body: dict[str, Any]) -> Received:
    """What payroll is told, in either form that it takes: a payment file, or a batch of rows. Raises `ValueError`."""
    return read_file(body) if "contentBase64" in body else read_batch(body)


def read_batch(body: dict[str, Any]) -> Received:
    """Hold the rows of a batch against the totals that travel with it: count, sums and hash. Raises `ValueError`."""
    rows, said = body["rows"], body["totals"]
    gross, cut, net = (sum(int(row[name]) for row in rows) for name in ("gross", "cut", "net"))
    numbers = sum(int("".join(c for c in row["employeeId"] if c.isdigit())) for row in rows)
    told = (said["count"], int(said["gross"]), int(said["cut"]), int(said["net"]), said["hash"])
    if (len(rows), gross, cut, net, f"{numbers % 10**10:010d}") != told:
        raise ValueError("totals of the batch")
    if len({row["key"] for row in rows}) != len(rows) or any(
        int(row["gross"]) - int(row["cut"]) != int(row["net"]) for row in rows
    ):
        raise ValueError("rows of the batch")
    return Received(f"{body['run']} {body['currency']}", body["run"], len(rows), gross, cut, net)


def read_file(body: dict[str, Any]) -> Received:
    """Open a payment file and hold its lines against the totals that travel with it. Raises `ValueError`."""
    content = base64.b64decode(body["contentBase64"], validate=True)
    if hashlib.sha256(content).hexdigest() != body["sha256"].removeprefix("sha256:"):
        raise ValueError("digest of the file")
    lines = [line.split("\t") for line in content.decode().split("\r\n") if line]
    rows = [line for line in lines if line[0] != "TOTAL"]
    gross, cut, net = (sum(int(row[column]) for row in rows) for column in (7, 8, 9))
    said = body["totals"]
    if (len(rows), gross, cut, net) != (said["count"], int(said["gross"]), int(said["cut"]), int(said["net"])):
        raise ValueError("totals of the file")
    return Received(body["name"], body["run"], len(rows), gross, cut, net)
