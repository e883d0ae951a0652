"""A unit's month and a load of letters, on whatever hub: the same set-up for a cluster that is hurt and for the embedded
engine, which then gets what the cluster gave receipts for.

Rule: whatever both are told is told by the functions here, so that nothing but the engine and the faults differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self
from unittest.mock import patch

from hub.demo.onboarding import Operator
from hub.demo.receiver import Payroll
from hub.demo.traffic import Credentials, UnexpectedError
from signing.keyfiles import read_private
from signing.keys import load_private
from tests.faults.cluster import WITHIN, until
from tests.faults.cluster_load import RELAYED, Books, Recorder, letters, push_all, upload_all
from tests.faults.held import Held, behind, held
from tests.faults.load import Gate, Kept, spread, worker
from tests.faults.month_run import LOAD, Unit, hub_key, set_up
from tests.faults.served import Served, serving

PEOPLE: Final = 20
LOADERS: Final = 4
ORDERED: Final = "PENERIMA-URUT"
UNORDERED: Final = "PENERIMA-BEBAS"


@dataclass(slots=True)
class Outside:
    """Who gets what the hub delivers."""

    payroll: Payroll = field(default_factory=Payroll)
    recorders: dict[str, Recorder] = field(default_factory=lambda: {ORDERED: Recorder(), UNORDERED: Recorder()})

    def stop(self) -> None:
        for server in (self.payroll, *self.recorders.values()):
            server.stop()


@dataclass(slots=True)
class Outcome:
    """What a hub came to, and what those outside hold of it."""

    books: Books
    outside: Outside
    shown: dict[str, Any] = field(default_factory=dict)
    reconciled: dict[str, Any] = field(default_factory=dict)
    signals: list[bytes] = field(default_factory=list)
    held: Held = field(default_factory=Held)


def onboard(data: Path, url: str, outside: Outside) -> Unit:
    """Onboard the unit, those who make load, and those who get letters; nothing is hurt meanwhile."""
    unit = set_up(data, outside.payroll.url, PEOPLE, loaders=LOADERS)
    operator = Operator(data)
    key = hub_key(url)
    outside.payroll.start(key, unit.onboarded.systems["BAYARCONTOH-GAJI"].key)
    operator.run("api", "add", "--code", RELAYED, "--relay")
    for loader in unit.loaders:
        operator.run("grant", "add", "--system", loader.code, "--code", RELAYED)
    for code, recorder in outside.recorders.items():
        keys = ("--generate-key", str(data / "demo-keys"))
        operator.run("system", "add", "--institution", LOAD, "--code", code, *keys, "--endpoint", recorder.url)
        unordered = ("--unordered",) if code == UNORDERED else ()
        operator.run("subscription", "add", "--system", code, "--code", RELAYED, "--id", f"{code}-1", *unordered)
        recorder.start(key, load_private(read_private(data / "demo-keys" / f"{code}.pem")))
    return unit


def senders(urls: Sequence[str], unit: Unit, gate: Gate, books: Books, kept: Kept) -> list[threading.Thread]:
    """Everything that the unit's systems and devices send, the n-th as soon as that share of the faults is done, and the
    load, of all loaders but the first."""
    key = hub_key(urls[0])

    def push(system: Credentials, messages: Iterable[tuple[str, bytes]]) -> threading.Thread:
        return worker(kept, system.code, lambda: push_all(urls, system, key, messages, gate, books))

    systems = [unit.onboarded.systems[system.code] for system in unit.preset.systems]
    works = [push(system, spread(unit.pushes(system.code), gate)) for system in systems]
    works += [push(system, letters(system.code, gate)) for system in unit.loaders[1:]]
    prefixes = unit.onboarded.prefixes
    return [*works, worker(kept, "devices", lambda: upload_all(urls, prefixes, unit.uploads(), gate, books))]


def pay(unit: Unit, hurt: Sequence[Callable[[], None]] = ()) -> tuple[str, dict[str, Any]]:
    """The run, opened, computed, approved and delivered, with a fault after each step; its code, and as it is shown at the end."""
    faults = iter(hurt)

    def strike() -> None:
        for fault in islice(faults, 1):
            fault()

    run = unit.open_run()
    strike()
    digest = unit.computed(run)
    strike()
    unit.approve(run, digest)
    strike()
    return run, unit.delivered(run)


def finish(unit: Unit, outcome: Outcome, run: tuple[str, dict[str, Any]], folder: Path) -> None:
    """Once every letter is confirmed and everything adds up: what the hub says."""

    last: dict[str, Any] = {}

    def confirmed() -> bool:
        try:
            last.update(unit.maker.reconcile(), error="")
        except UnexpectedError as error:
            last["error"] = str(error)
            return False
        return bool(last["reconciled"]) and set(last["deliveries"]) == {"confirmed"}

    try:
        until(confirmed, "everything is confirmed and reconciles")
    except AssertionError as error:
        raise AssertionError(f"{error}: {last}, {behind(unit.data)}") from None
    outcome.reconciled = unit.reconcile()
    code, outcome.shown = run
    outcome.signals = unit.export(code, folder / "signals.jsonl")


@dataclass(slots=True)
class Embedded:
    """The embedded engine, set up and left alone until `take`."""

    data: Path
    stack: ExitStack
    served: Served
    unit: Unit
    outcome: Outcome

    def take(self, books: Books) -> Outcome:
        """The same input: what `books` holds receipts for, each system's in its order."""
        urls, unit, own = [self.served.url], self.unit, self.outcome
        key = hub_key(self.served.url)
        gate, kept = Gate(), Kept()
        gate.move(1.0)
        works = []
        for system in [*unit.onboarded.systems.values(), *unit.loaders]:
            messages = [(one.code, one.body) for one in books.pushed if one.system == system.code]

            def push(system: Credentials = system, messages: list[tuple[str, bytes]] = messages) -> None:
                push_all(urls, system, key, messages, gate, own.books)

            works.append(worker(kept, system.code, push))
        uploads = unit.uploads()
        upload = lambda: upload_all(urls, unit.onboarded.prefixes, uploads, gate, own.books)  # noqa: E731
        works.append(worker(kept, "devices", upload))
        for work in works:
            work.start()
        for work in works:
            work.join()
        assert kept.failures == []
        finish(unit, own, pay(unit), self.data.parent)
        self.stack.close()
        own.held = held(self.data)
        return own


class Beside:
    """A hub on the embedded engine with the same unit, set up and used beside whatever the block does."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._stack = ExitStack()
        self._does = ThreadPoolExecutor(1)
        self._made: Future[Embedded] | None = None
        self._outcome: Future[Outcome] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._does.shutdown()
        self._stack.close()

    def begin(self) -> None:
        """Set it up."""
        self._made = self._does.submit(self._set_up)

    def take(self, books: Books) -> None:
        """Give it what `books` holds receipts for."""
        self._outcome = self._does.submit(lambda: self._embedded().take(books))

    def outcome(self) -> Outcome:
        """What it came to."""
        assert self._outcome is not None
        return self._outcome.result()

    def _embedded(self) -> Embedded:
        assert self._made is not None
        return self._made.result()

    def _set_up(self) -> Embedded:
        outcome = Outcome(Books(), Outside())
        self._stack.callback(outcome.outside.stop)
        with patch("hub.demo.hubprocess.READY_WITHIN", WITHIN):  # the machine is busy with a cluster
            served = self._stack.enter_context(serving(self._data))
        return Embedded(self._data, self._stack, served, onboard(self._data, served.url, outcome.outside), outcome)
