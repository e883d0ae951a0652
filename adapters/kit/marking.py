"""Marks as canonical values, turned so that more is better, with what the source wrote beside them.

Rule: a record's value is never changed, so that marks of one scale share what says the scale.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal

from schemas.canonical.marks import ends, turn

Kind = Literal["quantitative", "qualitative", "overall"]
_MAX_KNOWN: Final = 2048

Placed = tuple[str, dict[str, str], dict[str, str]]


class MarkScale:
    """The scale of a source, from `worst` to `best`, with those of its marks that were turned before: the same few come again
    and again. That it is none shows at its first mark."""

    __slots__ = ("_ends", "_known")

    def __init__(self, worst: str, best: str, source: str) -> None:
        self._ends = worst, best, source
        self._known: dict[str, Placed] = {}

    def mark(
        self,
        aspect: str,
        written: str,
        label: str | None = None,
        item: str | None = None,
        weight: str | None = None,
        *,
        kind: Kind = "overall",
        band: str | None = None,
        exact: str | None = None,
    ) -> dict[str, Any]:
        """The mark `written`. `exact`: its digits, where they are written in another way. Raises `ValueError` for a scale that
        is none, and for a mark that is no number or lies off it."""
        text = written if exact is None else exact
        placed = self._known.get(text) or self._place(text)
        value, scale, written_scale = placed
        return {
            "aspect": aspect,
            "label": label,
            "item": item,
            "kind": kind,
            "value": value,
            "scale": scale,
            "written": written,
            "writtenScale": written_scale,
            "weight": weight,
            "band": band,
        }

    def _place(self, text: str) -> Placed:
        worst, best, source = self._ends
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        placed = self._known[text] = turn(text, worst, best), *_scales(worst, best, source)
        return placed


def make_mark(
    aspect: str,
    written: str,
    worst: str,
    best: str,
    source: str,
    *,
    kind: Kind = "overall",
    label: str | None = None,
    item: str | None = None,
    weight: str | None = None,
    band: str | None = None,
) -> dict[str, Any]:
    """The mark `written` that says a scale of its own. Raises `ValueError` as a scale does."""
    scale = _scale(worst, best, source)
    return scale.mark(aspect, written, label, item, weight, kind=kind, band=band)


_scale = lru_cache(maxsize=32)(MarkScale)


@lru_cache(maxsize=256)
def _scales(worst: str, best: str, source: str) -> tuple[dict[str, str], dict[str, str]]:
    low, high = ends(worst, best)
    if low == high:
        raise ValueError("a scale has two ends")
    return {"worst": low, "best": high, "source": source}, {"worst": worst, "best": best, "source": source}
