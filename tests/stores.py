"""The store under a test that is about something else: in memory, or in PostgreSQL where `AMANA_TEST_STORE=postgres` says so.

Rule: `ENGINES` are the parameters of a fixture whose tests are to hold on both, which is what makes them run on both without
the variable.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final, Literal, get_args

import pytest
from sqlalchemy import make_url

from hub.metrics.measures import Measures
from hub.store import postgresql
from hub.store.engines import writing_engine
from hub.store.sql import Fault, SqlStore
from tests.clusters import postgres

VARIABLE: Final = "AMANA_TEST_STORE"
Kind = Literal["memory", "postgres"]
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ENGINES: Final = ["memory", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


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
    engine = writing_engine(postgresql.normalize(make_url(address())))
    return SqlStore(engine, None, fault or (lambda _: None), Measures())


def _migrate(made: str) -> None:
    asyncio.run(SqlStore.open(made).close())
