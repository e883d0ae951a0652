"""Leave to write to a topic that its subscriber reads: two people, and what has no place there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.control.signed_changes import SECOND, Script, pem, refusal, system_args

NOTES = "PAYROLL.NOTES"


@pytest.fixture
def script() -> Script:
    made = Script()
    made.unit()
    for change, args in (
        ("operator.add", {"name": "second", "person": "Person Two", "publicKey": pem(SECOND)}),
        ("system.add", system_args("SEALED", options={"encrypt": "yes"})),
        ("api.add", {"code": "NOTES", "direction": "relay", "contract": "employee:1"}),
        ("api.add", {"code": "ANY", "direction": "relay"}),
        ("api.add", {"code": "SECRET", "direction": "relay", "contract": "employee:1", "sealed": "recipient"}),
        ("subscription.add", {"system": "PAYROLL", "code": "NOTES"}),
        ("subscription.add", {"system": "PAYROLL", "contract": "pay.signal"}),
        ("subscription.add", {"system": "PAYROLL", "code": "ANY"}),
        ("subscription.add", {"system": "PAYROLL", "code": "SECRET"}),
        ("subscription.add", {"system": "HRIS", "code": "NOTES", "collect": True}),
        ("subscription.add", {"system": "PAYROLL", "code": "NOTES", "id": "filed", "options": {"folder": "gaji"}}),
        ("subscription.add", {"system": "SEALED", "code": "NOTES"}),
    ):
        assert made.tell(change, args).accepted, (change, args)
    return made


def asked(subscription: str = NOTES) -> dict[str, Any]:
    return {"subscription": subscription, "reason": "its own stream platform"}


def leave_of(script: Script, subscription: str = NOTES) -> str | None:
    found = script.directory.now().subscription(subscription)
    assert found is not None
    return found.leave


@pytest.mark.parametrize("subscription", [NOTES, "PAYROLL.pay.signal"])
def test_leave_needs_two_people_and_either_ends_it(script: Script, subscription: str) -> None:
    """Asked by one, nothing changes; signed by another, the subscription has it; ended, it has it no more."""
    opened = script.tell("topic.open", asked(subscription))
    name = opened.result["leave"]
    assert leave_of(script, subscription) is None
    signing = {"leave": name, "subscription": subscription}
    own = refusal(script.tell("topic.sign", signing))
    assert own == (False, "AMANA-OPER-002", "the key that asked for the topic")
    other = refusal(script.tell("topic.sign", signing | {"subscription": "filed"}, by=SECOND))
    assert other[:2] == (False, "AMANA-CHANGE-004")
    assert script.tell("topic.sign", signing, by=SECOND).accepted
    assert leave_of(script, subscription) == name
    signed = script.directory.position
    assert refusal(script.tell("topic.sign", signing, by=SECOND))[:2] == (False, "AMANA-CHANGE-003")
    assert refusal(script.tell("topic.open", asked(subscription)))[:2] == (False, "AMANA-CHANGE-003")
    assert script.tell("topic.close", asked(subscription), by=SECOND).accepted
    assert leave_of(script, subscription) is None
    then = script.directory.at(signed).subscription(subscription)
    assert then is not None
    assert then.leave == name
    assert refusal(script.tell("topic.close", asked(subscription)))[:2] == (False, "AMANA-CHANGE-003")


def test_a_person_with_two_keys_is_one_person(script: Script) -> None:
    """A second key under the own name signs nothing that the first asked for."""
    from signing.keys import generate

    third = generate()
    args = {"name": "third", "person": "person  ONE", "publicKey": pem(third)}
    assert script.tell("operator.add", args).accepted
    name = script.tell("topic.open", asked()).result["leave"]
    refused = refusal(script.tell("topic.sign", {"leave": name, "subscription": NOTES}, by=third))
    assert refused == (False, "AMANA-OPER-002", "the person who asked for the topic")


def test_what_was_asked_for_may_be_taken_back(script: Script) -> None:
    """Only one waits at a time; one that was ended is never signed."""
    name = script.tell("topic.open", asked()).result["leave"]
    assert refusal(script.tell("topic.open", asked()))[:2] == (False, "AMANA-CHANGE-003")
    assert script.tell("topic.close", asked()).accepted
    late = refusal(script.tell("topic.sign", {"leave": name, "subscription": NOTES}, by=SECOND))
    assert late == (False, "AMANA-CHANGE-003", "the leave is signed or ended")
    assert script.tell("topic.open", asked()).accepted


@pytest.mark.parametrize(
    ("subscription", "why"),
    [
        ("HRIS.NOTES", "the subscription is collected"),
        ("filed", "the subscription goes into a folder"),
        ("SEALED.NOTES", "the system wants its bodies encrypted"),
        ("PAYROLL.SECRET", "the code is encrypted for its recipient"),
        ("PAYROLL.ANY", "the code has no contract"),
    ],
)
def test_what_has_no_place_in_a_topic_in_clear(script: Script, subscription: str, why: str) -> None:
    """Refused in words when it is asked for."""
    assert refusal(script.tell("topic.open", asked(subscription))) == (False, "AMANA-TOPIC-002", why)
    assert refusal(script.tell("topic.open", asked("nobody")))[:2] == (False, "AMANA-CHANGE-002")
