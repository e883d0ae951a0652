"""Commands that decide on dead letters and unproven deliveries: which change they sign, and when they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.main import invoke
from hub.control.client import Refused
from hub.delivery.receipts import ORDERED, SUBSCRIPTION, letter_id
from hub.ports import Append, Write
from hub.records import ID, INSTITUTION, REQUEST, SYSTEM, TIME, Record
from hub.topics import outbox
from signing import jsontext
from signing.keys import generate
from tests.unit.api.desk import Desk
from tests.unit.api.test_reads import message

SENT = "ab" * 32
INBOX_LETTER = "cd" * 32


def stuck(desk: Desk, state: str, attempts: int = 8) -> None:
    """A delivery in that state, its message in the outbox, its dead letter; and a dead letter of translate."""
    headers = {ID: SENT, SYSTEM: "PAY", INSTITUTION: "KEM", REQUEST: SENT[:32], TIME: "5"}
    record = Record(b"key", headers | {SUBSCRIPTION: "PAY.X", ORDERED: "1"}, b"sealed")
    topic = outbox("PAY")
    desk.run(desk.log.ensure({topic: 1}))
    desk.run(desk.log.append([Append(topic, 0, [record])]))
    row: dict[str, Any] = {
        "id": SENT,
        "subscription": "PAY.X",
        "system": "PAY",
        "key": record.key.hex(),
        "request_id": SENT[:32],
        "secret_id": SENT,
    }
    row |= {"state": state, "attempts": attempts, "topic": topic, "partition": 0, "offset": 0, "updated": 5, "since": 5}
    desk.write(
        Write("delivery", [row]),
        Write("message", [message("ab" * 32, 5, kind="out", state=state, request_id=SENT[:32])]),
        Write("dead_letter", [letter(letter_id(SENT, attempts), "deliver", "AMANA-OUT-003", SENT, "exhausted")]),
        Write("dead_letter", [letter(INBOX_LETTER, "translate", "AMANA-TRANS-001", "ef" * 32, "no-such:unit")]),
    )


def letter(id_: str, stage: str, code: str, parent: str, reason: str) -> dict[str, Any]:
    place = {"topic": "deadletters", "partition": 0, "offset": 0, "row": None, "state": "open", "at": 5}
    group = f"{stage}:{code}:PAY:{reason}"
    return {"id": id_, "stage": stage, "code": code, "group": group, "detail": reason, "parent": parent, **place}


def run(desk: Desk, *words: str) -> tuple[int, str]:
    return invoke([*words, "--reason", "looked into", "--data", str(desk.data), "--json"])


def decided(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Kind and result of every accepted decision."""
    directory = desk.follower.directory
    found = [directory.outcome(n) for n in range(directory.position + 1)]
    return [(o.kind, o.result) for o in found if o.accepted and "decided" in o.result]


@pytest.mark.parametrize(
    ("words", "state", "verdict"),
    [
        (["dead-letter", "retry", letter_id(SENT, 8)[:12]], "dead", "retry"),
        (["dead-letter", "skip", letter_id(SENT, 8)], "dead", "skip"),
        (["dead-letter", "discard", letter_id(SENT, 8)], "dead", "discard"),
        (["message", "confirm", SENT[:32]], "unproven", "confirm"),
        (["message", "retry", SENT[:12]], "unproven", "retry"),
        (["message", "discard", SENT], "unproven", "discard"),
    ],
)
def test_a_decision_is_signed_for_the_delivery_as_it_stands(
    desk: Desk, words: list[str], state: str, verdict: str
) -> None:
    """The change names the message; the hub adds the attempt that it ended with, and decides on it once."""
    stuck(desk, state)
    status, text = run(desk, *words)
    assert (status, decided(desk)) == (
        0,
        [(f"delivery.{verdict}", {"deadLetter": letter_id(SENT, 8), "decided": verdict})],
    ), text
    status, text = run(desk, *words)
    assert (status, "AMANA-CHANGE-003" in text) == (1, True)
    settled = desk.follower.directory.now().settlement(letter_id(SENT, 8))
    assert settled is not None
    assert settled.delivery is not None
    assert (settled.delivery.attempts, settled.delivery.headers[SUBSCRIPTION]) == (8, "PAY.X")


@pytest.mark.parametrize(
    ("words", "state", "says"),
    [
        (["message", "confirm", SENT], "dead", "confirm is for one that is unproven"),
        (["dead-letter", "skip", letter_id(SENT, 8)], "unproven", "skip is for one that is dead"),
        (["dead-letter", "retry", letter_id(SENT, 8)], "due", "the delivery is due"),
        (["dead-letter", "retry", INBOX_LETTER], "dead", "that is a replay, which this version has not"),
        (["dead-letter", "skip", INBOX_LETTER], "dead", "nothing waits behind a dead letter of translate"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused_in_words(desk: Desk, words: list[str], state: str, says: str) -> None:
    """The text says how it stands and what the decision is for; nothing is recorded."""
    stuck(desk, state)
    status, text = run(desk, *words)
    assert (status, says in text, decided(desk)) == (1, True, []), text


def test_a_message_that_came_in_is_not_decided_on(desk: Desk) -> None:
    """Only what goes out is confirmed."""
    desk.write(Write("message", [message("ab12ef", 1)]))
    status, text = run(desk, "message", "confirm", "ab12ef")
    assert (status, "that message came in" in text) == (2, True)


def test_a_dead_letter_before_delivery_is_discarded(desk: Desk) -> None:
    """By its own id, once."""
    stuck(desk, "dead")
    assert run(desk, "dead-letter", "discard", INBOX_LETTER[:16])[0] == 0
    assert decided(desk) == [("dead-letter.discard", {"deadLetter": INBOX_LETTER, "decided": "discard"})]
    assert run(desk, "dead-letter", "discard", INBOX_LETTER)[0] == 1


def test_a_dead_letter_of_a_delivery_is_not_discarded_apart_from_it(desk: Desk) -> None:
    """Its key would stay parked for ever."""
    stuck(desk, "dead")
    with desk.client() as client, pytest.raises(Refused, match="decide on the delivery"):
        client.change("dead-letter.discard", {"id": letter_id(SENT, 8), "reason": "x"})


def test_a_stranger_learns_nothing_of_a_delivery(desk: Desk) -> None:
    """Whoever may not decide gets the refusal of the signature, whether there is such a delivery or not."""
    stuck(desk, "due")
    payroll = desk.add_operator("pay", "Person Two", "payroll")
    codes = []
    for key in (generate(), payroll):
        for name in (SENT, "00" * 32):
            with desk.client(key) as client, pytest.raises(Refused) as refused:
                client.change("delivery.retry", {"id": name, "reason": "x"})
            codes.append(refused.value.code)
    assert codes == ["AMANA-OPER-001", "AMANA-OPER-001", "AMANA-OPER-004", "AMANA-OPER-004"]


def test_dead_letters_are_counted_by_cause(desk: Desk) -> None:
    """One line for each stage, code, system and reason, the largest first; a reason may hold the separator."""
    stuck(desk, "dead")
    more = [letter(f"{n:064x}", "translate", "AMANA-TRANS-001", "ef" * 32, "no-such:unit") for n in range(2)]
    desk.write(Write("dead_letter", more))
    status, text = invoke(["dead-letter", "groups", "--data", str(desk.data), "--json"])
    assert status == 0
    rows = jsontext.parse(text.encode())["items"]
    assert [(g["count"], g["stage"], g["code"], g["system"], g["reason"]) for g in rows] == [
        (3, "translate", "AMANA-TRANS-001", "PAY", "no-such:unit"),
        (1, "deliver", "AMANA-OUT-003", "PAY", "exhausted"),
    ]
