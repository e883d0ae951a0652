"""`/api/v1/identity/conflicts`: what contradicts itself is listed, and the look is recorded."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from hub import records as r
from hub.control.client import Refused
from hub.ports import Write
from hub.stages.facts import pack
from schemas.datarules import MASK
from signing.jsontext import render
from signing.sealing import BodyKey
from tests.unit.api.desk import Desk
from tests.unit.runs.records import EMPLOYEE, INSTITUTION, employee
from tests.unit.runs.test_identity import OTHER, link

KEY = b"s" * 32


def _collect(desk: Desk, *records: tuple[str, dict[str, Any]]) -> None:
    """Facts as the stage `collect` leaves them."""
    desk.run(desk.log.put({"secret": KEY}))
    made = []
    for n, (contract, value) in enumerate(records):
        record_id = hashlib.sha256(str(n).encode()).hexdigest()
        headers = {
            r.ID: record_id,
            r.TYPE: contract,
            r.INSTITUTION: value["institution"],
            r.ORIGIN: f"inbox.generic_json/0/{n}",
            r.DERIVED: f"inbox.generic_json/0/{n}/0",
            r.SYSTEM: "HRIS",
            r.TIME: str(n),
            r.ASSURANCE: "signed",
            r.SECRET: "secret",
        }
        made.append(r.Record(b"\0", headers, BodyKey(KEY, contract).seal(record_id, render(value))))
    desk.write(Write("fact", pack(made)))


def test_conflicts_are_listed_from_the_latest_records(desk: Desk) -> None:
    """Two links that claim one number are listed with what to do; once one is withdrawn, nothing is."""
    own = (("employee", employee()), ("employee", employee(OTHER)), ("identity.link", link()))
    with desk.client() as client:
        client.change("institution.add", {"code": INSTITUTION, "name": "Contoh"})
        _collect(desk, *own, ("identity.link", link("L-2", employeeId=OTHER)))
        [found] = client.get(f"/api/v1/identity/conflicts?institution={INSTITUTION}&full=true")["items"]
        assert (found["kind"], found["numbers"], found["employees"]) == ("number-of-two", ["0042"], [EMPLOYEE, OTHER])
        assert "withdraw" in found["text"]
        [hidden] = client.get(f"/api/v1/identity/conflicts?institution={INSTITUTION}")["items"]
        assert (hidden["kind"], hidden["numbers"], hidden["employees"]) == ("number-of-two", [MASK], [MASK] * 2)
        looks = [row for row in client.get("/api/v1/audit")["items"] if "identity.conflicts" in row.values()]
        assert len(looks) == 1
        _collect(desk, *own, ("identity.link", link("L-2", employeeId=OTHER, withdrawn=True)))
        assert client.get("/api/v1/identity/conflicts")["items"] == []


def test_an_institution_that_is_not_there_is_said_so(desk: Desk) -> None:
    """A code that nobody has is refused by name, not answered with an empty list."""
    with desk.client() as client, pytest.raises(Refused, match="AMANA-READ-001"):
        client.get("/api/v1/identity/conflicts?institution=NONE")
