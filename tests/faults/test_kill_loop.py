"""kill -9 of the whole hub, or of one of its processes, at random moments under load: nothing acknowledged is lost, and
no pay signal is missing or doubled.

One hub is killed again and again while systems and devices push to it, while its pay run is computed, approved and
delivered; another one, left alone, gets the same month. `AMANA_TEST_KILLS` says how often, `AMANA_TEST_SOAK=1` makes it
50 times.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.zkteco_adms.lines import lines
from hub.demo.receiver import Payroll
from hub.records import CODE, DEVICE, DIGEST, SYSTEM
from signing.jsontext import parse
from tests.faults.load import Gate, Kept, outages, push_until_held, pushing, spread, upload_until_held, worker
from tests.faults.month_run import LOAD, PERIOD, Unit, hub_key, set_up
from tests.faults.served import Served, Victim, orphans, serving
from tests.journeys import stored

SOAK: Final = os.environ.get("AMANA_TEST_SOAK", "0") not in {"", "0"}
KILLS: Final = int(os.environ.get("AMANA_TEST_KILLS") or (50 if SOAK else 10))
PEOPLE: Final = 60
SEED: Final = int(os.environ.get("AMANA_TEST_SEED") or 5)
VICTIMS: Final[tuple[Victim, ...]] = ("parent", "gateway", "worker", "everything", "worker", "gateway")


class SlowPayroll(Payroll):
    """Takes its time between taking a file and saying so, and tells when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def take(self, body: bytes) -> tuple[int, bytes]:
        self.asked.set()
        answer = super().take(body)
        time.sleep(0.2)
        return answer


@dataclass(slots=True)
class Outcome:
    """What a hub came to, and what those outside hold of it."""

    kept: Kept
    payroll: Payroll
    signals: list[bytes] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    reconciled: dict[str, Any] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)


class Killer:
    """Kills at random moments, each victim as often as the next."""

    def __init__(self, served: Served, count: int, done: Counter[str]) -> None:
        self._served = served
        self._chance = random.Random(SEED)
        self._victims = [VICTIMS[n % len(VICTIMS)] for n in range(count)]
        self._chance.shuffle(self._victims)
        self._done = done

    def strike(self, within: float) -> None:
        """Kill the next victim at a random moment `within` seconds from now."""
        time.sleep(self._chance.uniform(0, within))  # the moment is what is random; nothing is waited for
        victim = self._victims.pop()
        self._served.kill(victim)
        self._done[victim] += 1

    def await_ready(self) -> None:
        self._served.await_ready()


def push_month(served: Served, unit: Unit, kept: Kept, gate: Gate) -> list[threading.Thread]:
    """Everything that the unit's systems and devices send, and what only makes load."""
    key = hub_key(served.url)

    def push(system: Any, messages: Any) -> threading.Thread:
        return worker(kept, system.code, lambda: push_until_held(served.url, system, key, messages, gate, kept))

    systems = [unit.onboarded.systems[system.code] for system in unit.preset.systems]
    works = [push(system, spread(unit.pushes(system.code), gate)) for system in systems]
    works += [push(system, outages(LOAD, system.code, gate)) for system in unit.loaders]
    prefixes = unit.onboarded.prefixes
    upload = lambda: upload_until_held(served.url, prefixes, unit.uploads(), gate, kept)  # noqa: E731 - a thread's work
    return [*works, worker(kept, "devices", upload)]


def month(data: Path, kills: int) -> Outcome:
    """A month on a hub of its own: three kills of `kills` strike the pay run, the others the admission."""
    outcome = Outcome(Kept(), SlowPayroll() if kills else Payroll())
    payroll = outcome.payroll
    try:
        with serving(data) as served:
            unit = set_up(data, payroll.url, PEOPLE, loaders=2 if kills else 0)
            payroll.start(hub_key(served.url), unit.onboarded.systems["BAYARCONTOH-GAJI"].key)
            killer = Killer(served, kills, outcome.kills)
            gate = Gate()
            with pushing(gate, outcome.kept, push_month(served, unit, outcome.kept, gate)):
                under_load = kills - min(kills, 3)
                for n in range(under_load):
                    killer.strike(1.0)
                    killer.await_ready()
                    gate.move((n + 1) / under_load)
            run = pay(unit, payroll, killer if kills else None)
            outcome.shown = unit.delivered(run)
            outcome.reconciled = unit.reconcile()
            outcome.signals = unit.export(run, data / "signals.jsonl")
    finally:
        payroll.stop()
        gc.collect()
    return outcome


def pay(unit: Unit, payroll: Payroll, killer: Killer | None) -> str:
    """The run, opened, computed and approved; killed while each of it goes on, and while payroll is being called."""
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(unit.open_run)
        if killer:
            killer.strike(0.4)
        run = opening.result()
        digest = unit.computed(run)
        assert payroll.files == []
        approving = pool.submit(unit.approve, run, digest)
        if killer:
            killer.strike(0.2)
        approving.result()
        if isinstance(payroll, SlowPayroll) and killer:
            assert payroll.asked.wait(60)
            killer.strike(0.3)
            killer.await_ready()
    return run


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    data = tmp_path_factory.mktemp("killed") / "data"
    return data, month(data, KILLS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return month(tmp_path_factory.mktemp("undisturbed") / "data", 0)


pytestmark = [
    pytest.mark.timeout(120 + 30 * KILLS),
    # the HTTP library leaves the socket of a refused local connection to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),
]


def test_every_kind_of_kill_struck(killed: tuple[Path, Outcome]) -> None:
    """As many kills as were asked for, of the whole hub and of each of its processes, under load; nothing is left running."""
    data, outcome = killed
    assert outcome.kills.total() == KILLS
    assert set(outcome.kills) == set(VICTIMS)
    pushed = Counter(system for system, *_ in outcome.kept.receipts if system.startswith(LOAD))
    assert min(pushed.values()) > KILLS, "there was no load to kill"
    assert orphans(data) == []


def test_every_receipt_is_in_the_log_once(killed: tuple[Path, Outcome]) -> None:
    """Each receipt names one admitted message that holds the very bytes that were sent, and there is no other message."""
    data, outcome = killed
    held = [message for message in stored.messages(data) if DEVICE not in message.headers]
    by_request = {message.request_id: message for message in held}
    assert len(by_request) == len(held)
    for system, code, sealed, receipt in outcome.kept.receipts:
        message = by_request[receipt.request_id]
        assert message.headers[SYSTEM] == system
        assert message.headers[CODE] == code
        assert message.headers[DIGEST] == receipt.digest
        assert message.headers[DIGEST] == f"sha256:{hashlib.sha256(sealed).hexdigest()}"
        assert message.received == sealed
    assert sorted(by_request) == sorted(receipt.request_id for *_, receipt in outcome.kept.receipts)


def test_every_acknowledged_tap_is_in_the_log_once(killed: tuple[Path, Outcome]) -> None:
    """What devices were told is stored is stored, each line once, however often a batch was sent."""
    data, outcome = killed
    found: Counter[str] = Counter()
    for message in stored.messages(data):
        if DEVICE in message.headers:
            assert message.received is not None
            rows = message.rows
            found.update(line for n, line in enumerate(lines(message.received)) if rows is None or n in rows)
    assert found == Counter(outcome.kept.lines)


def test_no_pay_signal_is_missing_or_doubled(killed: tuple[Path, Outcome], undisturbed: Outcome) -> None:
    """Every employee has one signal, in the log and in the store, and they are those of a hub that was left alone."""
    data, outcome = killed
    people = Counter(parse(text)["employeeId"] for text in outcome.signals)
    assert (len(people), set(people.values())) == (PEOPLE, {1})
    assert outcome.signals == undisturbed.signals
    assert stored.pay_signals(data) == undisturbed.signals
    for member in ("digest", "counts", "totals"):
        assert outcome.shown[member] == undisturbed.shown[member]


def test_payroll_took_each_file_once(killed: tuple[Path, Outcome], undisturbed: Outcome) -> None:
    """A file that was sent again came under the request id that it had, so payroll has what it has without any kill."""
    _, outcome = killed
    assert outcome.payroll.refused == []
    assert sorted(map(repr, outcome.payroll.files)) == sorted(map(repr, undisturbed.payroll.files))
    names = Counter(file.name for file in outcome.payroll.files)
    assert set(names.values()) == {1}


def test_everything_reconciles_after_the_kills(killed: tuple[Path, Outcome]) -> None:
    """The hub's own equalities hold, and it counts as many messages as the senders hold receipts and devices sent."""
    _, outcome = killed
    assert outcome.reconciled["reconciled"] is True
    signed = Counter(code for _, code, _, _ in outcome.kept.receipts)
    admitted = {code: count for code, count in outcome.reconciled["admitted"].items() if code != "ADMS-ATT"}
    assert admitted == dict(signed)
    assert outcome.shown["period"] == PERIOD
