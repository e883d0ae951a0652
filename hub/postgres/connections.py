"""Asynchronous connections to PostgreSQL, and what becomes of a call when the server is gone.

Rule: a connection on which anything failed is closed and never used again; the next call makes another one, so a server that
comes back is used without a restart. A call that hears nothing is over after `PATIENCE_S`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, Final

import psycopg

from hub.errors import TryAgain
from hub.metrics.measures import Measures
from hub.store import postgresql

MOST: Final = 6
"""Connections of one process."""

BY_KEY: Final = "SET enable_seqscan = off"
"""All that admissions and secrets ask for, they ask for by key; of a table that grew since it was last analyzed the server may
think that reading it whole is cheaper."""

Connection = psycopg.AsyncConnection[Any]


class Connections:
    """At most `MOST` connections, made when they are needed. Use it from one event loop."""

    def __init__(self, address: str, most: int = MOST, measures: Measures | None = None) -> None:
        self._address = address
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(most)
        self._closed = False
        self._measures = measures or Measures()

    @asynccontextmanager
    async def use(self, *, autocommit: bool = False, patience: float | None = None) -> AsyncIterator[Connection]:
        """A connection of one's own. What is not committed in the block is rolled back. Raises `TryAgain` for what may pass:
        no server, a lock, two transactions in each other's way."""
        if self._closed:
            raise TryAgain("AMANA-STORE-001", "closed")
        connection: Connection | None = None
        try:
            asked = perf_counter()
            async with self._places, asyncio.timeout(patience or postgresql.PATIENCE_S):
                self._measures.observe("amana_store_wait_seconds", perf_counter() - asked, "admission")
                connection = self._free.pop() if self._free else await self._connect()
                if connection.autocommit != autocommit:
                    await connection.set_autocommit(autocommit)
                yield connection
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    await connection.rollback()
                if not self._closed:
                    self._free.append(connection)
                    connection = None
        except psycopg.Error as error:
            if postgresql.passes(error):
                raise TryAgain("AMANA-STORE-001", type(error).__name__) from None
            raise RuntimeError(postgresql.describe(error)) from None  # its own text would quote rows
        except TimeoutError:
            raise TryAgain("AMANA-STORE-001", "no answer") from None
        finally:
            if connection is not None:
                await connection.close()

    async def close(self) -> None:
        """Close what is free; what is in use is closed when it is given back."""
        self._closed = True
        for connection in self._free:
            await connection.close()
        self._free.clear()

    async def _connect(self) -> Connection:
        connection = await Connection.connect(self._address, **postgresql.CONNECT, autocommit=True)
        try:
            await connection.execute("; ".join((*postgresql.SETTINGS, BY_KEY)))
            postgresql.judge(await (await connection.execute(postgresql.QUESTION)).fetchone())
        except BaseException:
            await connection.close()
            raise
        return connection
