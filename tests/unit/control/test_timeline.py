"""Values with a past."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.control.timeline import History


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.integers()), max_size=30))
def test_the_past_is_the_present_of_then(steps: list[tuple[int, str, int]]) -> None:
    """For every position, the table as of it equals a plain dictionary filled up to it."""
    history: History[str, int] = History()
    plain: dict[str, int] = {}
    position, snapshots = 0, {-1: dict(plain)}
    for gap, key, value in steps:
        position += gap
        history.put(position, key, value)
        plain[key] = value
        snapshots[position] = dict(plain)
    assert dict(history.now()) == plain
    assert {at: dict(history.at(at)) for at in snapshots} == snapshots
    assert {at: len(history.at(at)) for at in snapshots} == {at: len(kept) for at, kept in snapshots.items()}
