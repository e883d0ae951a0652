"""The table of message states: complete, honest, and drawn as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.delivery.states import (
    BLOCKING,
    CALLABLE,
    FINAL,
    STARTS,
    TRANSITIONS,
    Event,
    ImpossibleTransition,
    State,
    advance,
    mermaid,
)

PAGE = Path(__file__).parents[3] / "docs" / "message-states.md"


def test_the_page_shows_the_table() -> None:
    """The diagram in the documentation is the one that the table prints."""
    text = PAGE.read_text()
    drawn = text.partition("```mermaid\n")[2].partition("```")[0]
    assert drawn == mermaid()


def test_every_state_can_be_reached() -> None:
    """No state stands in the table that no message can get into."""
    reached = set(STARTS)
    while True:
        more = {target for (source, _), target in TRANSITIONS.items() if source in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(State)


def test_nothing_leaves_a_final_state() -> None:
    """Confirmed, skipped, discarded and erased are ends; a dead letter is not, for an operator decides on it."""
    assert {State.CONFIRMED, State.SKIPPED, State.DISCARDED, State.ERASED} == FINAL
    assert FINAL.isdisjoint(BLOCKING)
    assert CALLABLE <= BLOCKING


def test_what_the_table_does_not_have_is_a_defect() -> None:
    """A confirmed message takes no further answer."""
    with pytest.raises(ImpossibleTransition):
        advance(State.CONFIRMED, Event.NO_ANSWER)


def test_every_event_is_in_the_table() -> None:
    """An event that moves nothing would be a dead word."""
    assert {event for _, event in TRANSITIONS} == set(Event)
