"""Faults on the real thing: under load a worker, a gateway, a broker of three and PostgreSQL are killed with -9, a broker
and a worker are stopped past their sessions and go on, workers come and go, no broker answers at all.

At the end nothing that has a receipt is missing, nothing has a second effect, and the control totals are those of the
embedded engine for the same input. `make soak` strikes with one fault after the other, twice, in another order each time;
otherwise several strike at once. `AMANA_TEST_FAULTS=PostgreSQL` strikes with what that expression finds alone, for whoever
looks for a cause; `AMANA_TEST_SEED` chooses who is hurt.
"""

from __future__ import annotations

import gc
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from hub.postgres.admissions import ANSWER_S
from signing.jsontext import parse
from tests import soak
from tests.faults.cluster import running
from tests.faults.cluster_load import RELAYED, Books, Pushed
from tests.faults.cluster_month import (
    ORDERED,
    PEOPLE,
    Beside,
    Outcome,
    Outside,
    finish,
    onboard,
    pay,
    senders,
)
from tests.faults.cluster_strikes import Strikes
from tests.faults.held import held
from tests.faults.load import Gate, Kept, pushing
from tests.faults.month_run import hub_key

SOAKING: Final = soak.soaking(os.environ)
ROUNDS: Final = int(os.environ.get("AMANA_TEST_ROUNDS") or (2 if SOAKING else 1))
ONLY: Final = os.environ.get("AMANA_TEST_FAULTS", "")
SEED: Final = int(os.environ.get("AMANA_TEST_SEED") or 5)

pytestmark = [
    pytest.mark.needs("kafka", "postgres"),
    pytest.mark.timeout(1500 * ROUNDS),
    # the HTTP library leaves the socket of a refused local connection to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),
]

Fault = tuple[str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Ended:
    """A cluster that was hurt, and the embedded engine after the same input."""

    cluster: Outcome
    strikes: Strikes
    embedded: Outcome


def plan(strikes: Strikes, chance: random.Random) -> list[Fault]:
    """Every fault once; which gateway, worker and broker it is, chance says."""
    gateway, worker = chance.choice(["gateway-1", "gateway-2"]), chance.choice(["worker-1", "worker-2"])
    broker, stopped = chance.sample([1, 2, 3], 2)
    if SOAKING:
        faults = one_by_one(strikes, gateway, worker, broker, stopped)
        chance.shuffle(faults)
    else:
        faults = several_at_once(strikes, gateway, worker, broker, stopped)
    return [fault for fault in faults if re.search(ONLY, fault[0])]


def one_by_one(strikes: Strikes, gateway: str, worker: str, broker: int, stopped: int) -> list[Fault]:
    return [
        (f"kill -9 {worker}", partial(strikes.kill_child, worker)),
        (f"kill -9 {gateway}", partial(strikes.kill_node, gateway)),
        (f"kill -9 broker {broker}", partial(strikes.kill_broker, broker)),
        ("kill -9 PostgreSQL", strikes.kill_server),
        (f"SIGSTOP broker {stopped}", partial(strikes.stop_broker, stopped)),
        (f"SIGSTOP {worker}", partial(strikes.stop_worker, worker)),
        ("a third worker joins and leaves", partial(strikes.join_and_leave, "worker-3")),
        (f"SIGTERM {gateway}", partial(strikes.drain_and_start, gateway)),
        ("SIGSTOP every broker", strikes.silence),
        (f"kill -9 PostgreSQL, {worker}", partial(strikes.kill_server, worker)),
    ]


def several_at_once(strikes: Strikes, gateway: str, worker: str, broker: int, stopped: int) -> list[Fault]:
    """Every kind of fault, in less than half the time."""
    return [
        (f"kill -9 PostgreSQL, {worker}", partial(strikes.kill_server, worker)),
        (f"kill -9 broker {broker}, {gateway}", partial(strikes.kill_broker, broker, gateway)),
        (f"SIGSTOP broker {stopped}, {worker}", partial(strikes.stop_both, stopped, worker)),
        (f"a third worker joins and leaves, SIGTERM {gateway}", partial(strikes.join_and_leave, "worker-3", gateway)),
        ("SIGSTOP every broker", strikes.silence),
    ]


def hurt(folder: Path, beside: Beside) -> tuple[Outcome, Strikes]:
    """The month on a cluster, with every fault, and on the embedded engine, with none."""
    outcome = Outcome(Books(), Outside())
    chance = random.Random(SEED)
    try:
        with running(folder) as cluster:
            unit = onboard(cluster.data, cluster.gateways[0].url, outcome.outside)
            cluster.await_ready()
            strikes = Strikes(
                cluster,
                outcome.books,
                list(outcome.outside.recorders.values()),
                unit.loaders[1:],
                unit.loaders[0],
                hub_key(cluster.gateways[0].url),
                unit.uploads()[-1],
                unit.onboarded.prefixes,
                folder / "faults.txt",
            )
            gate, kept = Gate(), Kept()
            urls = [node.url for node in cluster.gateways]
            with pushing(gate, kept, senders(urls, unit, gate, outcome.books, kept)):
                strikes.await_well("the start")
                strikes.note("all is well")
                beside.begin()
                for n in range(ROUNDS):
                    faults = plan(strikes, chance)
                    for at, (what, strike) in enumerate(faults, 1):
                        strikes.strike(what, strike)
                        gate.move((n + (at - 1) / len(faults)) / ROUNDS)
            strikes.note("everything is sent")
            beside.take(outcome.books)
            killed = [partial(strikes.kill_child, name) for name in ("worker-1", "gateway-1", "worker-2")]
            finish(unit, outcome, pay(unit, killed), folder)
            strikes.note("the cluster came to the end")
            for node in cluster.nodes.values():
                node.stop()
            outcome.held = held(cluster.data)
            published = outcome.held.published
            strikes.note(f"published {published.total()} times, {len(published)} records")
    finally:
        outcome.outside.stop()
        gc.collect()
    return outcome, strikes


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    with Beside(tmp_path_factory.mktemp("embedded")) as beside:
        outcome, strikes = hurt(tmp_path_factory.mktemp("cluster"), beside)
        same = beside.outcome()
        strikes.note("the embedded engine came to the end")
        return Ended(outcome, strikes, same)


def letters_of(books: Books) -> list[Pushed]:
    return [one for one in books.pushed if one.code == RELAYED]


def test_every_fault_struck_under_load(ended: Ended) -> None:
    """Each fault was noticed and survived, while systems that got no receipt sent again and some sent twice on purpose."""
    assert len(ended.strikes.struck) == len(plan(ended.strikes, random.Random(SEED))) * ROUNDS
    assert ended.cluster.books.refused > 0
    assert ended.cluster.books.repeats > 0
    assert ended.cluster.books.wrong == []


def test_a_worker_that_goes_on_is_refused_what_it_had_in_hand(ended: Ended) -> None:
    """Stopped for longer than its session, it takes up what came to it before: the store refuses to keep what it makes of
    partitions that others have."""
    assert ended.strikes.fenced > 0


def test_every_receipt_is_in_the_log_and_in_the_index_once(ended: Ended) -> None:
    """Each receipt names one admitted message, with the very bytes that were sent, and there is no other message; what a
    fault made a gateway append again is marked as a repeat, and has no second place in the index."""
    held_there, books = ended.cluster.held, ended.cluster.books
    signed = {one.receipt.request_id: one for one in books.pushed}
    assert len(signed) == len(books.pushed)
    digests = {name: digest for name, digest in held_there.admitted.items() if name in signed}
    assert digests == {name: one.receipt.digest for name, one in signed.items()}
    assert sorted(held_there.admitted) == sorted(ended.embedded.held.admitted)
    assert held_there.unmarked == []
    inbox = Counter({name: n for (kind, name), n in held_there.index.items() if kind == "inbox"})
    assert inbox == Counter(list(held_there.admitted))


def test_every_canonical_record_is_there_once(ended: Ended) -> None:
    """The records in the log and the facts in the store are those of the embedded engine, by id and to the byte."""
    here, there = ended.cluster.held, ended.embedded.held
    assert here.records == there.records
    assert here.facts == there.facts
    assert set(here.facts.values()) == {1}
    assert set(here.taken.values()) == {1}
    assert here.taken.keys() == here.published.keys()


def test_every_delivery_has_one_confirmation(ended: Ended) -> None:
    """Each delivery is confirmed, and its confirmation was recorded once; there are no others than on the embedded engine."""
    here = ended.cluster.held
    assert {state for _, state in here.deliveries.values()} == {"confirmed"}
    assert here.confirmations == Counter(dict.fromkeys(here.deliveries, 1))
    assert here.confirmed_events == here.confirmations
    assert len(here.deliveries) == len(ended.embedded.held.deliveries)


def test_subscribers_got_each_letter_under_one_id(ended: Ended) -> None:
    """Whatever was called twice came under the id that it had; each letter that has a receipt came, and nothing else; who
    wants them in order got them in their sender's order, for the first time each."""
    sent = Counter(one.body for one in letters_of(ended.cluster.books))
    assert set(sent.values()) == {1}
    for system, recorder in ended.cluster.outside.recorders.items():
        contents = recorder.contents()
        assert {len(found) for found in contents.values()} == {1}
        assert Counter(next(iter(found)) for found in contents.values()) == sent
        assert contents == ended.embedded.outside.recorders[system].contents()
    numbers: dict[str, list[int]] = {}
    for content in ended.cluster.outside.recorders[ORDERED].first():
        letter = parse(content)
        numbers.setdefault(letter["from"], []).append(letter["number"])
    assert all(found == sorted(found) for found in numbers.values())


def test_control_totals_are_those_of_the_embedded_engine(ended: Ended) -> None:
    """The pay run's digest, counts, totals and signals, and every count of the reconciliation, are the same; payroll took
    the same files, each once."""
    here, there = ended.cluster, ended.embedded
    assert here.signals == there.signals
    assert len({parse(signal)["employeeId"] for signal in here.signals}) == PEOPLE == len(here.signals)
    for member in ("digest", "counts", "totals"):
        assert here.shown[member] == there.shown[member]
    for member in ("reconciled", "admitted", "records", "deadLetters", "deliveries"):
        assert here.reconciled[member] == there.reconciled[member]
    assert here.outside.payroll.refused == []
    assert sorted(map(repr, here.outside.payroll.files)) == sorted(map(repr, there.outside.payroll.files))


def test_without_brokers_senders_are_told_to_come_back(ended: Ended) -> None:
    """Systems and devices get 503 within a bearable time, however many waits there are for brokers that do not say no; what
    they then send again is taken once."""
    assert {(answer.who, answer.status) for answer in ended.strikes.answers} == {("system", 503), ("device", 503)}
    assert all(int(answer.retry_after or 0) > 0 for answer in ended.strikes.answers)
    assert all(answer.seconds < ANSWER_S + 10 for answer in ended.strikes.answers)


def test_whoever_is_told_to_end_drains(ended: Ended) -> None:
    """A gateway and a worker under load say that they are not ready before they stop, and end by themselves within 10
    seconds."""
    assert {drained.name.partition("-")[0] for drained in ended.strikes.drained} == {"gateway", "worker"}
    for drained in ended.strikes.drained:
        assert drained.status == 0
        assert drained.seconds < 10, drained
        assert [status for status in drained.said if status != 200][:1] == [503], drained
