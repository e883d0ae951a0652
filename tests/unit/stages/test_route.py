"""Outgoing codes: what the state of a contract's version does before anything is rendered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import BadMessage
from hub.stages.route import ApprovedRun, outgoing
from tests.unit.gateway.test_assurance import with_code

PINNED = "wire:generic_json.calendar:1"


def render_under(*states: dict[str, str], **options: str) -> None:
    """What an approved run makes for a subscriber, after these decisions on the contract.."""
    house = with_code("GATE", "zkteco_adms", "attlog", None)
    house.change("api.add", {"code": "OUT", "adapter": "generic_json", "exchange": "calendar", "direction": "out"})
    house.change("subscription.add", {"system": "HR", "code": "OUT", "options": options})
    for state in states:
        house.change("contract.state", {"contract": PINNED, "reason": "x"} | state)
    view = house.directory.now()
    subscription = view.subscription("HR.OUT")
    assert subscription is not None
    adapters: Any = {"generic_json": _Adapter()}
    approved = ApprovedRun("ab" * 32, "R", "KEM", "2026-10", 0, "s", b"s" * 32, {}, [])
    assert outgoing(approved, subscription, view, adapters, b"k" * 32, lambda: "control/0/0/0") == []


class _Adapter:
    manifest = SimpleNamespace(exchanges=())

    def render(self, *_: object) -> list[object]:
        return []

    def wire_checker(self, _: str) -> _Adapter:
        return self

    def ok(self, _: object) -> bool:
        return True


def test_a_run_goes_out_under_what_is_active_or_deprecated() -> None:
    """What nobody decided on, and what ends later; a draft goes to subscriptions on trial."""
    render_under()
    render_under({"state": "deprecated", "until": "2099-12-31"})
    render_under({"state": "draft"}, trial="yes")


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([{"state": "draft"}], "AMANA-CONTRACT-003"),
        ([{"state": "draft"}, {"state": "retired"}], "AMANA-CONTRACT-002"),
    ],
)
def test_nothing_goes_out_under_a_draft_or_what_is_retired(states: list[dict[str, str]], code: str) -> None:
    """The run's message for that subscriber is a dead letter with the code; nothing was rendered."""
    with pytest.raises(BadMessage, match=code):
        render_under(*states)
