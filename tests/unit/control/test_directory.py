"""Who may change the directory, and that what is refused has no effect."""

from __future__ import annotations

import pytest

from hub.control.directory import Directory, render_body
from hub.control.requests import sign_change
from hub.records import Ms
from signing import envelope, jsontext
from signing.keys import generate
from tests.unit.control.signed_changes import ADMIN, HUB, NOW, SECOND, Script, pem, refusal, start_args

ADD = {"code": "KEMEN", "name": "A ministry"}


def test_first_change_brings_the_first_operator() -> None:
    """hub.start records the hub's key and an administrator, whose key signed it."""
    script = Script()
    view = script.directory.now()
    first = view.operator(ADMIN.public.key_id)
    assert first is not None
    assert (first.name, first.roles, first.suspended) == ("root", ("admin",), False)
    assert view.hub_ring().valid_at(NOW) == (HUB.public,)


def test_nobody_starts_a_hub_from_outside() -> None:
    """A self-signed hub.start without the mark of the starting process is refused, on an empty directory too."""
    script = Script(started=False)
    outcome = script.tell("hub.start", start_args())
    assert refusal(outcome) == (False, "AMANA-OPER-001", "no such operator")
    assert script.directory.now().operators() == ()


def test_nobody_starts_a_hub_twice() -> None:
    """A second self-signed hub.start is refused, even with the mark."""
    script = Script()
    intruder = generate()
    args = start_args() | {"operator": {"name": "x", "person": "X", "publicKey": pem(intruder)}}
    outcome = script.tell("hub.start", args, by=intruder, hub={"start": True})
    assert refusal(outcome) == (False, "AMANA-OPER-001", "no such operator")


def test_first_change_must_be_signed_by_the_operator_that_it_brings() -> None:
    """A hub.start that registers another key than the one that signed is refused."""
    script = Script(started=False)
    outcome = script.tell("hub.start", start_args(), by=SECOND, hub={"start": True})
    assert outcome.code == "AMANA-OPER-001"
    assert script.directory.now().operators() == ()


def test_first_change_is_hub_start() -> None:
    """The mark of the starting process opens no other change."""
    script = Script(started=False)
    args = {"hubPublicKey": pem(HUB), "operator": start_args()["operator"]}
    assert script.tell("institution.add", args, hub={"start": True}).code == "AMANA-OPER-001"


def test_a_later_hub_start_records_another_hub_key() -> None:
    """An administrator may record a new hub key; the old one verifies what was signed before, not after."""
    script = Script()
    other = generate()
    at = script.now
    assert script.tell("hub.start", {"hubPublicKey": pem(other)}).accepted
    ring = script.directory.now().hub_ring()
    assert (ring.valid_at(at - 1), ring.valid_at(at)) == ((HUB.public,), (other.public,))


def test_unknown_key_is_refused() -> None:
    """A change signed by a key that is not registered has no effect."""
    script = Script()
    assert refusal(script.tell("institution.add", ADD, by=SECOND)) == (False, "AMANA-OPER-001", "no such operator")
    assert script.directory.now().institutions() == ()


def test_claiming_another_operator_is_refused() -> None:
    """A change that names a registered operator but is signed by another key is refused."""
    script = Script()
    data = {"operator": ADMIN.public.key_id, "change": "institution.add", "args": ADD, "nonce": "0" * 32, "at": NOW}
    outcome = script.append(envelope.seal(envelope.render_data(data), SECOND))
    assert refusal(outcome) == (False, "AMANA-OPER-001", "signature")


def test_a_changed_byte_is_refused() -> None:
    """The signature covers every byte of the change."""
    script = Script()
    text = sign_change(ADMIN, "institution.add", ADD, script.now)
    assert script.append(text.replace(b"A ministry", b"B ministry")).code == "AMANA-OPER-001"


def test_duplicate_members_are_refused() -> None:
    """A signed text with a member twice means different things to different readers."""
    script = Script()
    data = envelope.render_data(
        {"operator": ADMIN.public.key_id, "change": "institution.add", "args": ADD, "nonce": "0" * 32, "at": NOW}
    )
    twice = data[:-1] + b',"change":"operator.suspend"}'
    assert refusal(script.append(envelope.seal(twice, ADMIN))) == (False, "AMANA-CHANGE-001", "request: json")


@pytest.mark.parametrize("drift", [-300_001, 300_001])
def test_stale_and_future_requests_are_refused(drift: int) -> None:
    """A request that is not from within five minutes of the hub's time is refused."""
    script = Script()
    text = sign_change(ADMIN, "institution.add", ADD, Ms(script.now + drift))
    assert script.append(text).code == "AMANA-OPER-003"


@pytest.mark.parametrize("drift", [-300_000, 300_000])
def test_five_minutes_are_within_five_minutes(drift: int) -> None:
    """The bound itself is accepted."""
    script = Script()
    assert script.append(sign_change(ADMIN, "institution.add", ADD, Ms(script.now + drift))).accepted


def test_a_repeat_gets_the_first_outcome_and_no_second_effect() -> None:
    """The same envelope again, however much later, is answered as the first time."""
    script = Script()
    text = sign_change(ADMIN, "institution.add", ADD, script.now)
    first = script.append(text)
    script.now = Ms(script.now + 86_400_000)
    again = script.append(text)
    assert (again.accepted, again.position, again.result) == (True, first.position, first.result)
    assert (again.repeated, again.touched) == (True, ())
    assert script.directory.outcome(2).repeated


def test_a_refused_change_stays_refused() -> None:
    """A change refused because something was missing does not take effect when it is sent again later."""
    script = Script()
    text = sign_change(ADMIN, "institution.add", ADD | {"parent": "NATION"}, script.now)
    assert script.append(text).code == "AMANA-CHANGE-002"
    assert script.tell("institution.add", {"code": "NATION", "name": "All"}).accepted
    assert refusal(script.append(text)) == (False, "AMANA-CHANGE-002", "parent")


def test_a_nonce_is_used_once() -> None:
    """Another change under a used nonce is refused."""
    script = Script()
    assert script.tell("institution.add", ADD, nonce="1" * 32).accepted
    outcome = script.tell("institution.add", ADD | {"code": "OTHER"}, nonce="1" * 32)
    assert outcome.code == "AMANA-CHANGE-003"
    assert script.directory.now().institution("OTHER") is None


def test_a_bad_signature_does_not_use_up_a_nonce() -> None:
    """Nobody can block a change by sending its nonce first under a signature that does not hold."""
    script = Script()
    text = sign_change(ADMIN, "institution.add", ADD, script.now)
    assert script.append(text.replace(b"A ministry", b"B ministry")).code == "AMANA-OPER-001"
    assert script.append(text).accepted


def test_suspended_operators_change_nothing() -> None:
    """From the record on that suspends an operator, the key is worth nothing."""
    script = Script()
    script.tell("operator.add", {"name": "two", "person": "Person Two", "publicKey": pem(SECOND)})
    assert script.tell("institution.add", ADD, by=SECOND).accepted
    assert script.tell("operator.suspend", {"keyId": SECOND.public.key_id}).accepted
    outcome = script.tell("institution.add", ADD | {"code": "B"}, by=SECOND)
    assert refusal(outcome) == (False, "AMANA-OPER-001", "the operator is suspended")


@pytest.mark.parametrize(
    ("role", "change", "code"),
    [
        ("payroll", "institution.add", "AMANA-OPER-004"),
        ("approver", "run.open", "AMANA-OPER-004"),
        ("payroll", "run.approve", "AMANA-OPER-004"),
        ("approver", "run.approve", "AMANA-CHANGE-001"),
        ("payroll", "run.open", "AMANA-CHANGE-001"),
    ],
)
def test_roles_bound_what_an_operator_may_sign(role: str, change: str, code: str) -> None:
    """An operator without the role is refused before the arguments are looked at."""
    script = Script()
    script.tell("operator.add", {"name": "t", "person": "T", "publicKey": pem(SECOND), "roles": [role]})
    assert script.tell(change, {}, by=SECOND).code == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"request":1,"at":1,"hub":{}}',
        b'{"request":"","at":1,"hub":{},"more":1}',
        b'{"request":"{}","at":1,"hub":{}}',
        b'{"request":"{\\"data\\":{},\\"signature\\":\\"\\"}","at":1,"hub":{}}',
    ],
)
def test_whatever_stands_in_the_log_the_fold_goes_on(body: bytes) -> None:
    """A record that is no change is refused, counts as a position, and changes nothing."""
    script = Script()
    outcome = script.take(body)
    assert (outcome.accepted, outcome.code) == (False, "AMANA-CHANGE-001")
    assert script.directory.position == 1
    assert script.tell("institution.add", ADD).accepted


def test_unknown_changes_are_refused() -> None:
    """A kind that the hub does not have is refused by name of the member, not of the kind."""
    outcome = Script().tell("institution.explode", {})
    assert refusal(outcome) == (False, "AMANA-CHANGE-001", "change: not a change that the hub has")


def test_a_refusal_quotes_no_value() -> None:
    """The detail names member and rule; neither values nor made-up member names come back."""
    script = Script()
    for args in (
        {"code": "secret value!", "name": "x"},
        {"code": "A", "name": "x", "secret": 1},
        {"code": "A", "name": 5},
    ):
        outcome = script.tell("institution.add", args)
        assert outcome.code == "AMANA-CHANGE-001"
        assert "secret" not in outcome.detail


def test_records_are_applied_in_order_only() -> None:
    """A position that was applied is not applied again."""
    directory = Directory()
    directory.apply(0, b"", "")
    with pytest.raises(ValueError, match="position 0 is applied"):
        directory.apply(0, b"", "")


def test_judging_has_no_effect() -> None:
    """`judge` gives the outcome of `apply` and leaves the directory as it is."""
    script = Script()
    body = render_body(sign_change(ADMIN, "institution.add", ADD, script.now), script.now, {})
    judged = script.directory.judge(body)
    assert (judged.accepted, script.directory.position, script.directory.now().institutions()) == (True, 0, ())
    assert script.take(body).result == judged.result


def test_the_past_stays_what_it_was() -> None:
    """A view of a position does not see what came later; one of the future is refused."""
    script = Script()
    script.tell("institution.add", ADD)
    before = script.directory.at(0)
    assert (before.institutions(), before.position) == ((), 0)
    assert [i.code for i in script.directory.at(1).institutions()] == ["KEMEN"]
    script.tell("institution.add", ADD | {"code": "B"})
    assert [i.code for i in script.directory.at(1).institutions()] == ["KEMEN"]
    with pytest.raises(LookupError):
        script.directory.at(3)


def test_bodies_are_canonical() -> None:
    """The body of a control record has one spelling."""
    body = render_body(b'{"data":{}}', NOW, {"b": 1, "a": 2})
    assert body == jsontext.canonical({"request": '{"data":{}}', "at": NOW, "hub": {"a": 2, "b": 1}})
