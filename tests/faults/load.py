"""Systems and devices that push without pause and keep every receipt, whatever becomes of the hub meanwhile.

Rule: one thread for each system, so that what it resends is the last that it sent; a message is given up never, and
sent again only as the very bytes that got no receipt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from adapters.kit.sample import SampleMessage
from hub.client import Receipt, Sender, SendingError
from hub.demo.traffic import Credentials
from signing.jsontext import render
from signing.keys import PublicKey

PATIENCE: Final = 90.0
"""Seconds for which one message is tried again."""

PAUSE: Final = 0.02
"""Seconds between two messages of one system that pushes for the sake of load."""


@dataclass(slots=True)
class Kept:
    """What the senders hold. `receipts`: system, code, the envelope sent, its receipt. `lines`: what devices were told
    is stored, line by line."""

    receipts: list[tuple[str, str, bytes, Receipt]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class AbandonedError(Exception):
    """The test is over before the message was held."""


class Gate:
    """Lets senders go on as the kills go on, so that the month's messages are spread over them; and ends them."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._moved = threading.Condition()
        self.ended = threading.Event()  # no more load; what is begun is finished
        self.abandoned = threading.Event()

    def move(self, share: float) -> None:
        with self._moved:
            self._passed = max(self._passed, share)
            self._moved.notify_all()

    def abandon(self) -> None:
        """End every sender at once."""
        self.abandoned.set()
        self.ended.set()
        self.move(1.0)

    def await_share(self, share: float) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._passed >= share)

    def pause(self, deadline: float) -> None:
        """Between two attempts."""
        if self.abandoned.wait(0.05) or time.monotonic() > deadline:
            raise AbandonedError


def spread(messages: Sequence[tuple[str, bytes]], gate: Gate) -> Iterator[tuple[str, bytes]]:
    """The messages in their order, the n-th as soon as that share of the kills is done."""
    for n, message in enumerate(messages):
        gate.await_share(n / len(messages))
        yield message


def outages(institution: str, serial: str, gate: Gate) -> Iterator[tuple[str, bytes]]:
    """Records of another institution until there is to be no more load, each a new one."""
    number = 0
    while not gate.ended.wait(PAUSE):
        number += 1
        row = {
            "outageId": f"{serial}-{number}",
            "serial": serial,
            "institution": institution,
            "date": "2026-10-08",
            "from": None,
            "to": None,
            "reason": None,
        }
        yield "JSON-OUTAGE", render({"records": [row]})


def push_until_held(
    url: str, system: Credentials, hub_key: PublicKey, messages: Iterable[tuple[str, bytes]], gate: Gate, kept: Kept
) -> None:
    """Push each message until there is a receipt for it."""
    with Sender(url, system.client_id, system.client_secret, system.key, hub_key, attempts=1) as sender:
        for code, body in messages:
            sealed = sender.seal(code, body)
            deadline = time.monotonic() + PATIENCE
            while (receipt := _receipt(sender, sealed)) is None:
                gate.pause(deadline)
            kept.receipts.append((system.code, code, sealed, receipt))


def _receipt(sender: Sender, sealed: bytes) -> Receipt | None:
    try:
        return sender.send(sealed)
    except SendingError as error:
        if error.sure:
            raise
        return None


def upload_until_held(
    url: str, prefixes: Mapping[str, str], uploads: Sequence[SampleMessage], gate: Gate, kept: Kept
) -> None:
    """Upload each batch as its device until the hub says that it has it."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:  # noqa: TID251 - a device's own
        for n, message in enumerate(uploads):
            gate.await_share(n / len(uploads))
            serial = message.query["SN"]
            deadline = time.monotonic() + PATIENCE
            while not _taken(http, f"{prefixes[serial]}{message.path}", message):
                gate.pause(deadline)
            kept.lines += message.body.decode().splitlines()


def _taken(http: httpx.Client, path: str, message: SampleMessage) -> bool:  # noqa: TID251 - a device's own
    try:
        answer = http.post(path, params=dict(message.query), content=message.body)
    except httpx.HTTPError:
        return False
    if answer.status_code == 503:
        return False
    assert (answer.status_code, answer.text.strip()) == (200, f"OK: {message.rows}")
    return True


def worker(kept: Kept, name: str, work: Callable[[], None]) -> threading.Thread:
    """A thread for `work`, whose failure is kept and fails the test."""

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            kept.failures.append(f"{name}: {type(error).__name__}: {error}")

    return threading.Thread(target=run, name=name, daemon=True)


@contextmanager
def pushing(gate: Gate, kept: Kept, works: Sequence[threading.Thread]) -> Iterator[None]:
    """Run the senders beside the block; then let each finish what it has, and tell what failed."""
    for work in works:
        work.start()
    try:
        yield
        gate.move(1.0)
        gate.ended.set()
        for work in works:
            work.join(PATIENCE)
        assert kept.failures == []
    finally:
        gate.abandon()
        for work in works:
            work.join(30)
    assert [work.name for work in works if work.is_alive()] == []
