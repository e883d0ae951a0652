"""What systems and devices do to a hub with several gateways: each message goes to one gateway after the other until there
is a receipt, and some are sent once more on purpose. `Recorder` is who gets what is delivered.

Rule: a message is given up never, and sent again only as the very bytes that got no receipt; every receipt is kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import httpx

from adapters.kit.sample import SampleMessage
from hub.client import Receipt, Sender, SendingError
from hub.demo.receiver import Payroll
from hub.demo.traffic import Credentials
from signing import envelope
from signing.jsontext import canonical, parse, render
from signing.keys import PublicKey
from tests.faults.load import AbandonedError, Gate
from tests.faults.month_run import LOAD

RELAYED: Final = "SURAT"
"""Code that is passed on as it is to every subscriber."""

PAUSE: Final = 0.25
"""Seconds between two messages of one system that pushes for the sake of load."""

AGAIN: Final = 0.2
"""Seconds between two attempts."""

EVERY: Final = 7
"""Each how manieth message is sent once more after its receipt."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message that the hub says it has."""

    system: str
    code: str
    body: bytes
    sealed: bytes
    receipt: Receipt


@dataclass(slots=True)
class Books:
    """What the senders hold. `uploads`: batches of devices that were taken; `refused`: attempts without a receipt."""

    pushed: list[Pushed] = field(default_factory=list)
    uploads: list[SampleMessage] = field(default_factory=list)
    repeats: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    def count(self, system: str) -> int:
        return sum(one.system == system for one in self.pushed)


def letters(system: str, gate: Gate) -> Iterator[tuple[str, bytes]]:
    """Facts and letters, in turn, until there is to be no more load; each new, and numbered."""
    number = 0
    while not gate.ended.wait(PAUSE):
        number += 1
        if number % 2:
            yield RELAYED, render({"from": system, "number": number})
            continue
        row = {
            "outageId": f"{system}-{number}",
            "serial": system,
            "institution": LOAD,
            "date": "2026-10-08",
            "from": None,
            "to": None,
            "reason": None,
        }
        yield "JSON-OUTAGE", render({"records": [row]})


def push_all(
    urls: Sequence[str],
    system: Credentials,
    hub_key: PublicKey,
    messages: Iterable[tuple[str, bytes]],
    gate: Gate,
    books: Books,
) -> None:
    """Push each message until there is a receipt for it; now and then once more, to another gateway."""
    with ExitStack() as stack:
        senders = [
            stack.enter_context(Sender(url, system.client_id, system.client_secret, system.key, hub_key, attempts=1))
            for url in urls
        ]
        for n, (code, body) in enumerate(messages):
            sealed = senders[0].seal(code, body)
            at = n + int(hashlib.sha256(system.code.encode()).hexdigest(), 16)
            receipt = _insist(senders, at, sealed, gate, books)
            books.pushed.append(Pushed(system.code, code, body, sealed, receipt))
            if n % EVERY == EVERY - 1:
                books.repeats += 1
                second = _insist(senders, at + 1, sealed, gate, books)
                # another gateway may not know yet that there is a receipt: then it is said to be admitted once more (ADR 0024)
                if second.request_id != receipt.request_id:
                    books.wrong.append(f"{system.code} {code}: a repeat got a receipt of its own")


def _insist(senders: Sequence[Sender], at: int, sealed: bytes, gate: Gate, books: Books) -> Receipt:
    while True:
        try:
            return senders[at % len(senders)].send(sealed)
        except SendingError as error:
            if error.sure:
                raise
            books.refused += 1
            at += 1
            if gate.abandoned.wait(AGAIN):
                raise AbandonedError from None


def upload_all(
    urls: Sequence[str], prefixes: Mapping[str, str], uploads: Sequence[SampleMessage], gate: Gate, books: Books
) -> None:
    """Upload each batch as its device, to one gateway after the other, until one says that it has it."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))  # noqa: TID251 - a device
            for url in urls
        ]
        for n, message in enumerate(uploads):
            gate.await_share(n / len(uploads))
            at = n
            while not _taken(clients[at % len(clients)], prefixes[message.query["SN"]], message):
                books.refused += 1
                at += 1
                if gate.abandoned.wait(AGAIN):
                    raise AbandonedError
            books.uploads.append(message)


def _taken(http: httpx.Client, prefix: str, message: SampleMessage) -> bool:  # noqa: TID251 - a device's own
    try:
        answer = http.post(f"{prefix}{message.path}", params=dict(message.query), content=message.body)
    except httpx.HTTPError:
        return False
    if answer.status_code == 503:
        return False
    assert (answer.status_code, answer.text.strip()) == (200, f"OK: {message.rows}")
    return True


class Recorder(Payroll):
    """A subscriber that takes everything, and keeps in which order and under which ids it came."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, bytes]] = []
        self._heard = threading.Condition()

    def take(self, body: bytes) -> tuple[int, bytes]:
        assert self._hub is not None
        frame = envelope.frame(body)
        envelope.verify(frame, self._hub, 1)
        members = parse(frame.data)
        request = str(members["requestId"])
        with self._heard:
            self.calls.append((request, canonical(members["esbBody"])))
        return 200, self._answer({"success": True, "requestId": request, "esbBody": {"taken": True}})

    def contents(self) -> dict[str, set[bytes]]:
        """What came, by request id."""
        found: dict[str, set[bytes]] = {}
        for request, content in list(self.calls):
            found.setdefault(request, set()).add(content)
        return found

    def first(self) -> list[bytes]:
        """Each request's content, in the order of the first calls."""
        seen: dict[str, bytes] = {}
        for request, content in list(self.calls):
            seen.setdefault(request, content)
        return list(seen.values())
