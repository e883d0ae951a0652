"""What it costs to check one record of some 400 bytes: its contract, and a rule of it.

The value is parsed already, as it is at the gateway. The limit is the contract's compiled validator by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

from schemas.contracts import CONTRACTS, Checker, checker
from schemas.datarules.expressions import Condition
from signing.jsontext import render

ROUND: Final = 2_000
EXPRESSION: Final = "message.institution != '' && message.workingDays.all(d, d.startsWith(message.period))"
RECORD: Final[dict[str, Any]] = {
    "institution": "KEM",
    "unit": None,
    "period": "2026-10",
    "zone": "Asia/Jakarta",
    "workingDays": [f"2026-10-{day:02}" for day in range(1, 23)],
    "ceremonies": [],
}


def run(seconds: float) -> list[dict[str, Any]]:
    """Microseconds of processor time for each record, by the median of rounds that alternate."""
    size = len(render(RECORD))
    whole, bare = checker("calendar"), Checker(CONTRACTS["calendar"].schema)
    condition = Condition(EXPRESSION)
    assert whole.ok(RECORD)
    assert condition.holds(RECORD)
    work: list[Callable[[Any], Any]] = [whole.ok, bare.ok, condition.holds]
    taken: list[list[float]] = [[], [], []]
    end = time.monotonic() + seconds
    while time.monotonic() < end or not taken[0]:
        for times, call in zip(taken, work, strict=True):
            began = time.process_time()
            for _ in range(ROUND):
                call(RECORD)
            times.append((time.process_time() - began) / ROUND * 1e6)
    contract, limit, rule = (median(times) for times in taken)
    return [
        {
            "name": "contracts.validate",
            "value": round(contract, 2),
            "unit": "us",
            "limit": round(limit, 2),
            "limit_name": "the compiled validator alone",
            "ratio": round(limit / contract, 3),
            "better": "less",
            "floor": 10,
            "aim": 10,
            "bytes": size,
        },
        {
            "name": "contracts.rule",
            "value": round(rule, 2),
            "unit": "us",
            "limit": round(limit, 2),
            "limit_name": "the compiled validator alone",
            "ratio": round(limit / rule, 3),
            "better": "less",
            "bytes": size,
        },
    ]
