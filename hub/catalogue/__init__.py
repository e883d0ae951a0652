"""The catalogue of stable codes, one module per part of the hub. Rule: a code is never given a second meaning, and one
that is gone is not used again. `docs/errors.md` is generated from here (`python -m hub.pages`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.catalogue import (
    admission,
    bodies,
    changes,
    contracts,
    delivery,
    exchange,
    feeds,
    holdings,
    joining,
    kafka,
    publishing,
    stages,
    start,
    watching,
)
from hub.catalogue.entry import Code, Fault

CODES: Final[Mapping[str, Code]] = (
    admission.CODES
    | bodies.CODES
    | exchange.CODES
    | holdings.CODES
    | changes.CODES
    | contracts.CODES
    | stages.CODES
    | delivery.CODES
    | feeds.CODES
    | joining.CODES
    | kafka.CODES
    | publishing.CODES
    | start.CODES
    | watching.CODES
)

__all__ = ["CODES", "Code", "Fault"]
