"""How long the searching tests search: a short seeded form always, the long form with `AMANA_TEST_SOAK=1`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

FACTOR: Final = 25
"""How many times the short form the long one is."""


def soaking(environment: Mapping[str, str]) -> bool:
    """Whether the long form is asked for."""
    return environment.get("AMANA_TEST_SOAK", "0") not in {"", "0"}


def rounds(short: int, environment: Mapping[str, str] = os.environ) -> int:
    """Rounds of a search that has this many in its short form."""
    return short * FACTOR if soaking(environment) else short


def profile(environment: Mapping[str, str] = os.environ) -> str:
    """Name of the hypothesis profile: the one that is asked for, else by how long to search."""
    return environment.get("HYPOTHESIS_PROFILE") or ("soak" if soaking(environment) else "dev")
