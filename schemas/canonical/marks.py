"""What every kind of assessment is made of: a mark, on a scale that is said beside it.

Rule: a scale says its worst and its best end, and a mark is always turned so that more is better; what the source wrote,
and the scale it wrote it on, stand beside it. Turning is exact: decimal digits in, decimal digits out.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.canonical.text import Canonical, Date, DecimalText, SignedText, Slug, Words


class Scale(Canonical):
    """The two ends of a scale. On a canonical scale `worst` is less than `best`; a source's may be the other way round."""

    worst: SignedText = Field(title="Worst", description="The mark of the worst work, as decimal digits.")
    best: SignedText = Field(title="Best", description="The mark of the best work, as decimal digits.")
    source: Words = Field(
        title="Source", description="Where the scale is said: a form, a regulation, a system (such as TFN 832, note 5)."
    )


class Mark(Canonical):
    """One mark: what was assessed, how well, on which scale."""

    aspect: Slug = Field(
        title="Aspect",
        description="What was assessed: overall, result, behaviour, skill, or a slug of the source's own.",
    )
    label: Words | None = Field(title="Label", description="The aspect as the source words it; null: as its slug.")
    item: Slug | None = Field(
        title="Item", description="Id of the task or sub-task of the plan that was assessed; null: of no single one."
    )
    kind: Literal["quantitative", "qualitative", "overall"] = Field(
        title="Kind",
        description="quantitative: of how much; qualitative: of how well; overall: of both, or not told apart.",
    )
    value: SignedText = Field(title="Mark", description="On `scale`, more being better, as decimal digits.")
    scale: Scale = Field(title="Its scale", description="Scale of `value`; worst is less than best.")
    written: Words = Field(title="As written", description="The mark exactly as the source wrote it.")
    written_scale: Scale = Field(
        title="Scale as written",
        description="Scale of what the source wrote; differs from `scale` where it was turned.",
    )
    weight: DecimalText | None = Field(
        title="Weight", description="Weight among the marks of its list, in percent; null: the source gives none."
    )
    band: Words | None = Field(
        title="Band", description="Word that the source gives this mark, such as Baik; null if it gives none."
    )


class Span(Canonical):
    """First and last day of what is planned, reported or assessed."""

    first: Date = Field(title="First day", description="First day.")
    last: Date = Field(title="Last day", description="Last day, inclusive.")


def turn(value: str, worst: str, best: str) -> str:
    """The mark `value` of a scale from `worst` to `best`, turned so that more is better: worst + best - value where the
    best end is the smaller one, else as it is. The ends change places with it. Raises `ValueError` for what is no number
    or lies off the scale."""
    mark, low, high = _decimal(value), _decimal(worst), _decimal(best)
    if not min(low, high) <= mark <= max(low, high):
        raise ValueError("the mark lies off its scale")
    return digits(mark if low <= high else low + high - mark)


def ends(worst: str, best: str) -> tuple[str, str]:
    """Worst and best end of the canonical scale that `turn` turns to: the smaller first."""
    low, high = sorted((_decimal(worst), _decimal(best)))
    return digits(low), digits(high)


def digits(value: Decimal) -> str:
    """A number as canonical decimal digits: no exponent, no zeros behind, no minus in front of a zero."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _decimal(text: str) -> Decimal:
    bare = text.removeprefix("-")
    if not bare.replace(".", "", 1).isdigit() or not bare.isascii() or len(bare) > 28:
        raise ValueError("expected decimal digits")
    return Decimal(text)
