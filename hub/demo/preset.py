"""A demo preset: which made-up unit, which systems and codes, and what its oracle multiplies.

Rule: names of systems and agencies stand in the preset's TOML, never in code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from typing import Literal

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
    """`code`: under which its taps come; empty: pushed by the device itself, under the code of no system."""

    serial: str
    zone: str
    share: float
    secret_path: bool
    code: str = ""


class System(_Part):
    code: str


class Exchange(_Part):
    """`folder`: name of the watched folder that its files are dropped into; empty: nobody drops any. `back`: told to a system
    of the institution once the run is approved. `options`: of the folder, or of the subscription of who receives."""

    code: str
    adapter: str
    exchange: str
    system: str
    folder: str = ""
    back: bool = False
    options: dict[str, str] = {}


class People(_Part):
    """What the employees are called and how they are numbered: 18 digits that say birth and sex, or a check number."""

    numbers: Literal["nip", "check-number"]
    positions: list[str]
    grades: list[str]
    contract_grades: list[str]
    employment: str
    contract_employment: str
    rounded: list[str]


class Marked(_Part):
    """One task of everybody's plan: its weight in percent, and by how much its marks lie below the plain ones."""

    weight: Decimal
    less: Decimal


class Scored(_Part):
    """How the oracle comes from the planned rating to a score: the plain mark of each rating, how much of an item's mark
    the behaviour makes, and the items."""

    ratings: dict[str, Decimal]
    behaviour: Decimal
    items: list[Marked]


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
    predicates: dict[str, int] = {}
    score: Scored | None = None


class Preset(_Part):
    """Everything that a demo needs to know besides its seed, month and number of people."""

    title: str
    story: str
    locale: str
    currency: str
    draft_rules: bool = False
    people: People
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

    def way(self, exchange: Exchange) -> Literal["in", "device", "folder", "out", "back"]:
        """In: pushed by systems of the institution. Device: uploaded. Folder: dropped. Out: delivered to payroll. Back:
        told to systems of the institution."""
        if exchange.back:
            return "back"
        if exchange.folder:
            return "folder"
        if not exchange.system:
            return "device"
        return "in" if exchange.system in {system.code for system in self.systems} else "out"

    def of_way(self, way: str) -> list[Exchange]:
        """The exchanges of one way, in order."""
        return [exchange for exchange in self.exchanges if self.way(exchange) == way]

    def settings(self) -> Mapping[str, str]:
        """What the hub of the demo is started with."""
        return {"AMANA_UNSAFE_ALLOW_DRAFT_RULES": "true"} if self.draft_rules else {}


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
