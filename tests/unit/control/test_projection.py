"""The directory as rows: reading the control log again gives the same tables."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.control.projection import TABLES, project
from hub.ports import Write
from hub.store.sql import SqlStore
from signing.keys import generate
from tests.unit.control.signed_changes import Script, device_args, pem

Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture
def script() -> Script:
    made = Script()
    made.unit()
    for change, args in (
        ("subscription.add", {"system": "PAYROLL", "code": "TUKIN-OUT"}),
        ("device.add", device_args("S1", zone="Asia/Jakarta")),
        ("system.rotate-key", {"system": "HRIS", "publicKey": pem(generate()), "overlapSeconds": 5}),
        ("institution.add", {"code": "KEMEN", "name": "again"}),
        ("unit.add", {"institution": "KEMEN", "code": "HQ", "name": "Head office"}),
        ("system.suspend", {"system": "PAYROLL"}),
        ("grant.revoke", {"system": "HRIS", "code": "SIASN-EMP"}),
    ):
        made.tell(change, args)
    return made


def _stored(batches: list[list[Write]]) -> Tables:
    async def story() -> Tables:
        store = SqlStore.open("sqlite://")
        for writes in batches:
            await store.write(writes)
        tables = {table: await store.rows(table) for table in TABLES}
        await store.close()
        return tables

    return asyncio.run(story())


def test_rows_are_those_of_the_last_change(script: Script) -> None:
    """Every object has one row with its present state; every record has one in the history."""
    tables = _stored([project(script.directory, range(len(script.bodies)))])
    assert {name: len(rows) for name, rows in tables.items()} == {
        "institution": 1,
        "unit": 1,
        "system": 2,
        "system_key": 2,
        "api": 2,
        "grant_": 1,
        "subscription": 1,
        "device": 1,
        "operator": 1,
        "change": len(script.bodies),
    }
    assert {row["code"]: (row["suspended"], row["epoch"]) for row in tables["system"]} == {
        "HRIS": (False, 1),
        "PAYROLL": (True, 2),
    }
    assert [row["active"] for row in tables["grant_"]] == [False]
    assert [(row["outcome"], row["detail"]) for row in tables["change"] if not row["accepted"]] == [
        ("AMANA-CHANGE-003", "institution exists")
    ]


def test_any_batching_and_any_repeat_gives_the_same_tables(script: Script) -> None:
    """One by one, all at once, or all of it twice: the tables are the same."""
    positions = range(len(script.bodies))
    at_once = _stored([project(script.directory, positions)])
    one_by_one = _stored([project(script.directory, [n]) for n in positions])
    twice = _stored([project(script.directory, positions)] * 2)
    assert one_by_one == at_once
    assert twice == at_once


def test_no_digest_of_a_secret_is_projected(script: Script) -> None:
    """What could be guessed offline is not in a table."""
    assert "ab" * 32 not in repr(project(script.directory, range(len(script.bodies))))
