"""Score rule sets: how an institution makes one mark out of many, line by line, as data.

Rule: adapters never make a mark; they hold a sender's mark against the rule set that the sender names (`fits`). A pay run
whose rule set prices performance by a score makes one (`score`), of a draft (a formula that nobody has published) only where
the operator allows drafts. Lines carry source and confidence as those of pay rule sets do. Files:
`rulesets/<country>/<id>.score.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from schemas.canonical.assessment import Rater
from schemas.errors import SchemaError
from schemas.rulesets import Line, Percent

ENDING: Final = ".score.toml"
_MODES: Final = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "down": ROUND_DOWN}


def _signed(value: Any) -> Any:
    if not isinstance(value, str) or not value.removeprefix("-").replace(".", "", 1).isdecimal():
        raise ValueError("expected decimal digits in a string")
    return Decimal(value)


Number = Annotated[Decimal, BeforeValidator(_signed)]
_NONE: Final = Decimal(0)
_ONE: Final = Decimal(1)
Item = tuple[Decimal | None, Mapping[str, Decimal]]
"""One thing that was marked: its weight (None: none given) and the mark of each part."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=lambda name: name.replace("_", "-")
    )


class Ends(_Part):
    """Worst and best mark of a scale on which more is better."""

    worst: Number
    best: Number


class Band(_Part):
    """A word for the marks from `least` on, up to `below` or to `most`; `needs`: what else has to be there."""

    least: Number
    below: Number | None = None
    most: Number | None = None
    needs: str | None = None

    @model_validator(mode="after")
    def _ends_once(self) -> Band:
        if (self.below is None) == (self.most is None):
            raise ValueError("a band ends with below or with most")
        return self

    def holds(self, mark: Decimal) -> bool:
        """Whether `mark` lies in the band."""
        return self.least <= mark and (mark < self.below if self.below is not None else mark <= (self.most or 0))


class Places(_Part):
    """How a score is rounded."""

    mode: Literal["half-up", "half-even", "down"]
    places: Annotated[int, Field(ge=0, le=6)]


class Lines(_Part):
    """The lines. `parts`: percent of each part of an item's mark, 100 together; `items`: how the marks of several items
    become one; of feedback alone: groups below `least_raters`
    show no mark, unless everybody knows who is in them (`known_raters`)."""

    parts: Line[dict[str, Percent]]
    items: Line[Literal["one", "weighted", "mean"]]
    scale: Line[Ends]
    rounding: Line[Places]
    tolerance: Line[Number]
    bands: dict[str, Line[Band]] = Field(default_factory=dict)
    least_raters: Line[Annotated[int, Field(ge=2, le=100)]] | None = None
    known_raters: Line[list[Rater]] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Lines:
        if sum(self.parts.value.values()) != 100:
            raise ValueError("the parts add up to 100 percent")
        return self


class ScoreRules(_Part):
    """One version of one institution's (or regulation's) way from marks to a score."""

    id: str
    version: str
    country: str
    title: str
    status: Literal["draft", "live"]
    institution: str | None = None
    lines: Lines

    @property
    def formula(self) -> dict[str, str]:
        """How records name it: a draft was declared by an institution, a live one is published."""
        return {
            "id": self.id,
            "version": self.version,
            "status": "draft" if self.status == "draft" else "official",
        }

    def is_for(self, institution: str) -> bool:
        """Whether that institution may name it."""
        return self.institution is None or self.institution == institution

    def band_of(self, mark: Decimal, given: frozenset[str] = frozenset()) -> str | None:
        """The first band that holds `mark`, whose need is among `given` and whose line is not uncertain; else None."""
        for name, line in self.lines.bands.items():
            band = line.value
            if (band.needs is None or band.needs in given) and band.holds(mark):
                return name if line.confidence != "U" else None
        return None


def score(rules: ScoreRules, items: Sequence[Item], *, drafts: bool = False) -> Decimal:
    """The mark of the whole. `drafts`: whether the operator allows drafts. Raises `SchemaError`."""
    if rules.status == "draft" and not drafts:
        raise SchemaError("ruleset", f"{rules.id} version {rules.version} is a draft: its formula is not published")
    places = rules.lines.rounding.value
    return _exact(rules, items).quantize(Decimal(1).scaleb(-places.places), _MODES[places.mode])


def fits(rules: ScoreRules, items: Sequence[Item], overall: Decimal) -> bool:
    """Whether a sender's `overall` is what the rules make of `items`, within the tolerance of the rules. Raises
    `SchemaError` where the items do not have what the rules need."""
    return abs(_exact(rules, items) - overall) <= rules.lines.tolerance.value


def _exact(rules: ScoreRules, items: Sequence[Item]) -> Decimal:
    lines = rules.lines
    parts, how = lines.parts.value, lines.items.value
    if not items or (how == "one" and len(items) != 1):
        raise SchemaError("ruleset", f"{rules.id}: these are not the items that it joins")
    total = whole = _NONE
    for weight, given in items:
        if len(given) != len(parts) or (how == "weighted" and weight is None):
            raise _lacking(rules)
        mark = _NONE
        try:
            for name, share in parts.items():
                mark += given[name] * share
        except KeyError:
            raise _lacking(rules) from None
        if how == "weighted" and weight is not None:
            whole += weight
            total += mark * weight
        else:
            whole += _ONE
            total += mark
    if not whole:
        raise SchemaError("ruleset", f"{rules.id}: the weights add up to nothing")
    return total / (whole * 100)


def _lacking(rules: ScoreRules) -> SchemaError:
    return SchemaError("ruleset", f"{rules.id}: an item lacks a part or its weight, or has another part")


def parse(text: str) -> ScoreRules:
    """A score rule set from TOML text. Raises `SchemaError` naming each line that is missing or not valid."""
    try:
        return ScoreRules.model_validate(tomllib.loads(text, parse_float=_no_float))
    except ValidationError as error:
        parts = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)]
        raise SchemaError("ruleset", "; ".join(parts)) from error
    except ValueError as error:
        raise SchemaError("ruleset", str(error)) from error


def find(id: str, version: str) -> ScoreRules | None:  # noqa: A002 - the word of the rule set itself
    """The score rule set of that id and version that comes with the hub, or None."""
    return available().get((id, version))


def load(id: str, version: str) -> ScoreRules:  # noqa: A002 - the word of the rule set itself
    """The same, where the caller cannot do without it. Raises `SchemaError`."""
    rules = find(id, version)
    if rules is None:
        raise SchemaError("ruleset", f"there is no score rule set {id} version {version}")
    return rules


@cache
def available() -> Mapping[tuple[str, str], ScoreRules]:
    """Every score rule set that comes with the hub, by id and version."""
    found: dict[tuple[str, str], ScoreRules] = {}
    for folder in sorted(resources.files("schemas").joinpath("rulesets").iterdir(), key=lambda f: f.name):
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(ENDING):
                rules = parse(file.read_text(encoding="utf-8"))
                if (rules.id, rules.version) in found:
                    raise SchemaError("ruleset", f"{rules.id} version {rules.version} is there twice")
                found[rules.id, rules.version] = rules
    return MappingProxyType(found)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float: write decimal digits in a string")
