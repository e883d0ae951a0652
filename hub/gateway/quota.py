"""Bounds on what strangers and broken senders may cost: failed log-ins per address, refused bytes per system.

Rule: every table here is bounded, so nobody can fill the memory by inventing addresses; only failures are throttled,
never a correct request from a shared address.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hub.records import Ms

MINUTE: Final = 60_000
HOUR: Final = 3_600_000


class Budget:
    """An amount per name and span of time: failures per address and minute, bytes per system and hour.

    Fixed spans, so that one number per name is kept; past `names` names the one that was used longest ago is dropped.
    """

    __slots__ = ("_limit", "_names", "_span", "_spent")

    def __init__(self, limit: int, span: int, *, names: int = 10_000) -> None:
        self._limit = limit
        self._span = span
        self._names = names
        self._spent: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def spend(self, name: str, amount: int, now: Ms) -> bool:
        """Take `amount`; False, and nothing taken, when the span's limit would be passed."""
        span = now // self._span
        last, spent = self._spent.get(name, (span, 0))
        if last != span:
            spent = 0
        if spent + amount > self._limit:
            return False
        self._spent[name] = (span, spent + amount)
        self._spent.move_to_end(name)
        if len(self._spent) > self._names:
            self._spent.popitem(last=False)
        return True

    def seconds_left(self, now: Ms) -> int:
        """Until the next span begins; at least 1."""
        return max(1, -(-(self._span - now % self._span) // 1000))
