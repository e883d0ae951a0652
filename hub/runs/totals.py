"""Counts, sums and the digest of a run: what payroll and the approver hold the signals against.

Rule: a function of the signals alone. The digest covers their canonical bytes, one a line, sorted by signal id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from hub.runs.allowance import digits
from signing.jsontext import canonical


def signals_digest(signals: Iterable[Mapping[str, Any]]) -> str:
    """`sha256:<hex>` over the canonical signals, each followed by a line feed, sorted by signal id."""
    digest = hashlib.sha256()
    for signal in sorted(signals, key=lambda s: s["signalId"]):
        digest.update(canonical(signal))
        digest.update(b"\n")
    return f"sha256:{digest.hexdigest()}"


def count(signals: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many employees, and how many of their signals are ready and held."""
    statuses = [signal["status"] for signal in signals]
    return {"employees": len(statuses), "ready": statuses.count("ready"), "held": statuses.count("held")}


def add_up(signals: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Sums of gross, cut and net over the ready signals, each already rounded."""
    sums = {"gross": Decimal(0), "cut": Decimal(0), "net": Decimal(0)}
    for signal in signals:
        if signal["status"] == "ready":
            for name in sums:
                sums[name] += Decimal(signal[name])
    return {name: digits(total) for name, total in sums.items()}
