"""Pay rule sets: what a regulation says, line by line, as data.

Rule: every line names its source and how sure it is; a rate is a string of digits and becomes a `Decimal`, so no
float ever touches pay. A reading that no source states is a line too, marked U, never code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import time
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Generic, Literal, NoReturn, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from schemas.canonical.pay import ASSURANCES, Assurance
from schemas.canonical.performance import Predicate
from schemas.canonical.schedule import LeaveKind, SanctionLevel
from schemas.errors import SchemaError

Value = TypeVar("Value")
Held = Literal["held"]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _digits(value: Any) -> Any:
    if not isinstance(value, str) or not value.replace(".", "", 1).isascii() or not value.replace(".", "", 1).isdigit():
        raise ValueError("expected decimal digits in a string")
    return Decimal(value)


def _clock(value: Any) -> Any:
    return time.fromisoformat(value) if isinstance(value, str) else value


Rate = Annotated[Decimal, BeforeValidator(_digits), Field(ge=0, le=1)]
Percent = Annotated[Decimal, BeforeValidator(_digits), Field(ge=0, le=100)]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=_kebab)


class Line(_Part, Generic[Value]):
    """One line of a rule set."""

    value: Value
    text: str = Field(min_length=1, max_length=300)
    source: str = Field(min_length=1)
    confidence: Literal["A", "B", "U"]


class Span(_Part):
    """From one time of a day to a later one."""

    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _forward(self) -> Span:
        if self.start >= self.end:
            raise ValueError("a span ends after it starts")
        return self


class Week(_Part):
    """A span for each day of the week: the default, and days that differ."""

    default: Span
    monday: Span | None = None
    tuesday: Span | None = None
    wednesday: Span | None = None
    thursday: Span | None = None
    friday: Span | None = None
    saturday: Span | None = None
    sunday: Span | None = None

    def on(self, weekday: int) -> Span:
        """The span of a weekday, Monday being 0."""
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return days[weekday] or self.default


class LeavePay(_Part):
    """Percent of the tariff by month of a leave."""

    months: tuple[Percent, ...] = Field(strict=False)
    then: Percent | Held
    short: Percent | None = None
    daily_decrease: Percent | None = None
    decrease_days: int = Field(default=0, ge=0, le=31)


class Rounding(_Part):
    """How money is rounded: the way, and the unit of the currency that is left."""

    mode: Literal["half-up", "half-even", "down"]
    unit: Literal["1", "100", "1000"]


class ScoreOf(_Part):
    """What performance is measured by where there is no predicate: the score that a score rule set makes of the marks of
    one assessment of the month."""

    id: str
    version: str
    assessment: Literal["mid-year", "annual", "periodic"]


class Lines(_Part):
    """Every line that the pay core reads. A rule set that lacks one does not load; of `predicate_percent` and
    `performance_score` it has one."""

    attendance_weight: Line[Rate]
    performance_weight: Line[Rate]
    absence_rate: Line[Rate]
    missing_tap_rate: Line[Rate]
    minute_rate: Line[Rate]
    ceremony_rate: Line[Rate]
    attendance_floor: Line[Rate]
    predicate_percent: Line[dict[Predicate, Percent]] | None = None
    performance_score: Line[ScoreOf] | None = None
    hours: Line[Week]
    breaks: Line[Week]
    tolerance_minutes: Line[Annotated[int, Field(ge=0, le=1440)]]
    minute_counting: Line[Literal["whole", "begun"]]
    tap_choice: Line[Literal["by-time", "by-key"]]
    double_punch_seconds: Line[Annotated[int, Field(ge=0, le=3600)]]
    day_begins: Line[TimeOfDay]
    lone_tap: Line[Literal["present-one-missing", "absent"]]
    away_minutes: Line[Literal["clean-pairs", "never"]]
    ceremony_missed_when: Line[Literal["absent", "late", "never"]]
    ignored_flags: Line[list[str]]
    outage_waives_missing_taps: Line[bool]
    outage_of_one_device: Line[Literal["any", "all"]]
    outage_without_taps: Line[Literal["excused", "absent"]]
    outage_minutes: Line[Literal["not-charged", "charged"]]
    leave_annual: Line[LeavePay]
    leave_sick: Line[LeavePay]
    leave_maternity: Line[LeavePay]
    leave_important_reason: Line[LeavePay]
    leave_long: Line[LeavePay]
    leave_miscarriage: Line[LeavePay]
    leave_replaces: Line[Literal["whole-month", "days"]]
    leave_month: Line[Literal["first-working-day", "calendar-month"]]
    leave_decrease: Line[Literal["to-last-day", "to-first-day"]]
    leave_joins: Line[Literal["over-weekends", "never"]]
    leave_mixed: Line[Literal["held", "lowest", "highest"]]
    sanction_light: Line[Percent | Held]
    sanction_medium: Line[Percent | Held]
    sanction_heavy: Line[Percent | Held]
    sanctions_combine: Line[Literal["highest", "sum"]]
    gross: Line[Literal["tariff", "earned"]]
    rounding: Line[Rounding]
    cut: Line[Literal["gross-minus-net", "rounded"]]
    paid_offset_months: Line[Annotated[int, Field(ge=0, le=12)]]
    assurance: Line[dict[str, Assurance]]

    @model_validator(mode="after")
    def _whole(self) -> Lines:
        if self.attendance_weight.value + self.performance_weight.value != 1:
            raise ValueError("the weights of attendance and performance add up to 1")
        if (self.predicate_percent is None) == (self.performance_score is None):
            raise ValueError("performance is priced by predicate-percent or by performance-score, and not by both")
        percents = get_args(Predicate) if self.predicate_percent is None else self.predicate_percent.value
        missing = [p for p in get_args(Predicate) if p not in percents]
        if missing:
            raise ValueError(f"predicate-percent lacks {', '.join(missing)}")
        return self


class Notices(_Part):
    """Lines that say of which outcomes HR is told, beside results and attendance. `status` draft: to be confirmed, and
    applied only where the operator allows drafts."""

    status: Literal["draft", "live"]
    training_predicates: Line[list[Predicate]]
    recognition_predicates: Line[list[Predicate]]
    discipline_absent_days: Line[Annotated[int, Field(ge=1, le=31)]]


class RuleSet(_Part):
    """One version of one regulation's rules. `status`: a draft is applied only where the operator allows drafts."""

    id: str
    version: str
    country: str
    title: str
    status: Literal["draft", "live"]
    currency: str
    lines: Lines
    notices: Notices | None = None

    def each(self) -> Iterator[tuple[str, Line[Any]]]:
        """The lines that it has, by name, in the order of the file's sections."""
        for name in Lines.model_fields:
            line = getattr(self.lines, name)
            if line is not None:
                yield _kebab(name), line

    def leave(self, kind: LeaveKind) -> tuple[str, Line[LeavePay]]:
        """Name and line of a kind of leave."""
        line: Line[LeavePay] = getattr(self.lines, "leave_" + kind.replace("-", "_"))
        return f"leave-{kind}", line

    def sanction(self, level: SanctionLevel) -> tuple[str, Line[Decimal | Held]]:
        """Name and line of a level of sanction."""
        line: Line[Decimal | Held] = getattr(self.lines, f"sanction_{level}")
        return f"sanction-{level}", line

    def trusts(self, contract: str, assurance: Assurance) -> bool:
        """Whether a record of that contract and assurance may enter pay. A contract without a line needs `signed`."""
        least = self.lines.assurance.value.get(contract, "signed")
        return ASSURANCES.index(assurance) <= ASSURANCES.index(least)

    def paid(self, earned: str) -> str:
        """Month in which work of the month `earned` is paid."""
        year, month = int(earned[:4]), int(earned[5:])
        months = year * 12 + month - 1 + self.lines.paid_offset_months.value
        return f"{months // 12:04d}-{months % 12 + 1:02d}"


_FOLDER: Final = "rulesets"


def parse(text: str) -> RuleSet:
    """A rule set from TOML text. Raises `SchemaError` naming each line that is missing or not valid."""
    try:
        return RuleSet.model_validate(tomllib.loads(text, parse_float=_no_float))
    except ValidationError as error:
        parts = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)]
        raise SchemaError("ruleset", "; ".join(parts)) from error
    except ValueError as error:
        raise SchemaError("ruleset", str(error)) from error


def load(id: str, version: str | int = "1") -> RuleSet:  # noqa: A002 - the word of the rule set itself
    """A rule set that comes with the hub. Raises `SchemaError` when there is none of that id and version."""
    found = _shipped().get((id, str(version)))
    if found is None:
        raise SchemaError("ruleset", f"there is no rule set {id} version {version}")
    return found


def available() -> tuple[RuleSet, ...]:
    """Every rule set that comes with the hub, by id and version."""
    return tuple(_shipped().values())


@cache
def _shipped() -> Mapping[tuple[str, str], RuleSet]:
    found: dict[tuple[str, str], RuleSet] = {}
    for folder in sorted(resources.files("schemas").joinpath(_FOLDER).iterdir(), key=lambda f: f.name):
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".toml") and not file.name.endswith(".score.toml"):
                rules = parse(file.read_text(encoding="utf-8"))
                if (rules.id, rules.version) in found:
                    raise SchemaError("ruleset", f"{rules.id} version {rules.version} is there twice")
                found[rules.id, rules.version] = rules
    return dict(sorted(found.items()))


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float: write decimal digits in a string")
