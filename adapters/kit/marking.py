"""Marks as canonical values, turned so that more is better, with what the source wrote beside them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from schemas.canonical.marks import ends, turn

Kind = Literal["quantitative", "qualitative", "overall"]


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
    exact: str | None = None,
) -> dict[str, Any]:
    """The mark `written` of a scale from `worst` to `best` that `source` says. `exact`: its digits, where they are written
    in another way. Raises `ValueError` for a scale that is none, and for a mark that is no number or lies off it."""
    low, high = _ends(worst, best)
    return {
        "aspect": aspect,
        "label": label,
        "item": item,
        "kind": kind,
        "value": _turned(written if exact is None else exact, worst, best),
        "scale": {"worst": low, "best": high, "source": source},
        "written": written,
        "writtenScale": {"worst": worst, "best": best, "source": source},
        "weight": weight,
        "band": band,
    }


_turned = lru_cache(maxsize=4096)(turn)
"""The same few marks come again and again: half as many decimals to reckon with."""


@lru_cache(maxsize=256)
def _ends(worst: str, best: str) -> tuple[str, str]:
    low, high = ends(worst, best)
    if low == high:
        raise ValueError("a scale has two ends")
    return low, high
