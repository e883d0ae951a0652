"""Maximum matching between the branches of two combined schemas (Kuhn's augmenting paths).

Rule: branches match one to one; who matches whom is chosen so that as many as possible do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def largest_matching(edges: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """A largest set of pairs (left, right) such that none stands in two of them. `edges`: what each left may take."""
    taken: dict[int, int] = {}
    for left in edges:
        _augment(left, edges, taken)
    return {left: right for right, left in taken.items()}


def _augment(start: int, edges: Mapping[int, Sequence[int]], taken: dict[int, int]) -> bool:
    """Finds a place for `start`, moving others along; breadth first, so that no long chain exhausts the stack."""
    came_from: dict[int, int] = {}
    waiting = [start]
    for left in waiting:
        for right in edges[left]:
            if right in came_from:
                continue
            came_from[right] = left
            if right not in taken:
                _shift(right, start, came_from, taken)
                return True
            waiting.append(taken[right])
    return False


def _shift(right: int, start: int, came_from: Mapping[int, int], taken: dict[int, int]) -> None:
    while True:
        left = came_from[right]
        before = next((r for r, owner in taken.items() if owner == left), None)
        taken[right] = left
        if left == start or before is None:
            return
        right = before
