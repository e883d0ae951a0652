"""Outboxes that are collected: read by cursor, in pages, by whom they belong to; what was erased is not shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.pull.outbox import BYTES
from signing.forms import Media
from signing.jsontext import parse, render
from tests.simulator.asking import ask, code_of, question
from tests.simulator.collecting import OUTBOX, collecting, numbers, read
from tests.simulator.outbox import put
from tests.simulator.relaying import CODE, FIRST, SECOND, change, message_states, send, subscribe


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_nobody_is_called_and_nothing_parks() -> None:
    """Messages of a collected subscription wait, all of them, in the reader's order."""

    async def journey() -> None:
        hub = await collecting(3)
        assert hub.receiver.calls == {}
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["waiting"] * 3
        page = await read(hub)
        assert numbers(page) == [0, 1, 2]
        assert (page["more"], page["waiting"]) == (False, 3)
        first = page["messages"][0]
        assert (first["code"], first["subscription"]) == (CODE, f"{FIRST}.{CODE}")

    _run(journey)


def test_a_reader_that_speaks_xml_reads_and_confirms_alike() -> None:
    """Numbers and lists of the question come as text; the answer is XML that the hub signed."""

    async def journey() -> None:
        hub = await collecting(3)

        async def say(body: Any) -> Any:
            data = await ask(hub, FIRST, question(OUTBOX, body, media="xml"), media="xml")
            assert data["success"] is True, data
            return data["esbBody"]

        page = await say({"limit": 2})
        [one, two] = page["messages"]
        assert (one["esbBody"], two["code"], page["more"], page["waiting"]) == ({"n": "0"}, CODE, "true", "3")
        said = await say({"limit": 1, "confirm": [one["requestId"], two["requestId"]], "cursor": page["cursor"]})
        await hub.settle()
        alone = await say({"confirm": [(await read(hub))["messages"][0]["requestId"]]})
        await hub.settle()
        assert (said["confirmed"], alone["confirmed"]) == ("2", "1")
        assert (await read(hub))["waiting"] == 0

    _run(journey)


@pytest.mark.parametrize(
    ("media", "odd"),
    [
        ("json", b'{"a":' * 62 + b"1" + b"}" * 62),
        ("xml", b'{"a":' * 62 + b"1" + b"}" * 62),
        ("xml", b'{"a b":1}'),
        ("xml", b'{"a":[null]}'),
        ("xml", b'{"a":"\\u0001 \xef\xbf\xbe"}'),
    ],
)
def test_a_body_that_the_answer_cannot_hold_hides_no_other(media: Media, odd: bytes) -> None:
    """It comes as text, which says the same; what stands behind it comes as always, and both can be confirmed."""

    async def journey() -> None:
        hub = await collecting()
        for body in (odd, b'{"n":1}'):
            hub.clock.advance(1)
            await send(hub, body)
        await hub.settle()
        data = await ask(hub, FIRST, question(OUTBOX, {}, media=media), media=media)
        assert data["success"] is True, data["message"]
        first, second = data["esbBody"]["messages"]
        assert "esbBody" not in first
        assert parse(first["bodyText"].encode()) == parse(odd)
        assert second["esbBody"] == {"n": 1 if media == "json" else "1"}
        said = await read(hub, confirm=[first["requestId"], second["requestId"]])
        assert (said["confirmed"], said["messages"]) == (2, [])

    _run(journey)


def test_messages_of_many_keys_are_read_in_the_order_of_their_times() -> None:
    """Partitions are merged by time, and none of them loses its own order."""

    async def journey() -> None:
        hub = await collecting(partitions=4)
        for n in range(24):
            hub.clock.advance(1)
            await put(hub, f"m{n:02}", f"key-{n % 7}", subscription=f"{FIRST}.{CODE}", system=FIRST, collect=True)
        await hub.settle()
        assert len({row["partition"] for row in await hub.store.rows("delivery")}) > 1
        seen: list[str] = []
        cursor: dict[str, Any] = {}
        while len(seen) < 24:
            page = await read(hub, limit=5, **cursor)
            seen += [message["code"] for message in page["messages"]]
            cursor = {"cursor": page["cursor"]}
        assert seen == [f"m{n:02}" for n in range(24)]

    _run(journey)


def test_a_cursor_goes_on_and_passes_nothing_over() -> None:
    """Pages by cursor hold every message once, also those that come while it reads, in whichever partition."""

    async def journey() -> None:
        hub = await collecting(5)
        seen: list[int] = []
        cursor: dict[str, Any] = {}
        for n in range(8):
            page = await read(hub, limit=1, **cursor)
            seen += numbers(page)
            cursor = {"cursor": page["cursor"]}
            if n < 3:
                await send(hub, render({"n": 5 + n}))
                await hub.settle()
        assert seen == list(range(8))
        end = await read(hub, **cursor)
        assert (numbers(end), end["more"], end["waiting"]) == ([], False, 8)
        assert numbers(await read(hub)) == list(range(8))

    _run(journey)


def test_a_page_is_bounded_by_its_bytes() -> None:
    """Bodies beyond the bound wait for the next page; one that is larger than it comes alone."""

    async def journey() -> None:
        hub = await collecting()
        large = "x" * (BYTES // 2)
        for n, text in enumerate([large, large, large * 3, "small"]):
            await send(hub, render({"n": n, "text": text}))
        await hub.settle()
        pages: list[list[int]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await read(hub, **cursor)
            pages.append(numbers(page))
            cursor = {"cursor": page["cursor"]}
            if not page["more"]:
                break
        assert pages == [[0], [1], [2], [3]]

    _run(journey)


def test_an_erased_message_is_not_shown_and_waits_no_more() -> None:
    """Whether its erasure is ordered before or after it came to the outbox, it is settled as erased."""

    async def journey() -> None:
        hub = await collecting()
        sent = [await send(hub, render({"n": n})) for n in range(3)]
        await hub.settle()
        await hub.log.erase([sent[0].id])
        page = await read(hub)
        assert (numbers(page), page["erased"]) == ([1, 2], 1)
        await change(hub, "message.erase", {"ids": [sent[0].id, sent[1].id], "reason": "by mistake"})
        await hub.settle()
        page = await read(hub)
        assert (numbers(page), page["erased"], page["waiting"]) == ([2], 0, 1)
        assert sorted((await message_states(hub, "out")).values()) == ["erased", "erased", "waiting"]

    _run(journey)


def test_a_message_erased_on_its_way_to_the_outbox_never_waits() -> None:
    """Copied before its secret was destroyed, taken after the order: nothing is left to wait for."""

    async def journey() -> None:
        hub = await collecting()
        sent = await send(hub, render({"n": 0}))
        core = await hub.running()
        for name in ("relay",):
            [runner] = [runner for runner in core.runners if runner.stage.name == name]
            while await runner.step():
                pass
        await change(hub, "message.erase", {"ids": [sent.id], "reason": "by mistake"})
        await hub.settle()
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["erased"]
        assert (await message_states(hub, "inbox"))[sent.id] == "erased"

    _run(journey)


def test_a_paused_subscription_shows_nothing_until_it_is_resumed() -> None:
    """Pausing holds for readers as for receivers that are called."""

    async def journey() -> None:
        hub = await collecting(1)
        await change(hub, "subscription.pause", {"id": f"{FIRST}.{CODE}"})
        assert (await read(hub))["messages"] == []
        await change(hub, "subscription.resume", {"id": f"{FIRST}.{CODE}"})
        assert numbers(await read(hub)) == [0]

    _run(journey)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"limit": 0}, "AMANA-OUTBOX-001"),
        ({"limit": 101}, "AMANA-OUTBOX-001"),
        ({"limit": True}, "AMANA-OUTBOX-001"),
        ({"cursor": "x"}, "AMANA-OUTBOX-001"),
        ({"cursor": "1-2-3"}, "AMANA-OUTBOX-001"),
        ({"confirm": ["x"]}, "AMANA-OUTBOX-001"),
        ({"confirm": ["0" * 32] * 1001}, "AMANA-OUTBOX-001"),
        ({"offset": 1}, "AMANA-OUTBOX-001"),
        ([], "AMANA-OUTBOX-001"),
        ({"subscription": "NOBODY"}, "AMANA-OUTBOX-002"),
    ],
)
def test_what_cannot_be_meant_is_refused(body: Any, code: str) -> None:
    """A question that is not well formed gets a signed refusal with its code."""

    async def journey() -> None:
        hub = await collecting()
        assert await code_of(hub, FIRST, OUTBOX, body) == code

    _run(journey)


def test_a_system_that_collects_nothing_is_told_so() -> None:
    """One that is called has no outbox to read, though there are messages in it."""

    async def journey() -> None:
        hub = await collecting()
        await subscribe(hub, SECOND)
        assert await code_of(hub, SECOND, OUTBOX, {}) == "AMANA-OUTBOX-002"
        data = await ask(hub, FIRST, question(OUTBOX, {"Payload": {}}), "/esb/nida-request")
        assert data["success"] is False

    _run(journey)
