"""Kept connections: which one a call gets, and that none is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore
import pytest

from hub.delivery import pool as pooling
from hub.delivery.pool import Connection, Place, Pool

HERE: Place = ("http", "a.example", 80)
THERE: Place = ("http", "b.example", 80)


class Network(httpcore.AsyncMockBackend):
    """Counts connections. `stirred`: an idle one has something to say."""

    def __init__(self) -> None:
        super().__init__([])
        self.open = self.made = 0
        self.stirred = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        await asyncio.sleep(0)
        self.open += 1
        self.made += 1
        return Stream(self)


class Stream(httpcore.AsyncMockStream):
    def __init__(self, network: Network) -> None:
        super().__init__([])
        self._network = network

    def get_extra_info(self, info: str) -> Any:
        return self._network.stirred if info == "is_readable" else None

    async def aclose(self) -> None:
        if not self._closed:
            self._network.open -= 1
        self._closed = True


async def take(pool: Pool, place: Place = HERE) -> Connection:
    return await pool.take(place, 1.0, lambda: None)


def run(journey: Callable[[Pool, Network], Awaitable[None]]) -> None:
    """A journey; at its end no connection is open."""

    async def story() -> None:
        network = Network()
        pool = Pool(network)
        await journey(pool, network)
        await pool.close()
        assert network.open == 0

    asyncio.run(story())


def test_a_connection_is_used_again_for_its_own_place_only() -> None:
    """Scheme, host and port are the place; a connection that is with a call is nobody else's."""

    async def journey(pool: Pool, network: Network) -> None:
        first = await take(pool)
        second = await take(pool)
        assert first is not second
        await pool.give_back(first, reusable=True)
        assert await take(pool, THERE) is not first
        assert await take(pool, ("http", "a.example", 8080)) is not first
        assert await take(pool) is first
        assert network.made == 4

    run(journey)


def test_what_is_not_reusable_has_stirred_or_waited_too_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call to that place opens a new one."""

    async def journey(pool: Pool, network: Network) -> None:
        await pool.give_back(await take(pool), reusable=False)
        assert (network.open, pool.connections) == (0, [])
        await pool.give_back(await take(pool), reusable=True)
        network.stirred = True
        again = await take(pool)
        assert (network.open, network.made) == (1, 3)
        network.stirred = False
        await pool.give_back(again, reusable=True)
        monkeypatch.setattr(pooling, "IDLE_SECONDS", -1.0)
        await take(pool, THERE)  # any call sweeps
        assert (network.open, network.made) == (1, 4)

    run(journey)


def test_idle_and_all_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More idle ones than the bound: the longest idle is closed. With every place taken a call waits for one; idle
    ones make room for a place that has none."""
    monkeypatch.setattr(pooling, "IDLE", 2)
    monkeypatch.setattr(pooling, "CONNECTIONS", 3)

    async def journey(pool: Pool, network: Network) -> None:
        held = [await take(pool) for _ in range(3)]
        waiting = asyncio.create_task(take(pool))
        await asyncio.sleep(0.01)
        assert (waiting.done(), network.made) == (False, 3)
        await pool.give_back(held[0], reusable=True)
        assert await waiting is held[0]
        for connection in held:
            await pool.give_back(connection, reusable=True)
        assert [one.is_idle() for one in pool.connections] == [True, True]
        await take(pool, THERE)
        await take(pool, THERE)
        assert network.open == 3

    run(journey)


def test_who_gives_up_while_connecting_leaves_its_place() -> None:
    """Cancelled in between, or refused: the place is free again."""

    async def journey(pool: Pool, network: Network) -> None:
        before = pool._places._value
        call = asyncio.create_task(take(pool))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert (pool._places._value, pool.connections, network.open) == (before, [], 0)

    run(journey)
