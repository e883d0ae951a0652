"""What the demo says at its end: a table for people, a JSON file for programs, and every equality that did not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signing import jsontext


@dataclass(slots=True)
class Report:
    """The outcome of a demo; members as `--report` writes them."""

    control_totals: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    admitted: int = 0
    duplicates: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    signals: dict[str, int] = field(default_factory=dict)
    delivered: int = 0
    seconds: float = 0.0
    checks: list[tuple[str, Any, Any]] = field(default_factory=list)

    def check(self, what: str, expected: Any, actual: Any) -> None:
        """Note an equality that must hold."""
        self.checks.append((what, expected, actual))

    @property
    def differences(self) -> list[tuple[str, Any, Any]]:
        return [row for row in self.checks if row[1] != row[2]]

    @property
    def reconciled(self) -> bool:
        return bool(self.checks) and not self.differences

    def values(self) -> dict[str, Any]:
        """The document of `--report`. `seconds` is text-free and rounded: a measurement, not a total."""
        return {
            "reconciled": self.reconciled,
            "control_totals": self.control_totals,
            "sent": self.sent,
            "admitted": self.admitted,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "records": self.records,
            "signals": self.signals,
            "delivered": self.delivered,
            "seconds": round(self.seconds, 1),
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jsontext.render(self.values()) + b"\n")

    def rows(self) -> Iterable[tuple[str, str]]:
        """The closing table, line by line."""
        yield "messages sent", _count(self.sent)
        yield "  admitted", _count(self.admitted)
        yield "  duplicates, told and not taken twice", _count(self.duplicates)
        for code, count in sorted(self.refused.items()):
            yield f"  refused {code}", _count(count)
        for contract, count in sorted(self.records.items()):
            yield f"records {contract}", _count(count)
        yield "pay signals ready", _count(self.signals.get("ready", 0))
        yield "pay signals held", _count(self.signals.get("held", 0))
        for name in ("gross", "cut", "net"):
            yield f"control total {name}", _count(int(self.control_totals.get(name, "0")))
        yield "deliveries confirmed", _count(self.delivered)
        yield "equalities checked", _count(len(self.checks))


def _count(number: int) -> str:
    return f"{number:,}"
