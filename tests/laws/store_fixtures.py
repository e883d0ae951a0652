"""Every implementation of the `Store` port, for the laws: an opener per engine.

Import the fixture `open_store` where laws are written. It may be called more than once in a test: on a file every
call is another connection to the same store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from hub.store.sql import Fault, Moment, SqlStore
from tests.clusters import postgres

T = TypeVar("T")

OpenStore = Callable[..., SqlStore]


class Struck(Exception):
    """The fault that was asked for."""


@dataclass
class Faults:
    """Strikes once at the moment that is armed."""

    armed: Moment | None = None
    seen: list[Moment] = field(default_factory=list)

    def __call__(self, moment: Moment) -> None:
        self.seen.append(moment)
        if self.armed == moment:
            self.armed = None
            raise Struck(moment)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of its own."""
    return asyncio.run(work)


def migrate(address: str) -> None:
    """Make the tables of the store in an empty database."""
    run(SqlStore.open(address).close())


def address_of(kind: str, directory: Path) -> str:
    """A new store of this kind: in memory, a file in `directory`, or a database of the test's own."""
    if kind == "postgres":
        return postgres.shared().copy("store", migrate)
    return "sqlite://" if kind == "memory" else f"sqlite:///{directory / 'store.db'}"


KINDS = ["memory", "file", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


@pytest.fixture(params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens a store of the engine under test; everything opened is closed at the end."""
    url = address_of(request.param, tmp_path)
    opened: list[SqlStore] = []

    def open_one(fault: Fault | None = None) -> SqlStore:
        opened.append(SqlStore.open(url, fault=fault))
        return opened[-1]

    yield open_one
    for store in opened:
        run(store.close())
