"""What one stable code is made of. Rule: the texts are for people and carry nothing of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fault = Literal["sender", "receiver", "hub", "operator", "network"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a stable code means: HTTP status where it answers a request, whose fault, and the three texts."""

    status: int
    fault: Fault
    happened: str
    expected: str
    remedy: str
