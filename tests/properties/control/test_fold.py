"""The directory is a function of the control log, and of nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hub.control.directory import Directory, Outcome
from hub.control.view import View
from tests.properties.control.changes import control_logs


def folded(bodies: list[bytes]) -> tuple[Directory, list[Outcome]]:
    directory = Directory()
    return directory, [directory.apply(n, body, f"{n:064x}") for n, body in enumerate(bodies)]


def snapshot(view: View) -> dict[str, Any]:
    """Everything that a view answers."""
    names = ("A", "B", "C")
    return {
        "institutions": view.institutions(),
        "units": view.units(),
        "joins": view.joins(),
        "systems": view.systems(),
        "apis": view.apis(),
        "grants": view.grants(),
        "subscriptions": view.all_subscriptions(),
        "devices": view.devices(),
        "operators": view.operators(),
        "runs": view.runs(),
        "erasures": view.erasures(),
        "settlements": [view.settlement(digit * 64) for digit in "01"],
        "hub": view.hub_keys(),
        "clients": [view.system_by_client(name) for name in names],
        "serials": [view.device(name) for name in names],
        "topics": [view.subscriptions(name) for name in names],
        "granted": [view.granted(system, code) for system in names for code in names],
        "rings": [[window for system in view.systems() for window in system.key_ring.windows]],
        "position": view.position,
    }


@settings(deadline=None)
@given(control_logs())
def test_replaying_gives_the_same_directory(bodies: list[bytes]) -> None:
    """Two folds of one log agree on every outcome and every answer."""
    one, outcomes = folded(bodies)
    two, again = folded(bodies)
    event(f"accepted {sum(o.accepted for o in outcomes) // 5 * 5}+")
    assert again == outcomes
    assert snapshot(two.now()) == snapshot(one.now())


@settings(deadline=None)
@given(control_logs(), st.data())
def test_a_pause_anywhere_changes_nothing(bodies: list[bytes], data: st.DataObject) -> None:
    """However the log is cut into batches, and whatever is asked or judged in between, the directory is the same."""
    straight, outcomes = folded(bodies)
    directory, found = Directory(), []
    for n, body in enumerate(bodies):
        if data.draw(st.booleans()):
            snapshot(directory.now())
            directory.judge(data.draw(st.sampled_from(bodies)))
        found.append(directory.apply(n, body, f"{n:064x}"))
    assert found == outcomes
    assert snapshot(directory.now()) == snapshot(straight.now())


@settings(deadline=None)
@given(control_logs(), st.data())
def test_the_view_of_a_position_is_a_directory_folded_only_that_far(bodies: list[bytes], data: st.DataObject) -> None:
    """`at(position)` of the whole fold equals a fold that stopped there, listings and indexes alike."""
    whole, _ = folded(bodies)
    position = data.draw(st.integers(0, len(bodies) - 1))
    partial, _ = folded(bodies[: position + 1])
    assert snapshot(whole.at(position)) == snapshot(partial.now())


@settings(deadline=None)
@given(control_logs())
def test_refused_changes_have_no_effect(bodies: list[bytes]) -> None:
    """The directory of a log is that of its accepted changes, with the others' places left empty."""
    whole, outcomes = folded(bodies)
    kept = Directory()
    for n, (body, outcome) in enumerate(zip(bodies, outcomes, strict=True)):
        kept.apply(n, body if outcome.accepted and not outcome.repeated else b"", f"{n:064x}")
    assert snapshot(kept.now()) == snapshot(whole.now())
    assert [o.touched for o in outcomes if not o.accepted or o.repeated] == [
        () for o in outcomes if not o.accepted or o.repeated
    ]
