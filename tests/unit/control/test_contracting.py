"""States of contract versions, the version of a code, and waivers of breaking changes."""

from __future__ import annotations

from typing import Any

import pytest

from hub.control.contracting import ends
from hub.records import Ms
from tests.unit.control.signed_changes import SECOND, Script, pem, refusal

DIGEST = "ab" * 32
DAY = 86_400_000


@pytest.fixture
def script() -> Script:
    made = Script()
    made.unit()
    assert made.tell("operator.add", {"name": "second", "person": "Person Two", "publicKey": pem(SECOND)}).accepted
    return made


def state(to: str, **more: Any) -> dict[str, Any]:
    return {"contract": "employee:1", "state": to, "reason": "a new version"} | more


def deprecated(until: str = "2026-12-31") -> dict[str, Any]:
    return state("deprecated", until=until, instead="employee:2")


def waiver(until: str = "2026-12-31") -> dict[str, Any]:
    return {"subject": "payroll-value", "digest": DIGEST, "until": until, "reason": "one agency, which agreed"}


def test_a_version_goes_from_deprecated_to_retired_after_its_last_day(script: Script) -> None:
    """What was announced holds: not before the day is over everywhere, and what to use instead stays known."""
    assert script.tell("contract.state", deprecated()).accepted
    early = refusal(script.tell("contract.state", state("retired")))
    assert early == (False, "AMANA-CHANGE-003", "its last day was announced to be 2026-12-31")
    script.now = ends("2026-12-31")
    assert script.tell("contract.state", state("retired")).accepted
    found = script.directory.now().contract_state("employee:1")
    assert found is not None
    assert (found.state, found.until, found.instead) == ("retired", None, "employee:2")


def test_the_past_keeps_its_states(script: Script) -> None:
    """A stage that reads an older record sees the state of then."""
    before = script.directory.position
    assert script.tell("contract.state", deprecated()).accepted
    assert script.directory.at(before).contract_state("employee:1") is None
    assert script.directory.now().contract_state("employee:1") is not None


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (state("retired"), "AMANA-CHANGE-003"),
        (state("active"), "AMANA-CHANGE-003"),
        (state("deprecated"), "AMANA-CHANGE-001"),
        (state("draft", until="2026-12-31"), "AMANA-CHANGE-001"),
        (state("draft", instead="employee:2"), "AMANA-CHANGE-001"),
        (state("draft", contract="employee"), "AMANA-CHANGE-001"),
        (deprecated("2026-02-30"), "AMANA-CHANGE-001"),
        (deprecated("2026-01-01"), "AMANA-CHANGE-003"),
        (deprecated() | {"instead": "employee:1"}, "AMANA-CHANGE-003"),
    ],
)
def test_states_that_cannot_be(script: Script, args: dict[str, Any], code: str) -> None:
    """Steps that the table has not, and ends that nobody was told, are refused."""
    assert refusal(script.tell("contract.state", args))[:2] == (False, code)


def test_a_code_is_pointed_at_another_version(script: Script) -> None:
    """From that position on the code has it; an exchange keeps the contract of its adapter."""
    relay = {"code": "NOTES", "direction": "relay", "contract": "employee:1", "sealed": "no"}
    assert script.tell("api.add", relay).accepted
    assert script.tell("api.contract", {"code": "NOTES", "contract": "subject:Notes-value:2"}).accepted
    api = script.directory.now().api("NOTES")
    assert api is not None
    assert api.contract == "subject:Notes-value:2"
    assert script.tell("api.contract", {"code": "SIASN-EMP", "contract": "wire:siasn.employees:1"}).accepted
    for args in (
        {"code": "SIASN-EMP", "contract": "employee:1"},
        {"code": "NOTES", "requestContract": "employee:1"},
    ):
        assert refusal(script.tell("api.contract", args))[:2] == (False, "AMANA-CHANGE-003")
    assert refusal(script.tell("api.contract", {"code": "NOTES"}))[:2] == (False, "AMANA-CHANGE-001")


def test_a_trial_is_part_of_a_grant(script: Script) -> None:
    """Drafts are for systems whose grant says so."""
    assert script.tell("grant.revoke", {"system": "HRIS", "code": "SIASN-EMP"}).accepted
    assert script.tell("grant.add", {"system": "HRIS", "code": "SIASN-EMP", "trial": True}).accepted
    grant = script.directory.now().grant("HRIS", "SIASN-EMP")
    assert grant is not None
    assert grant.trial


def test_a_waiver_needs_two_people_and_ends(script: Script) -> None:
    """Opened by one, signed by another, for one schema of one subject, up to its last day."""
    opened = script.tell("waiver.open", waiver())
    name = opened.result["waiver"]
    view = script.directory.now()

    def covers(digest: str = DIGEST, now: Ms | None = None) -> bool:
        found = view.waiver(name)
        assert found is not None
        return found.covers("payroll-value", digest, now or script.now)

    assert not covers()
    own = refusal(script.tell("waiver.sign", {"waiver": name, "digest": DIGEST}))
    assert own == (False, "AMANA-OPER-002", "the key that opened the waiver")
    other = refusal(script.tell("waiver.sign", {"waiver": name, "digest": "cd" * 32}, by=SECOND))
    assert other[:2] == (False, "AMANA-CHANGE-004")
    assert script.tell("waiver.sign", {"waiver": name, "digest": DIGEST}, by=SECOND).accepted
    assert covers()
    assert not covers("cd" * 32)
    assert not covers(now=ends("2026-12-31"))
    again = refusal(script.tell("waiver.sign", {"waiver": name, "digest": DIGEST}, by=SECOND))
    assert again[:2] == (False, "AMANA-CHANGE-003")


def test_the_same_person_with_a_second_key_signs_no_waiver(script: Script) -> None:
    """A second key under the own name is no second person."""
    assert script.tell("operator.suspend", {"keyId": SECOND.public.key_id}).accepted
    from signing.keys import generate

    third = generate()
    args = {"name": "third", "person": "person  ONE", "publicKey": pem(third)}
    assert script.tell("operator.add", args).accepted
    name = script.tell("waiver.open", waiver()).result["waiver"]
    refused = refusal(script.tell("waiver.sign", {"waiver": name, "digest": DIGEST}, by=third))
    assert refused == (False, "AMANA-OPER-002", "the person who opened the waiver")


@pytest.mark.parametrize("until", ["2026-01-01", "2028-01-01"])
def test_a_waiver_ends_within_a_year(script: Script, until: str) -> None:
    """A waiver for ever would be no waiver."""
    assert refusal(script.tell("waiver.open", waiver(until)))[:2] == (False, "AMANA-CHANGE-003")
