"""How the log asks a broker."""

from __future__ import annotations

import pytest

from hub.kafka.client import _Fetch


@pytest.mark.parametrize(("spoken", "asked"), [((4, 18), 10), ((4, 7), 7)])
def test_only_leaders_answer_a_fetch(spoken: tuple[int, int], asked: int) -> None:
    """Never a version that a follower answers with what it has so far, however new the broker."""
    request = _Fetch(0, 1, 1, 0, [("t", [(0, 0, 1)])])
    assert asked == request.prepare({1: spoken}).API_VERSION
