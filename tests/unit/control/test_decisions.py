"""What each change does to the directory, and what it conflicts with."""

from __future__ import annotations

from typing import Any

import pytest

from hub.records import Ms
from signing.keys import generate
from tests.unit.control.signed_changes import (
    ADMIN,
    CUTOFF,
    SECOND,
    SYSTEM,
    Script,
    device_args,
    pem,
    refusal,
    run_args,
    system_args,
)

DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def script() -> Script:
    made = Script()
    made.unit()
    return made


def _second(script: Script, person: str = "Person Two", **more: Any) -> None:
    args = {"name": "second", "person": person, "publicKey": pem(SECOND)} | more
    assert script.tell("operator.add", args).accepted


def test_a_system_is_found_by_code_and_client(script: Script) -> None:
    """Both look-ups give the same system, with its key valid from the moment of registration on."""
    view = script.directory.now()
    system = view.system("HRIS")
    assert system is not None
    assert view.system_by_client("client-HRIS") == system
    assert view.system_by_client("client-NOBODY") is None
    registered = system.keys[0].not_before
    assert system.key_ring.valid_at(registered) == (SYSTEM.public,)
    assert system.key_ring.valid_at(registered - 1) == ()


def test_a_system_speaks_json_or_xml(script: Script) -> None:
    """The option `format` takes what the hub can write, and nothing else."""
    assert script.tell("system.add", system_args("XML", clientId="x", options={"format": "xml"})).accepted
    refused = refusal(script.tell("system.add", system_args("SOAP", clientId="s", options={"format": "soap"})))
    assert refused[:2] == (False, "AMANA-CHANGE-001")
    assert "options" in refused[2]


def test_secrets_show_in_no_repr(script: Script) -> None:
    """Neither digests of secrets nor serials are in what a log line might print."""
    script.tell("device.add", device_args("SERIAL123", secretPathSha256="cd" * 32))
    view = script.directory.now()
    text = repr((view.systems(), view.devices()))
    assert [found for found in ("ab" * 32, "cd" * 32, "SERIAL123") if found in text] == []


@pytest.mark.parametrize(
    ("change", "args", "detail"),
    [
        ("institution.add", {"code": "KEMEN", "name": "again"}, "institution exists"),
        ("system.add", system_args("HRIS", clientId="other"), "system exists"),
        ("system.add", system_args("NEW", clientId="client-HRIS"), "client id exists"),
        ("api.add", {"code": "SIASN-EMP", "adapter": "a", "exchange": "b"}, "code exists"),
        ("grant.add", {"system": "HRIS", "code": "SIASN-EMP"}, "the grant exists"),
        ("grant.revoke", {"system": "PAYROLL", "code": "SIASN-EMP"}, "there is no grant"),
        ("grant.options", {"system": "PAYROLL", "code": "SIASN-EMP", "options": {}}, "there is no grant"),
        ("system.resume", {"system": "HRIS"}, "the system is active"),
        ("system.rotate-key", {"system": "HRIS", "publicKey": pem(SYSTEM), "overlapSeconds": 0}, "key exists"),
        ("system.rotate-secret", {"system": "HRIS", "secretSha256": "ab" * 32}, "the secret is the present one"),
        ("subscription.add", {"system": "PAYROLL", "code": "SIASN-EMP"}, "the code is not one that the hub sends out"),
        ("operator.suspend", {"keyId": ADMIN.public.key_id}, "the last active administrator"),
        ("operator.add", {"name": "x", "person": "X", "publicKey": pem(ADMIN)}, "operator key exists"),
        ("operator.add", {"name": "root", "person": "X", "publicKey": pem(SECOND)}, "operator name exists"),
        ("hub.start", {"hubPublicKey": pem(SECOND), "operator": {"name": "x", "person": "X", "publicKey": pem(SECOND)}},
         "the hub has its first operator"),
    ],
)  # fmt: skip
def test_conflicts_are_refused(script: Script, change: str, args: dict[str, Any], detail: str) -> None:
    """What exists is not made again, and a state that does not allow a change refuses it."""
    assert refusal(script.tell(change, args)) == (False, "AMANA-CHANGE-003", detail)


@pytest.mark.parametrize(
    ("change", "args", "detail"),
    [
        ("institution.add", {"code": "NEW", "name": "x", "parent": "NONE"}, "parent"),
        ("system.add", system_args("NEW", institution="NONE"), "institution"),
        ("system.suspend", {"system": "NONE"}, "system"),
        ("system.revoke-key", {"system": "HRIS", "keyId": "0" * 64}, "key"),
        ("grant.add", {"system": "HRIS", "code": "NONE"}, "code"),
        ("subscription.add", {"system": "PAYROLL", "code": "NONE"}, "code"),
        ("subscription.pause", {"id": "NONE"}, "subscription"),
        ("device.add", device_args("S1", institution="NONE"), "institution"),
        ("device.suspend", {"id": "NONE"}, "device"),
        ("operator.suspend", {"keyId": "0" * 64}, "operator"),
        ("run.open", run_args(institution="NONE"), "institution"),
        ("run.approve", {"run": "NONE", "digest": DIGEST}, "run"),
    ],
)
def test_missing_references_are_refused(script: Script, change: str, args: dict[str, Any], detail: str) -> None:
    """A change that names what does not exist is refused, naming the kind of object."""
    assert refusal(script.tell(change, args, hub={"cutoff": CUTOFF})) == (False, "AMANA-CHANGE-002", detail)


@pytest.mark.parametrize(
    ("change", "args", "detail"),
    [
        ("system.add", system_args("NEW", publicKey="nonsense"), "publicKey: not a public key"),
        ("system.add", system_args("NEW", url="ftp://x"), "url: a URL begins with http:// or https://"),
        ("system.add", system_args("NEW", url="https://user:pw@x"), "url: a URL without user name and password"),
        ("system.add", system_args("new\n"), "code: 1 to 64 letters, digits, dots, underscores or hyphens expected, a letter or digit first"),
        ("device.add", device_args("S1", networks=[]), "a network or a secret path, or filesOnly without both"),
        (
            "device.add",
            device_args("S1", networks=["10.0.0.0/8"], filesOnly=True),
            "a network or a secret path, or filesOnly without both",
        ),
        ("device.add", device_args("S1", zone="east"), "zone: a time zone expected, such as Asia/Jakarta or +07:00"),
        ("api.add", {"code": "X", "adapter": "a", "exchange": "b", "dedupe": "natural-key"},
         "fields go with the natural key"),
        ("subscription.add", {"system": "PAYROLL"}, "either code or contract"),
        ("run.open", run_args(paid="2026-09"), "paid before it is earned"),
        ("run.open", run_args(period="2026-13"), "period: expected YYYY-MM, such as 2026-10"),
        ("operator.add", {"name": "x", "person": "X", "publicKey": pem(SECOND), "roles": ["king"]},
         "roles.0: one of 'admin', 'payroll' or 'approver' expected"),
        ("message.erase", {"ids": [], "reason": "x"}, "ids: at least 1 expected"),
    ],
)  # fmt: skip
def test_arguments_are_checked(script: Script, change: str, args: dict[str, Any], detail: str) -> None:
    """Malformed arguments are refused, naming the member."""
    assert refusal(script.tell(change, args, hub={"cutoff": CUTOFF})) == (False, "AMANA-CHANGE-001", detail)


def test_networks_are_networks(script: Script) -> None:
    """A text that is no network is refused with no value in the detail."""
    outcome = script.tell("device.add", device_args("S1", networks=["10.1.2.3/8"]))
    assert outcome.code == "AMANA-CHANGE-001"
    assert "10.1.2.3" not in outcome.detail


def test_tokens_of_before_a_suspension_are_dead(script: Script) -> None:
    """Suspending, resuming and a new secret each raise the epoch; a new key does not."""

    def epoch() -> int:
        system = script.directory.now().system("HRIS")
        assert system is not None
        return system.epoch

    epochs = [epoch()]
    for change, more in (
        ("system.suspend", {}),
        ("system.resume", {}),
        ("system.rotate-secret", {"secretSha256": "cd" * 32}),
        ("system.rotate-key", {"publicKey": pem(generate()), "overlapSeconds": 60}),
    ):
        assert script.tell(change, {"system": "HRIS"} | more).accepted
        epochs.append(epoch())
    assert epochs == [1, 2, 3, 4, 4]


def test_rotation_overlaps_and_then_ends(script: Script) -> None:
    """Both keys hold during the overlap, the new one alone afterwards."""
    new, at = generate(), script.now
    assert script.tell("system.rotate-key", {"system": "HRIS", "publicKey": pem(new), "overlapSeconds": 60}).accepted
    system = script.directory.now().system("HRIS")
    assert system is not None
    ring = system.key_ring
    assert set(ring.valid_at(at)) == {SYSTEM.public, new.public}
    assert set(ring.valid_at(at + 59_999)) == {SYSTEM.public, new.public}
    assert ring.valid_at(at + 60_000) == (new.public,)


def test_rotation_never_prolongs_a_key(script: Script) -> None:
    """A key that ends soon does not live longer by a rotation with a longer overlap."""
    one, two, at = generate(), generate(), script.now
    script.tell("system.rotate-key", {"system": "HRIS", "publicKey": pem(one), "overlapSeconds": 10})
    script.tell("system.rotate-key", {"system": "HRIS", "publicKey": pem(two), "overlapSeconds": 1000})
    system = script.directory.now().system("HRIS")
    assert system is not None
    assert [key.not_after for key in system.keys] == [at + 10_000, at + 1_001_000, None]


def test_revocation_ends_a_key_at_once(script: Script) -> None:
    """From the record on a revoked key is known but not valid, and cannot be registered again."""
    at, key_id = script.now, SYSTEM.public.key_id
    assert script.tell("system.revoke-key", {"system": "HRIS", "keyId": key_id}).accepted
    system = script.directory.now().system("HRIS")
    assert system is not None
    assert (system.key_ring.valid_at(at), system.key_ring.others(at)) == ((), (SYSTEM.public,))
    assert refusal(script.tell("system.revoke-key", {"system": "HRIS", "keyId": key_id}))[2] == "the key has ended"
    again = {"system": "HRIS", "publicKey": pem(SYSTEM), "overlapSeconds": 0}
    assert refusal(script.tell("system.rotate-key", again))[2] == "key exists"


def test_grants_come_and_go(script: Script) -> None:
    """A revoked grant is none, and can be given again."""
    view, args = script.directory.now(), {"system": "HRIS", "code": "SIASN-EMP"}
    states = [view.granted("HRIS", "SIASN-EMP")]
    for change in ("grant.revoke", "grant.add"):
        assert script.tell(change, args).accepted
        states.append(view.granted("HRIS", "SIASN-EMP"))
    assert states == [True, False, True]
    assert view.granted("PAYROLL", "SIASN-EMP") is False


def test_codes_name_their_wire_contract(script: Script) -> None:
    """The wire contract of a code is that of its exchange unless another is named."""
    api = script.directory.now().api("SIASN-EMP")
    assert api is not None
    assert (api.contract, api.direction, api.dedupe) == ("wire:siasn.employees", "in", "window")


def test_subscriptions_are_found_by_what_they_ask_for(script: Script) -> None:
    """By code or by contract, oldest first, and paused ones too."""
    script.tell("subscription.add", {"system": "PAYROLL", "code": "TUKIN-OUT"})
    script.tell("subscription.add", {"system": "HRIS", "code": "TUKIN-OUT", "institution": "KEMEN"})
    script.tell("subscription.add", {"system": "HRIS", "contract": "attendance.day", "ordered": False})
    script.tell("subscription.pause", {"id": "PAYROLL.TUKIN-OUT"})
    view = script.directory.now()
    assert [(s.id, s.paused) for s in view.subscriptions("TUKIN-OUT")] == [
        ("PAYROLL.TUKIN-OUT", True),
        ("HRIS.TUKIN-OUT", False),
    ]
    assert [s.id for s in view.subscriptions("attendance.day")] == ["HRIS.attendance.day"]
    assert view.subscriptions("nothing") == ()


def test_devices_are_found_by_serial_path_and_id(script: Script) -> None:
    """A device has an id of its own; serial and secret path belong to it alone."""
    path = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"  # SHA-256 of "password"
    assert script.tell("device.add", device_args("S1", secretPathSha256=path, zone="Asia/Jakarta")).result == {
        "id": "device-1"
    }
    view = script.directory.now()
    device = view.device("S1")
    assert device is not None
    assert (view.device_by_path("password"), view.device_by_id("device-1")) == (device, device)
    assert view.device_by_path("passwort") is None
    assert refusal(script.tell("device.add", device_args("S1")))[2] == "serial exists"
    assert refusal(script.tell("device.add", device_args("S2", secretPathSha256=path)))[2] == "secret path exists"
    assert script.tell("device.suspend", {"id": "device-1"}).accepted
    suspended = view.device("S1")
    assert suspended is not None
    assert suspended.suspended


def test_run_codes_count_up(script: Script) -> None:
    """Runs of one institution and period are numbered in order of the log; the cut-off is the one recorded."""
    codes = [
        script.tell("run.open", run_args(**more), hub={"cutoff": CUTOFF}).result["run"]
        for more in ({}, {}, {"period": "2026-09"})
    ]
    assert codes == ["KEMEN-2026-10-1", "KEMEN-2026-10-2", "KEMEN-2026-09-1"]
    order = script.directory.now().run("KEMEN-2026-10-1")
    assert order is not None
    assert order.cutoff == {"inbox.siasn": (3, 0), "inbox.zkteco_adms": (7, 9)}
    assert (order.opened_by, order.opened_person) == (ADMIN.public.key_id, "Person One")


@pytest.mark.parametrize("hub", [{}, {"cutoff": {"inbox.x": [-1]}}, {"cutoff": {"inbox.x": 1}}])
def test_a_run_needs_the_cutoff_that_the_hub_records(script: Script, hub: dict[str, Any]) -> None:
    """Without a vector of offsets there is no run."""
    assert script.tell("run.open", run_args(), hub=hub).code == "AMANA-CHANGE-001"


def test_the_opener_cannot_approve(script: Script) -> None:
    """Neither the key that opened a run nor a second key of the same person approves it."""
    script.tell("run.open", run_args(), hub={"cutoff": CUTOFF})
    approve = {"run": "KEMEN-2026-10-1", "digest": DIGEST}
    assert refusal(script.tell("run.approve", approve)) == (False, "AMANA-OPER-002", "the key that opened the run")
    _second(script, person=" person  ONE ")
    outcome = script.tell("run.approve", approve, by=SECOND)
    assert refusal(outcome) == (False, "AMANA-OPER-002", "the person who opened the run")


@pytest.mark.parametrize(
    "person",
    ["Person\u00a0One", "Ｐｅｒｓｏｎ Ｏｎｅ", "PERSON\u200b ONE", "Per\u017fon one", "P\u2060erson O\u00adne"],
)
def test_no_spelling_makes_a_second_person(script: Script, person: str) -> None:
    """Neither odd spaces, nor wide or old letters, nor characters that cannot be seen."""
    script.tell("run.open", run_args(), hub={"cutoff": CUTOFF})
    _second(script, person=person)
    outcome = script.tell("run.approve", {"run": "KEMEN-2026-10-1", "digest": DIGEST}, by=SECOND)
    assert refusal(outcome) == (False, "AMANA-OPER-002", "the person who opened the run")


@pytest.mark.parametrize("by_opener", [True, False])
def test_an_approval_says_whether_the_opener_had_added_the_approver(script: Script, by_opener: bool) -> None:
    """An account that the opener had registered may approve, and that stays on record; the directory says of every
    account who registered it."""
    _second(script, roles=["admin"])
    third = generate()
    added = {"name": "three", "person": "Person Three", "publicKey": pem(third), "roles": ["approver"]}
    assert script.tell("operator.add", added, by=ADMIN if by_opener else SECOND).accepted
    script.tell("run.open", run_args(), hub={"cutoff": CUTOFF})
    assert script.tell("run.approve", {"run": "KEMEN-2026-10-1", "digest": DIGEST}, by=third).accepted
    view = script.directory.now()
    order, approver, first = (
        view.run("KEMEN-2026-10-1"),
        view.operator(third.public.key_id),
        view.operator(ADMIN.public.key_id),
    )
    assert order is not None
    assert order.approved is not None
    assert approver is not None
    assert first is not None
    assert order.approved.added_by_opener is by_opener
    assert approver.added_by == (ADMIN if by_opener else SECOND).public.key_id
    assert first.added_by is None


def test_a_run_is_approved_once_by_a_second_person(script: Script) -> None:
    """The approval records key, person, digest and place; a second one conflicts."""
    script.tell("run.open", run_args(), hub={"cutoff": CUTOFF})
    _second(script, roles=["approver"])
    approve = {"run": "KEMEN-2026-10-1", "digest": DIGEST}
    outcome = script.tell("run.approve", approve, by=SECOND)
    assert outcome.accepted
    order = script.directory.now().run("KEMEN-2026-10-1")
    assert order is not None
    assert order.approved is not None
    assert (order.approved.operator, order.approved.person) == (SECOND.public.key_id, "Person Two")
    assert (order.approved.digest, order.approved.position) == (DIGEST, outcome.position)
    assert refusal(script.tell("run.approve", approve, by=SECOND)) == (False, "AMANA-CHANGE-003", "the run is approved")


NOON = 1_793_534_400_000  # 1 November 2026, 12:00 UTC: October ends in the last time zone


@pytest.mark.parametrize(("at", "period", "accepted"), [
    (NOON, "2026-10", True),
    (NOON - 1, "2026-10", False),
    (NOON - 1, "2026-09", True),
    (NOON, "2026-11", False),
    (NOON, "9999-12", False),
    (NOON, "0000-01", True),
])  # fmt: skip
def test_a_month_that_is_not_over_cannot_be_run(script: Script, at: int, period: str, accepted: bool) -> None:
    """Days to come would count as absent; so a run waits until the month has ended everywhere on Earth."""
    script.now = Ms(at)
    outcome = script.tell("run.open", run_args(period=period, paid=max(period, "2026-11")), hub={"cutoff": CUTOFF})
    detail = f"{period} is not over in every time zone (12:00 UTC on the first)"
    assert refusal(outcome) == ((True, "", "") if accepted else (False, "AMANA-CHANGE-003", detail))


def test_a_month_is_paid_once(script: Script) -> None:
    """With one run of a month approved no other run of it can be; other months and institutions can."""
    script.tell("institution.add", {"code": "OTHER", "name": "Another ministry"})
    for more in ({}, {}, {"period": "2026-09"}, {"institution": "OTHER"}):
        assert script.tell("run.open", run_args(**more), hub={"cutoff": CUTOFF}).accepted
    _second(script, roles=["approver"])
    outcomes = [
        script.tell("run.approve", {"run": run, "digest": DIGEST}, by=SECOND)
        for run in ("KEMEN-2026-10-2", "KEMEN-2026-10-1", "KEMEN-2026-09-1", "OTHER-2026-10-1")
    ]
    twice = (False, "AMANA-CHANGE-003", "run KEMEN-2026-10-2 of the same institution and month is approved")
    assert [refusal(outcome) for outcome in outcomes] == [(True, "", ""), twice, (True, "", ""), (True, "", "")]


def test_an_order_to_erase_is_recorded_with_its_reason(script: Script) -> None:
    """Ids are kept once each, with who ordered it and why."""
    outcome = script.tell("message.erase", {"ids": ["a" * 64, "b" * 64, "a" * 64], "reason": "court order"})
    assert outcome.result == {"messages": 2}
    [order] = script.directory.now().erasures()
    assert (order.ids, order.reason, order.position) == (("a" * 64, "b" * 64), "court order", outcome.position)


def test_rsa_only_where_it_is_asked_for(script: Script) -> None:
    """An RSA key is registered for a system with allowRsa only, and never for an operator."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    from signing.keys import PrivateKey

    key = PrivateKey(rsa.generate_private_key(65537, 2048))
    assert script.tell("system.add", system_args("OLD", publicKey=pem(key))).code == "AMANA-CHANGE-001"
    assert script.tell("system.add", system_args("OLD", publicKey=pem(key), allowRsa=True)).accepted
    system = script.directory.now().system("OLD")
    assert system is not None
    assert system.key_ring.valid_at(script.now) == (key.public,)
    assert script.tell("operator.add", {"name": "r", "person": "R", "publicKey": pem(key)}).code == "AMANA-CHANGE-001"
