"""Join requests over `/api/v1`: what is taken, what is shown to whom, and what can be approved."""

from __future__ import annotations

from typing import Any

import pytest

from hub.control.client import Refused
from hub.gateway.quota import HOUR
from hub.joining import desk as joining
from hub.joining.request import MAX_REQUEST, parse_fingerprint, read_request
from hub.ports import Write
from signing import envelope, jsontext
from signing.keys import generate
from tests.unit.api.asked import SECRET, add_code, approval, post, raw, request, state
from tests.unit.api.desk import Desk


@pytest.fixture
def hub(desk: Desk) -> Desk:
    """A hub with one code."""
    add_code(desk)
    return desk


def decide(hub: Desk, kind: str, args: dict[str, Any]) -> str:
    """Code of the refusal, or nothing."""
    with hub.client() as client:
        try:
            client.change(kind, args)
        except Refused as refused:
            return f"{refused.code} {refused.detail}".strip()
    return ""


def waiting(hub: Desk) -> list[dict[str, Any]]:
    return hub.run(hub.store.rows("join_request"))


# asking


def test_a_request_waits_and_enters_nothing_else(hub: Desk) -> None:
    """No record of the control log, nothing in the directory, no secret anywhere; its id is that of the signed bytes."""
    before = hub.control_end()
    body = request(hub)
    status, answer = post(hub, body)
    assert (status, answer["state"], answer["id"]) == (200, "waiting", read_request(body).id)
    assert (answer["clientId"], answer["hubPublicKey"], answer["codes"]) == (None, None, [])
    assert (hub.control_end(), hub.follower.directory.now().institution("NEW")) == (before, None)
    assert SECRET.encode() not in repr(waiting(hub)).encode()


def test_the_same_request_again_is_the_same_request(hub: Desk) -> None:
    """One row, and the state that it has by then, decided ones included."""
    body = request(hub)
    first, again = post(hub, body)[1], post(hub, body)[1]
    assert (first, len(waiting(hub))) == (again, 1)
    assert decide(hub, "join.reject", {"request": first["id"], "reason": "no mandate"}) == ""
    assert post(hub, body)[1]["state"] == "rejected"
    assert waiting(hub) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body.replace(b'"system":"NEWHR"', b'"system":"NEWHX"'), "AMANA-JOIN-002"),
        (lambda body: body.replace(b'"data":{', b'"data":{"join":1,'), "AMANA-JOIN-002"),
        (lambda body: body[:-40] + b'"}', "AMANA-JOIN-001"),
        (lambda _: b"{}", "AMANA-JOIN-001"),
        (lambda body: body + b" " * MAX_REQUEST, "AMANA-SIZE-001"),
    ],
)
def test_a_tampered_request_is_refused_and_counted(hub: Desk, change: Any, code: str) -> None:
    """The key that it proposes must have signed these very bytes. Nothing waits; the refusal is counted by its code."""
    _, answer = post(hub, change(request(hub)))
    assert (answer["code"], waiting(hub)) == (code, [])
    hub.run(hub.context.refusals.flush())
    assert [row["code"] for row in hub.run(hub.store.rows("refusal_count"))] == [code]


def test_nobody_can_propose_the_key_of_another(hub: Desk) -> None:
    """The public key of one pair under the signature of another."""
    mine, theirs = generate(), generate()
    frame = envelope.frame(request(hub, theirs))
    assert post(hub, envelope.seal(frame.data, mine))[1]["code"] == "AMANA-JOIN-002"


@pytest.mark.parametrize(
    ("more", "code", "detail"),
    [
        ({"codes": ["EMP", "NO"]}, "AMANA-CODE-001", "number 2 of codes; see GET /api/v1/services"),
        ({"codes": ["EMP", "EMP"]}, "AMANA-JOIN-001", "a code twice"),
        ({"surprise": 1}, "AMANA-JOIN-001", "a member that is not known here"),
        ({"url": "ftp://hr.example"}, "AMANA-JOIN-001", "url: a URL begins with http:// or https://"),
        ({"unitName": "Office"}, "AMANA-JOIN-001", "the name of a unit goes with its code"),
        ({"late": joining.FRESH + 60_000}, "AMANA-JOIN-001", "at: not within a day of the hub's clock"),
    ],
)
def test_what_cannot_be_asked_for(hub: Desk, more: dict[str, Any], code: str, detail: str) -> None:
    """Refused at once, naming the member and the rule and none of what was given."""
    _, answer = post(hub, request(hub, **more))
    assert (answer["code"], answer["detail"], waiting(hub)) == (code, detail, [])


def test_a_second_request_with_the_same_key_is_refused(hub: Desk) -> None:
    """While the first waits, and after it was approved; the key of a registered system is no applicant's either."""
    key = generate()
    name = post(hub, request(hub, key))[1]["id"]
    assert post(hub, request(hub, key, system="OTHER"))[1]["code"] == "AMANA-JOIN-003"
    assert decide(hub, "join.approve", approval(hub, name)) == ""
    assert post(hub, request(hub, key, system="OTHER"))[1]["code"] == "AMANA-JOIN-003"


# bounds


def test_a_flood_from_one_address_ends_at_its_quota(hub: Desk) -> None:
    """Ten wait, the rest is refused and counted; an expired one makes room."""
    answers = [post(hub, request(hub, system=f"S{n}"))[0] for n in range(12)]
    assert answers == [200] * joining.PER_ADDRESS + [429] * 2
    hub.run(hub.context.refusals.flush())
    [counted] = hub.run(hub.store.rows("refusal_count"))
    assert (counted["code"], counted["count"]) == ("AMANA-JOIN-004", 2)
    row = waiting(hub)[0] | {"expires": hub.clock.now()}
    hub.write(Write("join_request", [row]))
    assert post(hub, request(hub))[0] == 200


def test_a_flood_from_everywhere_ends_at_the_bound_of_all(hub: Desk) -> None:
    """However many addresses there are."""
    hub.run(_fill(hub, hub.context.settings.join_requests))
    status, answer = post(hub, request(hub))
    assert (status, answer["code"], answer["detail"]) == (429, "AMANA-JOIN-004", "the waiting list is full")


async def _fill(hub: Desk, number: int) -> None:
    rows = [
        {
            "id": f"{n:064x}",
            "key_id": f"{n}",
            "address": f"{n}",
            "made": hub.clock.now(),
            "expires": hub.clock.now() + HOUR,
            "envelope": b"{}",
        }
        for n in range(number)
    ]
    await hub.store.write([Write("join_request", rows)])


def test_asking_too_often_is_told_when_to_come_back(hub: Desk) -> None:
    """Whatever is asked, well formed or not: so many an hour, then 429 with Retry-After."""
    with raw(hub) as http:
        answers = [http.post("/api/v1/join", content=b"x") for _ in range(joining.ASKS_PER_HOUR + 1)]
    assert [answer.status_code for answer in answers[-2:]] == [422, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_what_is_decided_or_long_expired_is_forgotten(hub: Desk) -> None:
    """Rows go by themselves; one that expired lately still says so."""
    names = [post(hub, request(hub, system=f"S{n}"))[1]["id"] for n in range(3)]
    now = hub.clock.now()
    for name, expires in ((names[0], now - joining.SHOWN_AFTER - 1), (names[1], now - 1)):
        [row] = [row for row in waiting(hub) if row["id"] == name]
        hub.write(Write("join_request", [row | {"expires": expires}]))
    hub.run(hub.context.joins.tidy(now))
    assert sorted(row["id"] for row in waiting(hub)) == sorted(names[1:])
    assert [state(hub, name).get("state") for name in names] == [None, "expired", "waiting"]


# who sees what


def test_strangers_see_the_state_and_nothing_more(hub: Desk) -> None:
    """Neither name nor contact, and an id that is none is not found."""
    name = post(hub, request(hub))[1]["id"]
    shown = state(hub, name)
    assert set(shown) == {"id", "state", "reason", "expires", "clientId", "codes", "hubKeyId", "hubPublicKey"}
    assert "555 0100" not in repr(shown)
    assert [state(hub, wrong)["code"] for wrong in ("0" * 64, "x", "%00")] == ["AMANA-READ-001"] * 3


def test_an_operator_sees_whom_to_call_and_that_is_recorded(hub: Desk) -> None:
    """The list holds no contact; showing one request does, and leaves a record before it is answered."""
    name = post(hub, request(hub))[1]["id"]
    with hub.client() as client:
        [listed] = client.get("/api/v1/joins")["items"]
        shown = client.get(f"/api/v1/joins/{name}")
    assert "555 0100" not in repr(listed)
    assert shown["contact"] == "Person Three, 555 0100"
    assert read_request(shown["request"].encode()).key.key_id.startswith(parse_fingerprint(listed["fingerprint"]))
    assert [(read["what"], read["of"]) for read in hub.audited()] == [("join.contact", name)]


def test_an_attempt_to_take_a_system_over_is_shown_and_fails(hub: Desk) -> None:
    """The applicant learns nothing of it; the operator is told; an approval is refused and binds nothing."""
    name = post(hub, request(hub))[1]["id"]
    assert decide(hub, "join.approve", approval(hub, name)) == ""
    before = hub.follower.directory.now().system("NEWHR")
    status, answer = post(hub, request(hub, name="Somebody else"))
    assert (status, answer["state"]) == (200, "waiting")
    with hub.client() as client:
        findings = client.get(f"/api/v1/joins/{answer['id']}")["findings"]
    assert [text.split(":")[0] for text in findings] == [
        "system NEWHR exists, of institution NEW",
        "institution NEW exists, under the name A new agency",
    ]
    args = approval(hub, answer["id"], institutionName=None, clientId="d" * 32)
    assert decide(hub, "join.approve", args) == "AMANA-CHANGE-003 system exists"
    assert hub.follower.directory.now().system("NEWHR") == before


# deciding


def test_an_approved_applicant_learns_what_it_needs(hub: Desk) -> None:
    """Client id, codes and the hub's key; the row with the contact is gone, and the operator log says who."""
    name = post(hub, request(hub))[1]["id"]
    assert decide(hub, "join.approve", approval(hub, name, codes=[])) == ""
    shown = state(hub, name)
    assert (shown["state"], shown["clientId"], shown["codes"]) == ("approved", "c" * 32, [])
    assert shown["hubKeyId"] == hub.keys.signing.public.key_id
    assert waiting(hub) == []
    with hub.client() as client:
        newest = client.get("/api/v1/changes?limit=1")["items"][0]
        decided = client.get("/api/v1/joins?decided=true")["items"]
        detail = client.get(f"/api/v1/joins/{name}")
    assert (newest["kind"], newest["operator"], f"join request {name}" in newest["touched"]) == (
        "join.approve",
        "admin",
        True,
    )
    assert [(row["state"], row["operator"], row["system"]) for row in decided] == [("approved", "admin", "NEWHR")]
    assert (detail["state"], detail["contact"]) == ("approved", None)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"system": "OTHER"}, "AMANA-JOIN-005 system: not as it was asked for"),
        ({"institutionName": "Another"}, "AMANA-JOIN-005 institutionName: not as it was asked for"),
        ({"secretSha256": "ab" * 32}, "AMANA-JOIN-005 secretSha256: not as it was asked for"),
        ({"url": "https://elsewhere.example"}, "AMANA-JOIN-005 url: not as it was asked for"),
        ({"options": {"format": "xml"}}, "AMANA-JOIN-005 options: not as it was asked for"),
        ({"codes": ["EMP", "MORE"]}, "AMANA-JOIN-005 codes: not as it was asked for"),
        ({"request": "0" * 64}, "AMANA-CHANGE-002 join request"),
    ],
)
def test_an_approval_does_no_more_than_was_asked_for(hub: Desk, more: dict[str, Any], code: str) -> None:
    """Every argument must be that of the request that waits; otherwise no record is made."""
    add_code(hub, "MORE")
    name = post(hub, request(hub))[1]["id"]
    before = hub.control_end()
    assert decide(hub, "join.approve", approval(hub, name, **more)) == code
    assert hub.control_end() == before


def test_another_key_than_the_one_that_asked_is_refused(hub: Desk) -> None:
    """Even when its own fingerprint is given."""
    name = post(hub, request(hub))[1]["id"]
    other = generate().public
    args = approval(hub, name, publicKey=other.pem(), fingerprint=other.key_id)
    assert decide(hub, "join.approve", args) == "AMANA-JOIN-005 publicKey: not as it was asked for"


def test_a_request_that_was_changed_where_it_is_kept_cannot_be_approved(hub: Desk) -> None:
    """A row that somebody wrote into the store: shown as damaged, refused, whatever it says now."""
    name = post(hub, request(hub))[1]["id"]
    args = approval(hub, name)
    hub.write(Write("join_request", [waiting(hub)[0] | {"envelope": request(hub, generate())}]))
    with hub.client() as client:
        shown = client.get(f"/api/v1/joins/{name}")
    assert (shown["request"], "cannot be approved" in shown["findings"][0]) == (None, True)
    assert decide(hub, "join.approve", args) == "AMANA-JOIN-005 what is kept is not what was signed"


def test_an_expired_request_cannot_be_approved(hub: Desk) -> None:
    """It says so, and no record is made."""
    name = post(hub, request(hub))[1]["id"]
    args = approval(hub, name)
    hub.write(Write("join_request", [waiting(hub)[0] | {"expires": hub.clock.now()}]))
    assert state(hub, name)["state"] == "expired"
    assert decide(hub, "join.approve", args) == "AMANA-JOIN-005 it has expired"


def test_a_repeated_approval_gets_its_first_outcome(hub: Desk) -> None:
    """The same signed bytes again, after a lost answer: accepted, though the request waits no more."""
    from hub.control.requests import sign_change

    name = post(hub, request(hub))[1]["id"]
    change = sign_change(hub.admin, "join.approve", approval(hub, name), hub.clock.now())
    with raw(hub) as http:
        answers = [http.post("/api/v1/changes", content=change).json() for _ in range(2)]
    assert [answer["repeated"] for answer in answers] == [False, True]
    assert answers[0]["result"] == answers[1]["result"]


def test_the_waiting_list_is_paged(hub: Desk) -> None:
    """Oldest first, and the next page goes on where the first ended."""
    names = [post(hub, request(hub, system=f"S{n}"))[1]["id"] for n in range(3)]
    with hub.client() as client:
        first = client.get("/api/v1/joins?limit=2")
        second = client.get(f"/api/v1/joins?limit=2&after={first['next']}")
    found = [row["id"] for row in (*first["items"], *second["items"])]
    assert (len(first["items"]), second["next"], sorted(found)) == (2, None, sorted(names))


def test_a_closed_door_says_so(hub: Desk) -> None:
    """With the setting at 0 nobody can ask."""
    settings = hub.context.settings.model_copy(update={"join_requests": 0})
    object.__setattr__(hub.context, "settings", settings)
    _, answer = post(hub, request(hub))
    assert (answer["code"], answer["detail"]) == ("AMANA-JOIN-004", "this hub takes none")


def test_the_request_is_json_without_surprises(hub: Desk) -> None:
    """A duplicate member in the signed bytes is refused, though the signature holds."""
    key = generate()
    data = envelope.frame(request(hub, key)).data
    twice = data[:-1] + b',"system":"OTHER"}'
    _, answer = post(hub, envelope.seal(twice, key))
    assert (answer["code"], jsontext.parse(data)["system"]) == ("AMANA-JOIN-001", "NEWHR")
