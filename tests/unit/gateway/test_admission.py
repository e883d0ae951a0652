"""The chain of checks: what becomes a candidate, and which code each fault gets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub import records as r
from hub.gateway import admission
from hub.gateway.admission import Push, Refusal, examine
from hub.ports import Candidate
from hub.records import Ms
from signing import envelope, jsontext, keys
from tests.unit.gateway.onboarded import CALENDAR, NOW, House, make_terms, onboard, render

Fault = Callable[[House], Push]


@pytest.fixture(scope="module")
def house() -> House:
    return onboard()


def judge(house: House, push: Push, now: Ms = NOW) -> Candidate | Refusal:
    found = examine(push, house.directory.now(), now, make_terms())
    assert not isinstance(found, admission.Wanted)
    return found


def test_signed_push_becomes_a_candidate_over_the_received_bytes(house: House) -> None:
    """A correct push is taken as it came: the id covers the bytes of `esbBody`, the whole body is what is kept."""
    push = house.push()
    found = judge(house, push)
    assert isinstance(found, Candidate)
    assert found.received == push.body
    assert found.body == jsontext.member(envelope.frame(push.body).data, "esbBody")
    assert (found.topic, found.system, found.code) == ("inbox.generic_json", "HR", "JSON-CAL")
    assert found.headers[r.CONTROL_POSITION] == str(house.directory.position)
    assert found.headers[r.ASSURANCE] == "signed"
    assert found.headers[r.INSTITUTION] == "KEM"


def test_bare_token_is_as_good_as_bearer(house: House) -> None:
    """One published client sends the token without `Bearer`."""
    push = house.push(authorization=house.token().removeprefix(b"Bearer "))
    assert isinstance(judge(house, push), Candidate)


def with_data(data: bytes) -> Fault:
    return lambda house: house.push(envelope.seal(data, house.sender))


FAULTS: dict[str, tuple[str, Fault]] = {
    "too large": ("AMANA-SIZE-001", lambda h: h.push(b"{" * 70_000)),
    "no token": ("AMANA-AUTH-001", lambda h: h.push(authorization=b"")),
    "forged token": ("AMANA-AUTH-001", lambda h: h.push(authorization=h.token() + b"x")),
    "token that is not ASCII": ("AMANA-AUTH-001", lambda h: h.push(authorization=b"Bearer \xff")),
    "token of an older epoch": ("AMANA-AUTH-001", lambda h: h.push(authorization=h.token(epoch=77))),
    "token of an unknown system": ("AMANA-AUTH-001", lambda h: h.push(authorization=h.token("GONE"))),
    "expired token": ("AMANA-AUTH-002", lambda h: h.push(authorization=h.token(expires=NOW))),
    "not an envelope": ("AMANA-FRM-001", lambda h: h.push(b"[]")),
    "another media type": ("AMANA-HTTP-002", lambda h: h.push()._replace(content_type=b"text/plain")),
    "JSON said to be XML": ("AMANA-FRM-001", lambda h: h.push()._replace(content_type=b"application/xml")),
    "tampered body": ("AMANA-SIG-001", lambda h: h.push(h.body().replace(b"2026-10-01", b"2026-10-02"))),
    "signed by a stranger": ("AMANA-SIG-001", lambda h: h.push(h.body(key=keys.generate()))),
    "member twice": ("AMANA-JSON-001", with_data(b'{"pushCode":"JSON-CAL","esbBody":{},"esbBody":{}}')),
    "second data smuggled in": ("AMANA-JSON-001", with_data(b'{"pushCode":"JSON-CAL","esbBody":{}},"data":{}')),
    "no pushCode": ("AMANA-JSON-002", with_data(b'{"esbBody":{}}')),
    "pushCode is a number": ("AMANA-JSON-002", with_data(b'{"pushCode":1,"esbBody":{}}')),
    "no esbBody": ("AMANA-JSON-002", with_data(b'{"pushCode":"JSON-CAL"}')),
    "unknown code": ("AMANA-CODE-001", lambda h: h.push(h.body(code="NOWHERE"))),
    "code without grant": ("AMANA-GRANT-001", lambda h: h.push(h.body(code="JSON-LEAVE"))),
    "contract breach": ("AMANA-CONTRACT-001", lambda h: h.push(h.body({"records": [{"period": "3026-99"}]}))),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_code(house: House, name: str) -> None:
    """Every refusal carries the stable code of the first check that it fails."""
    code, make = FAULTS[name]
    found = judge(house, make(house))
    assert isinstance(found, Refusal)
    assert found.code == code


def test_the_order_of_the_checks_is_size_token_framing_signature_parse_code_contract(house: House) -> None:
    """A message with every fault is refused for the first; mending one shows the next: nothing is parsed before its
    signature holds, and nothing is looked at before its sender is known."""
    breach = render({"pushCode": "NOWHERE", "esbBody": {"a": 1}})[:-1] + b',"esbBody":1}'
    good, bad = house.token(), b"nonsense"
    forged = envelope.seal(breach, keys.generate())
    signed = envelope.seal(breach, house.sender)
    parsed = house.body({"a": 1}, code="NOWHERE")
    steps = [
        house.push(forged + b" " * 70_000, bad),
        house.push(b"{}", bad),
        house.push(b"{}", good),
        house.push(forged, good),
        house.push(signed, good),
        house.push(parsed, good),
        house.push(house.body({"a": 1}, code="JSON-LEAVE"), good),
        house.push(house.body({"a": 1}), good),
    ]
    assert [found.code for found in (judge(house, step) for step in steps) if isinstance(found, Refusal)] == [
        "AMANA-SIZE-001",
        "AMANA-AUTH-001",
        "AMANA-FRM-001",
        "AMANA-SIG-001",
        "AMANA-JSON-001",
        "AMANA-CODE-001",
        "AMANA-GRANT-001",
        "AMANA-CONTRACT-001",
    ]


def test_refusal_names_its_sender_only_when_the_token_proved_it(house: House) -> None:
    """Whose bytes are kept depends on this: a stranger's are not."""
    unknown = judge(house, house.push(authorization=b"x"))
    known = judge(house, house.push(b"{}"))
    assert isinstance(unknown, Refusal)
    assert isinstance(known, Refusal)
    assert unknown.system is None
    assert known.system is not None
    assert known.system.code == "HR"


def test_breach_shows_paths_and_rules_and_no_value(house: House) -> None:
    """The detail of a contract breach may be logged and shown: it holds nothing that was sent."""
    marker = "MARKER-199001012015031001"
    value = {"records": [{**CALENDAR["records"][0], "unit": 7, "period": marker, marker: marker}]}
    found = judge(house, house.push(house.body(value)))
    assert isinstance(found, Refusal)
    assert found.code == "AMANA-CONTRACT-001"
    assert "/records/0/period" in found.detail
    assert marker not in found.error.text()


def test_key_outside_its_validity_is_its_own_refusal() -> None:
    """A bad signature by a key that was revoked is AMANA-SIG-003; a system without any valid key is not told apart
    from it, and one that never had a key gets AMANA-SIG-002."""
    house = onboard()
    old, house.sender = house.sender, keys.generate()
    house.change("system.rotate-key", {"system": "HR", "publicKey": house.sender.public.pem(), "overlapSeconds": 0})
    later = Ms(NOW + 1)
    assert isinstance(judge(house, house.push(), later), Candidate)
    found = judge(house, house.push(house.body(key=old)), later)
    assert isinstance(found, Refusal)
    assert found.code == "AMANA-SIG-003"


def test_system_without_a_key_is_refused_as_such() -> None:
    """AMANA-SIG-002 tells the operator what to do: register a key."""
    house = onboard()
    house.change("system.add", {"institution": "KEM", "code": "NEW", "clientId": "n", "secretSha256": "0" * 64})
    found = judge(house, house.push(authorization=house.token("NEW")))
    assert isinstance(found, Refusal)
    assert found.code == "AMANA-SIG-002"


def test_suspension_ends_tokens_at_once() -> None:
    """A suspended system is refused with the very next message, whatever its token says."""
    house = onboard()
    before = house.token()
    house.change("system.suspend", {"system": "HR"})
    found = judge(house, house.push(authorization=before))
    assert isinstance(found, Refusal)
    assert found.code in {"AMANA-AUTH-001", "AMANA-AUTH-003"}
    found = judge(house, house.push(authorization=house.token()))
    assert isinstance(found, Refusal)
    assert found.code == "AMANA-AUTH-003"


def test_grant_that_is_revoked_is_gone_for_the_next_message() -> None:
    """The view is live: no restart, no cache that outlives a change."""
    house = onboard()
    terms = make_terms()
    assert isinstance(examine(house.push(), house.directory.now(), NOW, terms), Candidate)
    house.change("grant.revoke", {"system": "HR", "code": "JSON-CAL"})
    found = examine(house.push(), house.directory.now(), NOW, terms)
    assert isinstance(found, Refusal)
    assert found.code == "AMANA-GRANT-001"


def test_natural_key_gives_one_key_per_row_that_is_the_same_again() -> None:
    """The same row of the same system and code has the same HMAC, in another message too; another row another."""
    house = onboard()
    fields = {"dedupe": "natural-key", "fields": ["institution", "period"]}
    house.change("api.add", {"code": "KEYED", "adapter": "generic_json", "exchange": "calendar", **fields})
    house.change("grant.add", {"system": "HR", "code": "KEYED"})
    row = CALENDAR["records"][0]
    other = {**row, "period": "2026-11"}
    one = judge(house, house.push(house.body({"records": [row, other]}, "KEYED")))
    two = judge(house, house.push(house.body({"records": [other]}, "KEYED")))
    assert isinstance(one, Candidate)
    assert isinstance(two, Candidate)
    assert len(one.dedupe_keys) == 2
    assert list(two.dedupe_keys) == [one.dedupe_keys[1]]
    assert one.dedupe_keys[0] != one.dedupe_keys[1]


def test_request_id_beside_the_body_tells_repeats_apart() -> None:
    """Under the rule `request-id` the sender's own id decides, whatever the body says; without one there is no key."""
    house = onboard()
    house.change("api.add", {"code": "RID", "adapter": "generic_json", "exchange": "calendar", "dedupe": "request-id"})
    house.change("grant.add", {"system": "HR", "code": "RID"})

    def keyed(**more: str) -> Candidate | Refusal:
        data = render({"pushCode": "RID", "esbBody": CALENDAR, **more})
        return judge(house, house.push(envelope.seal(data, house.sender)))

    one, same, other = keyed(requestId="a1"), keyed(requestId="a1"), keyed(requestId="a2")
    assert isinstance(one, Candidate)
    assert isinstance(same, Candidate)
    assert isinstance(other, Candidate)
    assert len(one.dedupe_keys) == 1
    assert list(one.dedupe_keys) == list(same.dedupe_keys)
    assert list(one.dedupe_keys) != list(other.dedupe_keys)
    missing = keyed()
    assert isinstance(missing, Refusal)
    assert (missing.code, missing.detail) == ("AMANA-JSON-002", "requestId")


def test_candidates_share_no_headers(house: House) -> None:
    """The log adds headers to each candidate: what one gets must not appear on the next."""
    first, second = judge(house, house.push()), judge(house, house.push())
    assert isinstance(first, Candidate)
    assert isinstance(second, Candidate)
    first.headers["ce_id"] = "x"
    assert "ce_id" not in second.headers


def test_a_padded_token_is_remembered_once_and_a_long_header_not_at_all() -> None:
    """However a token is padded, the memory of tokens holds its text once; a header past the limit is refused unread."""
    house, terms = onboard(), make_terms()
    token = house.token().removeprefix(b"Bearer ")
    for header in (token, b"Bearer " + token, b"bearer   " + token + b"  ", b" " + token):
        assert not isinstance(examine(house.push(authorization=header), house.directory.now(), NOW, terms), Refusal)
    assert list(terms.tokens) == [token]
    padded = b"Bearer " + token + b" " * admission.MAX_AUTHORIZATION
    refused = examine(house.push(authorization=padded), house.directory.now(), NOW, terms)
    assert isinstance(refused, Refusal)
    assert (refused.code, list(terms.tokens)) == ("AMANA-AUTH-001", [token])
