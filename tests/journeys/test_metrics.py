"""What is counted where things happen, seen on the page: admission, stages, delivery, and the two processes of one hub."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from hub.demo.hubprocess import HubProcess
from hub.errors import TryAgain
from hub.metrics import survey as module
from hub.metrics.names import SPECS
from hub.metrics.sharing import WITHIN
from hub.metrics.survey import Survey
from tests.journeys.gateway_client import Site, open_site
from tests.simulator.hub import SimHub
from tests.simulator.month import settle
from tests.simulator.outbox import delivering, put
from tests.unit.gateway.onboarded import CALENDAR

LOCAL = "127.0.0.1"

Page = Mapping[tuple[str, frozenset[str]], float]


def page_of(text: str) -> Page:
    """Samples by name and values of their labels (but for buckets: those of `+Inf` alone)."""
    return {
        (sample.name, frozenset(sample.labels.values()) - {"+Inf", ""}): sample.value
        for family in read(text)
        for sample in family.samples
        if sample.labels.get("le", "+Inf") == "+Inf"
    }


async def page_at(site: Site) -> Page:
    site.peer, before = LOCAL, site.peer
    reply = await site.ask("GET", "/metrics")
    site.peer = before
    assert reply.status == 200
    return page_of(reply.body.decode())


def at(page: Page, name: str, *labels: str) -> float:
    return page.get((name, frozenset(labels)), 0)


def test_admission_is_counted(tmp_path: Path) -> None:
    """A push, its repeat, a refusal of a known system and one of a stranger are each counted under their code."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            await site.push(site.house.body())
            await site.push(site.house.body())
            await site.push(site.house.body({"records": [{**CALENDAR["records"][0], "period": "x"}]}))
            await site.push(site.house.body(), token="nobody's")
            page = await page_at(site)
            assert at(page, "amana_admitted_total", "JSON-CAL") == 1
            assert at(page, "amana_duplicates_total", "JSON-CAL") == 1
            assert at(page, "amana_refused_total", "AMANA-CONTRACT-001") == 1
            assert at(page, "amana_refused_total", "AMANA-AUTH-001") == 1
            assert at(page, "amana_request_seconds_count", "push") == 4
            assert at(page, "amana_admission_seconds_count") == 2
            assert at(page, "amana_commit_records_sum", "admission") == 2

    asyncio.run(story())


def test_strangers_do_not_see_the_page(tmp_path: Path) -> None:
    """From the network the page is refused with its code."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            reply = await site.ask("GET", "/metrics")
            assert (reply.status, b"AMANA-METRICS-001" in reply.body) == (403, True)

    asyncio.run(story())


def test_delivery_and_stages_are_counted() -> None:
    """Outcomes are counted by system, dead letters by stage and code, batches by stage; what waits is in the survey with
    the age of the oldest, however often it was tried."""

    async def story() -> None:
        hub = SimHub()
        await delivering(hub)
        await put(hub, "one", "a")
        await settle(hub)
        hub.receiver.manner = lambda *_: "refuse"
        await put(hub, "two", "b")
        await settle(hub)
        core = await hub.running()
        measures = core.ports.measures
        assert sum(v for k, v in measures.snapshot().numbers if k[0] == "amana_delivered_total") == 2
        assert measures.value("amana_dead_letters_total", "deliver", "AMANA-OUT-001") == 1
        assert measures.value("amana_stage_records_total", "deliver") >= 4
        assert measures.value("amana_stage_seconds", "deliver") >= 2
        assert measures.value("amana_delivery_seconds") == 2
        hub.clock.advance(3_600_000)
        survey = Survey(hub.log, hub.store, hub.clock, measures)
        await survey.refresh()
        found = {key[1:]: value for key, value in measures.snapshot().numbers if key[0] == "amana_waiting"}
        assert [(labels[1], value) for labels, value in found.items()] == [("dead", 1)]
        assert measures.value("amana_oldest_undelivered_seconds", "dead") >= 3600
        assert measures.value("amana_dead_letters_open", "deliver") == 1
        assert measures.value("amana_lag_records", "index", "receipts") == 0

    asyncio.run(story())


def test_the_survey_sees_lag_and_rests() -> None:
    """Records that a stage has not read are its lag; the survey is not taken again before its time."""

    async def story() -> None:
        hub = SimHub()
        await delivering(hub)
        core = await hub.running()
        survey = Survey(hub.log, hub.store, hub.clock, core.ports.measures)
        await settle(hub)
        for runner in core.runners:
            await runner.step()
        await put(hub, "one", "a")
        await survey.refresh()
        lags = {
            key[1:]: value for key, value in core.ports.measures.snapshot().numbers if key[0] == "amana_lag_records"
        }
        assert {stage for (stage, topic), value in lags.items() if topic.startswith("outbox.") and value == 1} >= {
            "deliver"
        }
        await settle(hub)
        await survey.refresh()
        assert core.ports.measures.value("amana_lag_records", *next(k for k, v in lags.items() if v)) == 1
        hub.clock.advance(round(module.LEAST * 1000))
        await survey.refresh()
        assert core.ports.measures.value("amana_lag_records", *next(k for k, v in lags.items() if v)) == 0

    asyncio.run(story())


class Fallible:
    """A store that can go away."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.away = False

    async def count(self, *args: Any, **kwargs: Any) -> Any:
        if self.away:
            raise TryAgain("AMANA-STORE-001")
        return await self._store.count(*args, **kwargs)

    async def rows(self, *args: Any, **kwargs: Any) -> Any:
        return await self._store.rows(*args, **kwargs)


def test_a_store_that_fails_leaves_the_last_values() -> None:
    """When the store cannot be read the page is answered all the same, and the age of its values grows."""

    async def story() -> None:
        hub = SimHub()
        await delivering(hub)
        core = await hub.running()
        measures = core.ports.measures
        store = Fallible(hub.store)
        survey = Survey(hub.log, store, hub.clock, measures)  # type: ignore[arg-type]
        await survey.refresh()
        hub.clock.advance(60_000)
        store.away = True
        await survey.refresh()
        assert dict(measures.snapshot().numbers)[("amana_survey_age_seconds",)] >= 60

    asyncio.run(story())


@pytest.fixture
def hub(tmp_path: Path) -> Any:
    made = HubProcess(tmp_path / "hub")
    made.start()
    yield made
    made.stop()


def served(hub: HubProcess) -> Page:
    answer = httpx.get(f"{hub.url}/metrics", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name for family in read(answer.text)}
    named = {name.removesuffix("_total") for name in SPECS}
    assert families <= named
    return page_of(answer.text)


def test_one_port_shows_both_processes(hub: HubProcess) -> None:
    """The port of an embedded hub shows gateway and worker; a worker that does not answer is down, and up again when it
    does."""
    page = served(hub)
    assert at(page, "amana_up", "gateway") == at(page, "amana_up", "worker") == 1
    assert at(page, "amana_ready", "gateway") == 1
    deadline = time.monotonic() + 30
    while not any(name == "amana_stage_records_total" and "worker" in labels for name, labels in page):
        assert time.monotonic() < deadline, "no stage of the worker has taken the first record"
        page = served(hub)
    assert at(page, "amana_process_resident_bytes", "worker") > 1 << 20
    [worker] = [
        child
        for child in psutil.Process(hub.pid).children()
        if "worker" in child.cmdline() and "--role" in child.cmdline()
    ]
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        page = served(hub)
        assert (at(page, "amana_up", "gateway"), at(page, "amana_up", "worker")) == (1, 0)
        assert httpx.get(f"{hub.url}/healthz", timeout=WITHIN).status_code == 200
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert at(served(hub), "amana_up", "worker") == 1
