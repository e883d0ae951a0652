"""What units and decisions on join requests do to the directory, and what they conflict with."""

from __future__ import annotations

from typing import Any

import pytest

from hub.control.objects import Join, Unit
from hub.records import Ms
from signing.keys import generate
from tests.unit.control.signed_changes import ADMIN, HUB, SECOND, SYSTEM, Script, pem, refusal, system_args

REQUEST = "d" * 64
KEY = generate()


@pytest.fixture
def script() -> Script:
    made = Script()
    made.unit()
    return made


def approval(**more: Any) -> dict[str, Any]:
    args = {
        "request": REQUEST,
        "fingerprint": KEY.public.key_id[:32],
        "institution": "NEW",
        "institutionName": "A new agency",
        "unit": "HQ",
        "unitName": "Head office",
        "system": "NEWHR",
        "clientId": "client-new",
        "secretSha256": "cd" * 32,
        "publicKey": pem(KEY),
        "codes": ["SIASN-EMP"],
    }
    return {name: value for name, value in (args | more).items() if value is not None}


# units


def test_units_lie_in_each_other_within_one_institution(script: Script) -> None:
    """A unit is found by institution and code; a system may belong to one, and the same code may exist elsewhere."""
    script.tell("institution.add", {"code": "OTHER", "name": "Another"})
    for args in (
        {"institution": "KEMEN", "code": "DIR", "name": "Directorate"},
        {"institution": "KEMEN", "code": "HQ", "name": "Office", "parent": "DIR"},
        {"institution": "OTHER", "code": "DIR", "name": "Directorate"},
    ):
        assert script.tell("unit.add", args).accepted
    assert script.tell("system.add", system_args("X", unit="HQ")).accepted
    view = script.directory.now()
    system = view.system("X")
    assert view.unit("KEMEN", "HQ") == Unit("KEMEN", "HQ", "Office", "DIR")
    assert [unit.institution for unit in view.units()] == ["KEMEN", "KEMEN", "OTHER"]
    assert (system.unit if system else None) == "HQ"


@pytest.mark.parametrize(
    ("change", "args", "code", "detail"),
    [
        ("unit.add", {"institution": "NO", "code": "A", "name": "x"}, "AMANA-CHANGE-002", "institution"),
        ("unit.add", {"institution": "KEMEN", "code": "DIR", "name": "x"}, "AMANA-CHANGE-003", "unit exists"),
        (
            "unit.add",
            {"institution": "KEMEN", "code": "A", "name": "x", "parent": "NO"},
            "AMANA-CHANGE-002",
            "parent",
        ),
        ("system.add", system_args("X", unit="NO"), "AMANA-CHANGE-002", "unit"),
    ],
)
def test_units_that_cannot_be(script: Script, change: str, args: dict[str, Any], code: str, detail: str) -> None:
    """What they are part of must exist, they themselves must not."""
    script.tell("unit.add", {"institution": "KEMEN", "code": "DIR", "name": "Directorate"})
    assert refusal(script.tell(change, args)) == (False, code, detail)


def test_units_lie_eight_deep_at_most(script: Script) -> None:
    """The ninth level is refused."""
    outcomes = [
        script.tell(
            "unit.add",
            {"institution": "KEMEN", "code": f"U{n}", "name": "x"} | ({"parent": f"U{n - 1}"} if n else {}),
        )
        for n in range(9)
    ]
    assert [outcome.accepted for outcome in outcomes] == [True] * 8 + [False]


# approvals


def test_an_approval_does_all_in_one_change(script: Script) -> None:
    """Institution, unit, system with its key, grant and the decision appear at one position, and not before."""
    before = script.directory.position
    outcome = script.tell("join.approve", approval())
    assert outcome.accepted, outcome
    view, past = script.directory.now(), script.directory.at(before)
    system = view.system("NEWHR")
    assert system is not None
    assert (system.institution, system.unit, system.client_id, system.secret_sha256) == (
        "NEW",
        "HQ",
        "client-new",
        "cd" * 32,
    )
    assert [key.key_id for key in system.keys] == [KEY.public.key_id]
    assert view.granted("NEWHR", "SIASN-EMP")
    join = view.join(REQUEST)
    assert join == Join(
        REQUEST,
        True,
        "",
        outcome.operator,
        outcome.position,
        Ms(outcome.at),
        "NEW",
        "NEWHR",
        "client-new",
        ("SIASN-EMP",),
    )
    assert (past.institution("NEW"), past.unit("NEW", "HQ"), past.system("NEWHR"), past.join(REQUEST)) == (
        None,
        None,
        None,
        None,
    )


def test_a_system_may_join_an_institution_that_exists(script: Script) -> None:
    """Then its name is not given, and stays."""
    args = approval(institution="KEMEN", institutionName=None, unit=None, unitName=None)
    assert script.tell("join.approve", args).accepted
    institution = script.directory.now().institution("KEMEN")
    assert (institution.name if institution else None) == "A ministry"


@pytest.mark.parametrize(
    ("more", "code", "detail"),
    [
        ({"system": "HRIS"}, "AMANA-CHANGE-003", "system exists"),
        ({"institution": "KEMEN"}, "AMANA-CHANGE-003", "institution exists"),
        ({"institutionName": None}, "AMANA-CHANGE-002", "institution"),
        ({"unitName": None}, "AMANA-CHANGE-002", "unit"),
        ({"clientId": "client-HRIS"}, "AMANA-CHANGE-003", "client id exists"),
        ({"codes": ["NO"]}, "AMANA-CHANGE-002", "code"),
        ({"fingerprint": "0" * 32}, "AMANA-JOIN-006", ""),
        ({"fingerprint": KEY.public.key_id[:31]}, "AMANA-CHANGE-001", "fingerprint: 32 to 64 hex digits expected"),
        ({"codes": ["SIASN-EMP", "SIASN-EMP"]}, "AMANA-CHANGE-001", "a code twice"),
        (
            {"publicKey": pem(SYSTEM), "fingerprint": SYSTEM.public.key_id},
            "AMANA-CHANGE-003",
            "the key is that of another system, of an operator or of the hub",
        ),
        (
            {"publicKey": pem(ADMIN), "fingerprint": ADMIN.public.key_id},
            "AMANA-CHANGE-003",
            "the key is that of another system, of an operator or of the hub",
        ),
        (
            {"publicKey": pem(HUB), "fingerprint": HUB.public.key_id},
            "AMANA-CHANGE-003",
            "the key is that of another system, of an operator or of the hub",
        ),
    ],
)
def test_an_approval_that_is_refused_leaves_nothing(
    script: Script, more: dict[str, Any], code: str, detail: str
) -> None:
    """Nothing that exists is bound anew, nothing is made by halves, and the request stays open."""
    view = script.directory.now()
    before = (view.institutions(), view.units(), view.systems(), view.grants(), view.joins())
    assert refusal(script.tell("join.approve", approval(**more))) == (False, code, detail)
    assert (view.institutions(), view.units(), view.systems(), view.grants(), view.joins()) == before


def test_a_request_is_decided_on_once(script: Script) -> None:
    """Neither a second approval nor a rejection after it; and a rejection holds too."""
    assert script.tell("join.approve", approval()).accepted
    again = approval(system="OTHER", clientId="other", institutionName=None, unitName=None)
    expected = (False, "AMANA-CHANGE-003", "the join request is decided")
    assert refusal(script.tell("join.approve", again)) == expected
    assert refusal(script.tell("join.reject", {"request": REQUEST, "reason": "late"})) == expected
    assert script.tell("join.reject", {"request": "e" * 64, "reason": "no mandate"}).accepted
    rejected = script.directory.now().join("e" * 64)
    assert (rejected.approved, rejected.reason) == (False, "no mandate") if rejected else False
    assert refusal(script.tell("join.approve", approval(request="e" * 64))) == expected


def test_only_an_administrator_decides(script: Script) -> None:
    """The other roles cannot let anybody in."""
    args = {"name": "second", "person": "Person Two", "publicKey": pem(SECOND), "roles": ["payroll", "approver"]}
    assert script.tell("operator.add", args).accepted
    found = [
        script.tell(kind, args, by=SECOND).code
        for kind, args in (("join.approve", approval()), ("join.reject", {"request": REQUEST, "reason": "x"}))
    ]
    assert found == ["AMANA-OPER-004", "AMANA-OPER-004"]
