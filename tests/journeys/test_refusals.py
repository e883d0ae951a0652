"""What was turned away: recorded together and within a quota, found by its request id, and erased like a message."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub import records as r
from hub.errors import TryAgain
from hub.gateway import refusals
from hub.ports import Append
from hub.reads import messages
from hub.reads.reconcile import reconcile
from hub.stages.effects import Stage
from hub.stages.erase import Erase
from hub.stages.index import Index
from hub.stages.index_orders import IndexOrders
from hub.stages.runner import Runner
from hub.store.sql import SqlStore
from tests.journeys.gateway_client import Site, open_site


def test_empty_bodies_have_a_quota_too(tmp_path: Path) -> None:
    """A record costs more than its body: a system that sends empty bodies keeps no more of the disk than another."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            site.gateway.refusals = refusals.Refusals(site.gateway.context, quota=5 * refusals.RECORD_BYTES)
            token = await site.token()
            for _ in range(8):
                assert (await site.push(b"", token)).status == 400
            await site.gateway.refusals.flush()
            [row] = await site.store.rows("refusal_count")
            assert (len(await site.records("refusals")), row["count"], row["bytes"]) == (5, 3, 0)

    asyncio.run(story())


def test_refusals_are_recorded_together_and_none_is_lost_to_a_busy_log(tmp_path: Path) -> None:
    """However many refusals a tick has, the log is asked once; what it could not take is taken at the next tick."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            asked, append = [], site.log.append

            async def busy_once(appends: Sequence[Append]) -> list[int]:
                asked.append(sum(len(one.records) for one in appends))
                if len(asked) == 1:
                    raise TryAgain("AMANA-BUS-001")
                return await append(appends)

            site.log.append = busy_once  # type: ignore[method-assign]
            token = await site.token()
            replies = [site.verified(await site.push(b"nonsense", token)) for _ in range(20)]
            with pytest.raises(TryAgain):
                await site.gateway.refusals.flush()
            await site.gateway.refusals.flush()
            await site.gateway.refusals.flush()
            kept = {record.headers[r.ID][:32] for record in await site.records("refusals")}
            assert (asked, kept) == ([20, 20], {reply["requestId"] for reply in replies})

    asyncio.run(story())


async def indexed(site: Site, store: SqlStore | None = None) -> None:
    """Let the index, and what carries out erasures, read all there is."""
    context = site.gateway.context
    index = Index(store or site.store, context.follower)
    orders = IndexOrders(site.log, store or site.store, context.follower, index)
    stages: tuple[Stage, ...] = (Erase(context.vault, context.follower), index, orders)
    for stage in stages:
        runner = Runner(stage, site.log, store or site.store, "test")
        while await runner.step():
            pass


def test_a_refusal_is_found_by_its_request_id_and_counted(tmp_path: Path) -> None:
    """The index shows it as a message of kind `refused` with the code; the control totals count it from there."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            request = site.verified(await site.push(b"nonsense"))["requestId"]
            await site.gateway.refusals.flush()
            await indexed(site)
            shown = await messages.show_message(site.store, site.log, request)
            listed = await messages.list_messages(site.store, {"kind": "refused"}, 10, None)
            found = await reconcile(site.log, site.store, site.log, site.gateway.context.follower.directory.now())
            assert (shown["kind"], shown["state"], shown["detail"]) == ("refused", "refused", "AMANA-FRM-001")
            assert (shown["system"], shown["institution"]) == ("HR", "KEM")
            assert [row["requestId"] for row in listed["items"]] == [request]
            assert found["refused"] == {"AMANA-FRM-001": 1}
            assert [check for check in found["checks"] if not check["ok"] and "messages" in check["name"]] == []

    asyncio.run(story())


def test_a_refusal_is_erased_like_a_message(tmp_path: Path) -> None:
    """After the order its secret is gone, and the index says so."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            await site.push(b"somebody's number")
            await site.gateway.refusals.flush()
            await indexed(site)
            [record] = await site.records("refusals")
            name = record.headers[r.ID]
            before = await site.log.open([name])
            await site.clock.sleep(1)
            await site.change("message.erase", {"ids": [name], "reason": "an objection"})
            await indexed(site)
            shown = await messages.show_message(site.store, site.log, name)
            assert (list(before), await site.log.open([name])) == ([name], {})
            assert [event["state"] for event in shown["events"]] == ["refused", "erased"]

    asyncio.run(story())


def test_an_order_to_erase_makes_no_row_and_is_not_forgotten(tmp_path: Path) -> None:
    """An id that never was gets no row; an order waits for the message that it names."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            await site.push(site.house.body())
            [record] = await site.records("inbox.generic_json")
            name = record.headers[r.ID]
            await site.change("message.erase", {"ids": ["0" * 64, name], "reason": "an objection"})
            index = Index(site.store, site.gateway.context.follower)
            orders = IndexOrders(site.log, site.store, site.gateway.context.follower, index)
            first = Runner(orders, site.log, site.store, "test")
            with pytest.raises(TryAgain) as waits:
                while await first.step():
                    pass
            assert waits.value.code == "AMANA-STORE-004"
            rows_before = await site.store.rows("message")
            await indexed(site)
            rows = [(row["id"], row["state"]) for row in await site.store.rows("message")]
            assert (rows_before, rows) == ([], [(name, "erased")])

    asyncio.run(story())


def test_inventing_addresses_makes_no_more_rows_than_a_minute_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound holds for the minute, however often it is flushed within it: what is beyond is counted in one row, and
    nothing is lost. A known address keeps its row, and the next minute has rows of its own."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            counting = site.gateway.refusals
            for second in range(20):
                for n in range(5):
                    counting.count("AMANA-AUTH-001", 1, f"192.0.2.{second * 5 + n}", site.clock.now())
                counting.count("AMANA-AUTH-001", 1, "192.0.2.0", site.clock.now())
                await counting.flush()
            rows = await site.store.rows("refusal_count")
            mine = counting.hash_address("192.0.2.0")
            assert len(rows) == 11
            assert sum(row["count"] for row in rows) == 120
            assert {row["address"]: row["count"] for row in rows}[mine] == 21
            assert {row["address"]: row["count"] for row in rows}[refusals.EVERYONE] == 90
            await site.clock.sleep(60)
            counting.count("AMANA-AUTH-001", 1, "192.0.2.99", site.clock.now())
            await counting.flush()
            assert len(await site.store.rows("refusal_count")) == 12

    monkeypatch.setattr(refusals, "ROWS_PER_MINUTE", 10)
    asyncio.run(story())


def test_addresses_of_one_ipv6_network_are_one(tmp_path: Path) -> None:
    """Whoever has a /64 has 2^64 addresses and one row; IPv4 within IPv6 is IPv4."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            counting = site.gateway.refusals
            for n in range(50):
                counting.count("AMANA-AUTH-001", 1, f"2001:db8::{n:x}:1", site.clock.now())
            counting.count("AMANA-AUTH-001", 1, "2001:db8:0:1::1", site.clock.now())
            counting.count("AMANA-AUTH-001", 1, "192.0.2.1", site.clock.now())
            counting.count("AMANA-AUTH-001", 1, "::ffff:192.0.2.1", site.clock.now())
            await counting.flush()
            assert sorted(row["count"] for row in await site.store.rows("refusal_count")) == [1, 2, 50]

    asyncio.run(story())


def test_counts_are_forgotten_after_thirty_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rows go, in bounded steps; younger ones stay."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            counting = site.gateway.refusals
            for n in range(5):
                counting.count("AMANA-AUTH-001", 1, f"192.0.2.{n}", site.clock.now())
            await counting.flush()
            await site.clock.sleep(30 * 86_400)
            counting.count("AMANA-AUTH-001", 1, "192.0.2.9", site.clock.now())
            await counting.flush()
            assert len(await site.store.rows("refusal_count")) == 6
            await site.clock.sleep(3600)
            left = []
            for _ in range(3):
                await counting.flush()
                left.append(len(await site.store.rows("refusal_count")))
            assert left == [4, 2, 1]

    monkeypatch.setattr(refusals, "DROPPED_AT_ONCE", 2)
    asyncio.run(story())
