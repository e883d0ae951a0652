"""The store under a test that is about something else: in memory, or in PostgreSQL where `AMANA_TEST_STORE=postgres` says so.

Rule: `ENGINES` are the parameters of a fixture whose tests are to hold on both, which is what makes them run on both without
the variable.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from typing import Final, Literal, get_args

import pytest
from sqlalchemy import Engine, make_url

from hub.metrics.measures import Measures
from hub.store import postgresql
from hub.store.engines import writing_engine
from hub.store.sql import Fault, SqlStore
from tests.clusters import postgres

VARIABLE: Final = "AMANA_TEST_STORE"
Kind = Literal["memory", "postgres"]
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ENGINES: Final = ["memory", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]

_engines: Final[list[Engine]] = []


def chosen() -> Kind:
    """What the variable says."""
    named = os.environ.get(VARIABLE, "memory")
    for kind in _KINDS:
        if named == kind:
            return kind
    raise ValueError(f"{VARIABLE}: one of {_KINDS} expected")


def address(kind: Kind | None = None) -> str:
    """Of a new store of this kind, or of the chosen one, with its tables."""
    return postgres.shared().copy("store", _migrate) if (kind or chosen()) == "postgres" else "sqlite://"


def open_store(fault: Fault | None = None) -> SqlStore:
    """A new store of the chosen kind whose calls run where they are made, so that a simulator stays deterministic."""
    if chosen() == "memory":
        return SqlStore.open("sqlite://", fault=fault)
    _let_go()
    engine = writing_engine(postgresql.normalize(make_url(address())))
    _engines.append(engine)
    return SqlStore(engine, None, fault or (lambda _: None), Measures())


def _let_go() -> None:
    """Close what no call uses: a simulated hub is dropped, not closed, and one that lives on connects again."""
    for engine in _engines:
        engine.dispose()


def _migrate(made: str) -> None:
    asyncio.run(SqlStore.open(made).close())


atexit.register(_let_go)
