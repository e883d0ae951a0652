"""A made-up unit and its month, in neutral terms, from which each adapter's `sample.py` makes payloads in its own wire.

Rule: everything here is invented by a generator from a seed; the same world gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up employee. `serial` and `pin` are where they tap; `has_payee` False leaves their pay data out."""

    employee_id: str
    national_id: str
    name: str
    unit: str
    position: str
    grade: str
    employment_type: str
    birth_date: str
    sex: str
    job_class: int
    tariff: str
    bank_code: str
    bank_name: str
    account: str
    serial: str
    pin: str
    has_payee: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """The superior's periodic mark, in canonical words (see the contract `performance.review`)."""

    result: str
    behaviour: str
    predicate: str


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap as the device shows it: local time of its own clock."""

    pin: str
    at: str
    state: int
    verify: int


@dataclass(frozen=True, slots=True)
class SampleDevice:
    """An attendance device. `zone` explains its clock; `batches` are the taps it pushes, in order."""

    serial: str
    zone: str
    batches: Sequence[Sequence[Tap]]


@dataclass(frozen=True, slots=True)
class World:
    """A unit of an institution in one month. Dates are YYYY-MM-DD, months YYYY-MM, money digit strings."""

    institution: str
    unit: str
    paying_unit: str
    period: str
    zone: str
    people: Sequence[Person]
    working_days: Sequence[str]
    ceremonies: Sequence[str]
    marks: Mapping[str, Mark]
    leaves: Sequence[Mapping[str, object]] = ()
    sanctions: Sequence[Mapping[str, object]] = ()
    outages: Sequence[Mapping[str, object]] = ()
    devices: Sequence[SampleDevice] = ()
    destroyed_ids: Sequence[str] = field(default=())
    """Employee ids that a spreadsheet rounded: rows that must be refused by name of the reason."""
    currency: str = "IDR"


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """One message of an exchange. `rows`: rows in it; `refused`: rows that a right hub refuses.

    `query` and `path` are for device routes, empty for signed pushes.
    """

    exchange: str
    body: bytes
    rows: int
    refused: int = 0
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
