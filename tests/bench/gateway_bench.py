"""Pushes admitted per second by one gateway process on one core, against the crypto that they cannot do without.

The gateway is the real child of `amana serve` (uvicorn, httptools, uvloop, the embedded log with synchronous=FULL), pinned
to one core. Requests are signed beforehand, each with a body of its own, and sent over raw keep-alive sockets from the
other core. The bound is what the same core does in the same run when it only verifies one P-256 signature and makes one
per message. Rounds of both alternate; medians are given.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import selectors
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hub import keys
from hub.control.follow import DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.serve import first, listening, processes
from hub.serve.ports import open_ports
from hub.serve.readiness import await_ready
from hub.settings import Settings, load
from signing import envelope, tokens
from signing.keys import PrivateKey, generate

CONNECTIONS: Final = 32
ROUND_SECONDS: Final = 1.0
HEAD: Final = (
    "POST /esb/push-request HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
)


def leave(number: int) -> dict[str, Any]:
    """One leave record, as an HR system sends it when it is granted."""
    return {
        "records": [
            {
                "leaveId": f"CT-2026-{number:08d}",
                "employeeId": f"{199000000000000001 + number * 10}",  # never ends in 000, which is refused
                "institution": "KEM",
                "kind": "annual",
                "from": "2026-10-05",
                "to": "2026-10-07",
                "cancelled": False,
            }
        ]
    }


async def onboard(settings: Settings, sender: PrivateKey) -> bytes:
    """A hub with one system that may send one code; an access token of it, good for the whole run."""
    await first.prepare(settings)
    operator = keys.load_operator(keys.operator_file(settings.keys, first.FIRST_OPERATOR))
    opened = await open_ports(settings)
    try:
        follower = DirectoryFollower(opened.bus, opened.vault)
        system = {"institution": "KEM", "code": "HR", "clientId": "hr", "publicKey": sender.public.pem()}
        changes: list[tuple[str, dict[str, Any]]] = [
            ("institution.add", {"code": "KEM", "name": "Kementerian"}),
            ("system.add", {**system, "secretSha256": hashlib.sha256(b"bench").hexdigest()}),
            ("api.add", {"code": "JSON-LEAVE", "adapter": "generic_json", "exchange": "leave"}),
            ("grant.add", {"system": "HR", "code": "JSON-LEAVE"}),
        ]
        for kind, arguments in changes:
            now = opened.clock.now()
            outcome = await submit(
                opened.bus, follower, opened.keys, sign_change(operator, kind, arguments, now), {}, now
            )
            if not outcome.accepted:
                raise RuntimeError(f"{kind}: {outcome.code} {outcome.detail}")
        known = follower.directory.now().system("HR")
        assert known is not None
        return tokens.issue(opened.keys.token, "HR", opened.clock.now() + 86_400_000, known.epoch).encode()
    finally:
        await opened.close()


def requests(token: bytes, sender: PrivateKey, numbers: Iterator[int], count: int) -> list[bytes]:
    """Whole requests, signed, no two with the same body."""
    made = []
    for number in itertools.islice(numbers, count):
        body = envelope.seal(envelope.render_data({"pushCode": "JSON-LEAVE", "esbBody": leave(number)}), sender)
        made.append(HEAD.format(token=token.decode(), length=len(body)).encode() + body)
    return made


def send_all(address: tuple[str, int], made: list[bytes], connections: int) -> float:
    """Send every request, one at a time per connection; requests per second. Every one must be admitted."""
    selector = selectors.DefaultSelector()
    waiting = iter(made)
    links = [socket.create_connection(address) for _ in range(connections)]
    for link in links:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(link, selectors.EVENT_READ)
    answered = 0
    begin = time.perf_counter()
    for link in links:
        link.sendall(next(waiting))
    while answered < len(made):
        for key, _ in selector.select():
            link = key.fileobj  # type: ignore[assignment]
            answer = link.recv(65_536)
            while not answer.endswith(b'"}'):  # the signature is the last member of every answer
                more = link.recv(65_536)
                if not more:
                    raise RuntimeError("the gateway hung up")
                answer += more
            if not answer.startswith(b"HTTP/1.1 200") or b'"duplicate":false' not in answer:
                raise RuntimeError(answer.decode())
            answered += 1
            request = next(waiting, None)
            if request is not None:
                link.sendall(request)
    rate = len(made) / (time.perf_counter() - begin)
    for link in links:
        link.close()
    selector.close()
    return rate


def crypto_rate(core: int, seconds: float) -> float:
    """Pairs of one verification and one signature per second on `core`, by this process."""
    key = generate()
    data = envelope.render_data({"pushCode": "JSON-LEAVE", "esbBody": leave(0)})
    signature = key.sign(data)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        done = 0
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            for _ in range(50):
                key.public.verify(data, signature)
                key.sign(data)
            done += 50
        return done / (time.perf_counter() - begin)
    finally:
        os.sched_setaffinity(0, before)


class RunningGateway:
    """The gateway process, pinned to a core."""

    def __init__(self, data: Path, core: int) -> None:
        self._sockets = [listening.bind_tcp("127.0.0.1", 0), listening.bind_local(data)]
        host, port = self._sockets[0].getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        lifeline, self._held = os.pipe()
        listen = [made.fileno() for made in self._sockets]
        arguments = ["--data", str(data), "--lifeline", str(lifeline), *(f"--listen={number}" for number in listen)]
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})  # a child and all its threads inherit it
        try:
            self.process = subprocess.Popen(
                processes.command_of("gateway", arguments), pass_fds=(lifeline, *listen), stdin=subprocess.DEVNULL
            )
        finally:
            os.sched_setaffinity(0, before)
            os.close(lifeline)
        if not await_ready(data, 60, lambda: self.process.poll() is None):
            self.stop()
            raise RuntimeError("the gateway did not become ready")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        os.close(self._held)
        for made in self._sockets:
            made.close()


def run(seconds: float, connections: int = CONNECTIONS) -> list[dict[str, Any]]:
    """Interleaved pairs for about `seconds`; medians."""
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0]
    sender = generate()
    numbers = itertools.count()
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as directory:
        settings = load(Path(directory) / "data")
        settings.data.mkdir()
        token = asyncio.run(onboard(settings, sender))
        gateway = RunningGateway(settings.data, core)
        os.sched_setaffinity(0, set(cores[1:]) or {core})
        try:
            rate = send_all(gateway.address, requests(token, sender, numbers, 500), connections)
            for _ in range(max(3, round(seconds / (2.5 * ROUND_SECONDS)))):
                made = requests(token, sender, numbers, max(500, int(rate * ROUND_SECONDS)))
                limit = crypto_rate(core, ROUND_SECONDS / 2)
                rate = send_all(gateway.address, made, connections)
                pairs.append((rate, limit))
        finally:
            os.sched_setaffinity(0, set(cores))
            gateway.stop()
    return [
        {
            "name": "gateway.push",
            "value": round(statistics.median(value for value, _ in pairs)),
            "unit": "1/s",
            "limit": round(statistics.median(limit for _, limit in pairs)),
            "limit_name": "crypto bound",
            "ratio": round(statistics.median(value / limit for value, limit in pairs), 3),
            "floor": 0.32,
            "aim": 0.5,
            "connections": connections,
        }
    ]
