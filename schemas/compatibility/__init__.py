"""Whether a new version of a schema may follow the older ones: `check`. Pure; nothing is fetched, nothing is stored."""

from schemas.compatibility.budget import Allowance
from schemas.compatibility.check import check
from schemas.compatibility.verdict import (
    Difference,
    Level,
    Policy,
    SchemaText,
    UnusableSchema,
    Verdict,
)

__all__ = ["Allowance", "Difference", "Level", "Policy", "SchemaText", "UnusableSchema", "Verdict", "check"]
