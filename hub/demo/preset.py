"""A demo preset: which made-up unit, which systems and codes, and what its oracle multiplies.

Rule: names of systems and agencies stand in the preset's TOML, never in code.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib import resources

from pydantic import BaseModel, ConfigDict

from hub.errors import ConfigError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Institution(_Part):
    code: str
    name: str
    unit: str
    paying_unit: str


class Payroll(_Part):
    code: str
    name: str


class RuleSetName(_Part):
    id: str
    version: str


class Bank(_Part):
    code: str
    name: str


class Device(_Part):
    serial: str
    zone: str
    share: float
    secret_path: bool


class System(_Part):
    code: str


class Exchange(_Part):
    code: str
    adapter: str
    exchange: str
    system: str


class Oracle(_Part):
    attendance_weight: Decimal
    performance_weight: Decimal
    absence: Decimal
    missing_tap: Decimal
    ceremony: Decimal
    sanction_keeps: Decimal
    minute: Decimal
    tolerance: int
    start: str
    end: str
    end_friday: str
    predicates: dict[str, int]


class Preset(_Part):
    """Everything that a demo needs to know besides its seed, month and number of people."""

    title: str
    locale: str
    zone: str
    holidays: list[str]
    institution: Institution
    payroll: Payroll
    rule_set: RuleSetName
    tariffs: dict[int, str]
    banks: list[Bank]
    devices: list[Device]
    systems: list[System]
    exchanges: list[Exchange]
    oracle: Oracle


def names() -> list[str]:
    """Presets that come with the hub."""
    folder = resources.files("hub.demo") / "presets"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Preset:
    """The preset of that name; an unknown one is a `ConfigError` that lists those that exist."""
    if name not in names():
        raise ConfigError("AMANA-CONF-001", f"--preset must be one of {', '.join(names())}")
    text = (resources.files("hub.demo") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return Preset.model_validate(tomllib.loads(text))
