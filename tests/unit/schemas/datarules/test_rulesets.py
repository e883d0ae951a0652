"""Rule sets: their shape, which rules run here, and the actions."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.datarules import find_broken, read_rule_set
from schemas.errors import SchemaError


def rule(**members: Any) -> dict[str, Any]:
    base = {"name": "positive", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "message.amount > 0"}
    return base | members


def rules(*found: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"domainRules": list(found)} | members


WRONG = [
    [],
    {"rules": []},
    rules(enableAt="HERE"),
    {"domainRules": {}},
    rules(rule(name="1st")),
    rules(rule(name="a" * 257)),
    rules(rule(), rule()),
    rules(rule(), migrationRules=[rule(mode="UPGRADE")]),
    rules(rule(kind="RULE")),
    rules(rule(mode="UPGRADE")),
    {"migrationRules": [rule(mode="WRITE")]},
    rules(rule(onFailure="STOP")),
    rules(rule(onFailure="NONE,ERROR")),
    rules(rule(mode="WRITEREAD", onFailure="NONE,ERROR,DLQ")),
    rules(rule(expr="message.amount >")),
    rules(rule(expr=None)),
    rules(rule(disabled=True, expr="message.amount >")),
    rules(rule(params={"a": 1})),
    rules(rule(tags="pii")),
    rules(rule(when="always")),
    rules(*[rule(name=f"r{i}") for i in range(101)]),
]


@pytest.mark.parametrize("raw", WRONG)
def test_a_wrong_rule_set_is_refused(raw: Any) -> None:
    """The registry learns before it stores anything."""
    with pytest.raises(SchemaError) as refused:
        read_rule_set(raw)
    assert refused.value.kind == "rule"


def test_what_does_not_run_here_says_why() -> None:
    """Rules for clients, of other types, or that change records are kept and named, not run."""
    found = read_rule_set(
        rules(
            rule(name="runs"),
            rule(name="off", disabled=True),
            rule(name="change", kind="TRANSFORM", expr="message"),
            rule(name="other", type="JSONATA", expr="amount > 0"),
            encodingRules=[rule(name="secret", type="ENCRYPT", kind="TRANSFORM", tags=["PII"])],
            migrationRules=[rule(name="up", mode="UPGRADE", type="JSONATA", kind="TRANSFORM")],
        )
    )
    assert [one.name for one in found.rules] == ["runs"]
    assert [one.name for one in found.idle] == ["up", "off", "change", "other", "secret"]
    assert all(one.why for one in found.idle)
    assert read_rule_set(rules(rule(), enableAt="CLIENT")).rules == ()


@pytest.mark.parametrize(
    ("given", "side", "amount", "action"),
    [
        ({}, "WRITE", 0, "ERROR"),
        ({}, "WRITE", 1, None),
        ({}, "READ", 0, None),
        ({"onFailure": "DLQ"}, "WRITE", 0, "DLQ"),
        ({"onFailure": "NONE"}, "WRITE", 0, None),
        ({"onSuccess": "DLQ", "onFailure": "NONE"}, "WRITE", 1, "DLQ"),
        ({"mode": "WRITEREAD", "onFailure": "ERROR,DLQ"}, "WRITE", 0, "ERROR"),
        ({"mode": "WRITEREAD", "onFailure": "ERROR,DLQ"}, "READ", 0, "DLQ"),
        ({"mode": "READ"}, "READ", 0, "ERROR"),
    ],
)
def test_actions(given: dict[str, Any], side: Any, amount: int, action: str | None) -> None:
    """Each side has its action; without one, failing is an error and holding is nothing."""
    broken = find_broken(read_rule_set(rules(rule(**given))), side, {"amount": amount})
    assert (broken.action if broken else None) == action


def test_a_broken_rule_is_told_by_its_doc() -> None:
    """Who is refused reads what the rule's author wrote."""
    broken = find_broken(read_rule_set(rules(rule(doc="Amounts are above zero"))), "WRITE", {"amount": 0})
    assert broken is not None
    assert broken.text == "positive: Amounts are above zero"
