"""Who breaks: an engineer asks before a release, operators waive, and the directory holds everybody to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import invoke
from hub.contracts.breaking import digest_schema
from hub.control.client import Refused
from hub.delivery.deliver import BODY
from hub.ports import Append, Write
from hub.records import CODE, ID, INSTITUTION, SECRET, SYSTEM, Record
from hub.registry.codes import Refused as NotTaken
from hub.registry.parts import check_rules
from schemas.datarules import MASK
from signing.jsontext import render
from signing.sealing import BodyKey
from tests.simulator.contracting import SCHEMA, SUBJECT, register
from tests.unit.api.desk import Desk

NARROWER = SCHEMA | {"properties": SCHEMA["properties"] | {"nomor": {"type": "integer", "maximum": 9}}}
WIDER = SCHEMA | {"properties": SCHEMA["properties"] | {"lampiran": {"type": "string"}}}
CHECK = "/api/v1/contracts/check"


def text(schema: Any) -> str:
    return render(schema).decode()


def message(desk: Desk, name: str, contract: str, system: str, *, kind: str = "inbox", days_ago: int = 1) -> Write:
    at = desk.clock.now() - days_ago * 86_400_000
    row = {
        "id": name * 32,
        "kind": kind,
        "system": system,
        "institution": "KEM",
        "code": "SURAT",
        "state": "relayed",
        "request_id": name * 16,
        "version": 1,
        "topic": "inbox.relay",
        "partition": 0,
        "offset": 0,
        "time": at,
        "updated": at,
        "detail": "",
        "parent": "",
        "contract": contract,
    }
    return Write("message", [row])


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A subject with one version, a code that has it, and three systems that used it or something else lately."""
    desk.run(register(desk.context.registry, desk.clock.now()))
    pinned = f"subject:{SUBJECT}:1"
    desk.write(
        message(desk, "aa", pinned, "SENDER"),
        message(desk, "bb", pinned, "SENDER"),
        message(desk, "cc", pinned, "READER", kind="out"),
        message(desk, "dd", pinned, "OLD", days_ago=100),
        message(desk, "ee", "employee:1", "OTHER"),
    )
    with desk.client() as client:
        client.change("api.add", {"code": "SURAT", "direction": "relay", "contract": pinned})
    return desk


def ask(desk: Desk, wanted: Any, **more: Any) -> dict[str, Any]:
    with desk.client() as client:
        return client.ask(CHECK, {"subject": SUBJECT, "schema": text(wanted), "days": 30} | more)


def test_a_breaking_schema_names_who_it_breaks(used: Desk) -> None:
    """Each difference with a hint, and the systems that sent or received the version lately, not the others."""
    found = ask(used, NARROWER)
    assert not found["compatible"]
    assert found["breaks"] == [f"subject:{SUBJECT}:1"]
    assert [(d["version"], d["path"], d["breaks"]) for d in found["differences"] if d["breaks"]] == [
        (1, "#/properties/nomor/maximum", "writers")
    ]
    assert all(d["hint"] for d in found["differences"] if d["breaks"])
    assert [(u["system"], u["role"], u["messages"]) for u in found["affected"]] == [
        ("READER", "received", 1),
        ("SENDER", "sent", 2),
    ]
    assert [u["system"] for u in ask(used, NARROWER, days=365)["affected"]] == ["OLD", "READER", "SENDER"]


def test_a_compatible_schema_breaks_nobody(used: Desk) -> None:
    """It may be registered; nobody is named."""
    found = ask(used, WIDER)
    assert (found["compatible"], found["breaks"], found["affected"]) == (True, [], [])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schema": "{"}, "AMANA-CONTRACT-005"),
        ({"schema": '{"type": 7}'}, "AMANA-CONTRACT-005"),
        ({"subject": "nobody-value"}, "AMANA-CONTRACT-005"),
        ({"days": 0}, "AMANA-HTTP-004"),
        ({"days": True}, "AMANA-HTTP-004"),
        ({"extra": 1}, "AMANA-HTTP-004"),
    ],
)
def test_questions_that_cannot_be_answered(used: Desk, more: dict[str, Any], code: str) -> None:
    """No schema, no subject, no days: said so."""
    with pytest.raises(Refused) as refused:
        ask(used, WIDER, **more)
    assert refused.value.code == code


def test_a_code_moves_to_a_breaking_version_only_with_a_waiver(used: Desk) -> None:
    """Refused with what breaks; opened by one, signed by another person, it takes effect."""
    second = used.add_operator("second", "Person Two")
    new = "nota-value"
    used.run(register(used.context.registry, used.clock.now(), NARROWER, subject=new))
    change = {"code": "SURAT", "contract": f"subject:{new}:1"}
    digest = digest_schema(text(NARROWER))
    with used.client() as client, used.client(second) as other:
        with pytest.raises(Refused) as refused:
            client.change("api.contract", change)
        assert refused.value.code == "AMANA-CONTRACT-004"
        assert "#/properties/nomor/maximum" in refused.value.detail
        asked = {"subject": new, "digest": digest, "until": "2099-01-01", "reason": "agreed with all three"}
        with pytest.raises(Refused):
            client.change("waiver.open", asked)
        asked["until"] = datetime.fromtimestamp(used.clock.now() / 1000 + 30 * 86_400, UTC).date().isoformat()
        waiver = client.change("waiver.open", asked)["result"]["waiver"]
        with pytest.raises(Refused):
            client.change("api.contract", change)
        other.change("waiver.sign", {"waiver": waiver, "digest": digest})
        assert client.change("api.contract", change)["result"]["contract"] == f"subject:{new}:1"
        [listed] = client.get("/api/v1/waivers")["items"]
        assert (listed["openedBy"], listed["signedBy"]) == ("Person One", "Person Two")


def test_a_code_moves_to_a_compatible_version_at_once(used: Desk) -> None:
    """Nobody breaks, so nobody is asked."""
    used.run(register(used.context.registry, used.clock.now(), WIDER))
    with used.client() as client:
        answer = client.change("api.contract", {"code": "SURAT", "contract": f"subject:{SUBJECT}:2"})
        assert answer["result"]["contract"] == f"subject:{SUBJECT}:2"
        with pytest.raises(Refused) as unknown:
            client.change("api.contract", {"code": "SURAT", "contract": f"subject:{SUBJECT}:9"})
    assert unknown.value.code == "AMANA-CHANGE-002"


def test_states_say_who_uses_a_version(used: Desk) -> None:
    """An operator who is about to end a version sees its codes and its users."""
    with used.client() as client:
        [row] = client.get("/api/v1/contract-states")["items"]
    assert (row["contract"], row["state"], row["codes"]) == (f"subject:{SUBJECT}:1", "active", ["SURAT"])
    assert {use["system"] for use in row["used"]} == {"SENDER", "READER"}


def test_a_subject_that_a_code_names_breaks_nobody_without_a_waiver(used: Desk) -> None:
    """Neither force nor a level of NONE lets its owner break those who use it; a waiver does, for that schema alone."""
    second = used.add_operator("second", "Person Two")
    registry, now = used.context.registry, used.clock.now()
    with pytest.raises(NotTaken) as refused:
        used.run(register(registry, now, NARROWER, force=True))
    assert refused.value.code == 40901
    used.run(register(registry, now, SCHEMA | {"type": "string"}, subject="free-value"))
    used.run(register(registry, now, SCHEMA, subject="free-value", force=True))
    digest = digest_schema(text(NARROWER))
    until = datetime.fromtimestamp(now / 1000 + 30 * 86_400, UTC).date().isoformat()
    with used.client() as client, used.client(second) as other:
        args = {"subject": SUBJECT, "digest": digest, "until": until, "reason": "agreed"}
        waiver = client.change("waiver.open", args)["result"]["waiver"]
        other.change("waiver.sign", {"waiver": waiver, "digest": digest})
        used.run(register(registry, now, NARROWER))
    assert [row.number for row in registry.registry.versions(SUBJECT)] == [1, 2]


def test_a_wrong_rule_is_refused_when_it_is_registered(used: Desk) -> None:
    """42210, with the rule's name and what is wrong."""
    rules = {"domainRules": [{"name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "message >"}]}
    with pytest.raises(NotTaken) as refused:
        check_rules(rules)
    assert refused.value.code == 42210
    assert "r: " in refused.value.message


def test_the_command_says_who_breaks_and_fails_the_build(used: Desk, tmp_path: Path) -> None:
    """An engineer's build asks before the release: status 1 and names for what breaks, 0 for what does not."""
    (tmp_path / "narrow.json").write_text(text(NARROWER))
    (tmp_path / "wide.json").write_text(text(WIDER))
    common = ("--subject", SUBJECT, "--data", str(used.data))
    status, said = invoke(["contract", "check", str(tmp_path / "narrow.json"), *common])
    assert status == 1
    assert "#/properties/nomor/maximum" in said
    assert "KEM  SENDER  sent 2 under" in said
    status, said = invoke(["contract", "check", str(tmp_path / "wide.json"), *common])
    assert status == 0
    assert "compatible" in said


def test_a_look_at_a_body_is_recorded(used: Desk) -> None:
    """Masked or not: who, which message and how, before the answer leaves; a look that finds nothing is none."""
    secret, name = b"s" * 32, "ab" * 32
    used.run(used.log.put({name: secret}))
    headers = {ID: name, SECRET: name, SYSTEM: "READER", INSTITUTION: "KEM", CODE: "SURAT"}
    used.run(used.log.ensure({"outbox.READER": 1}))
    sealed = BodyKey(secret, BODY).seal(name, b'{"nomor":1,"perihal":"Undangan"}')
    used.run(used.log.append([Append("outbox.READER", 0, [Record(b"key", headers, sealed)])]))
    [row] = message(used, "ab", f"subject:{SUBJECT}:1", "READER", kind="out").rows
    used.write(Write("message", [dict(row) | {"topic": "outbox.READER"}]))
    with used.client() as client:
        masked = client.get(f"/api/v1/messages/{name}/body")
        full = client.get(f"/api/v1/messages/{name}/body?full=true")
        with pytest.raises(Refused):
            client.get("/api/v1/messages/ffffffffffff/body")
    assert masked["body"] == {"nomor": MASK, "perihal": MASK}
    assert full["body"] == {"nomor": 1, "perihal": "Undangan"}
    looks = [(one["what"], one["of"]) for one in used.audited()]
    assert looks == [("message.body.masked", name), ("message.body", name)]
