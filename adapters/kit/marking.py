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
    value, scale, written_scale = _placed(written if exact is None else exact, worst, best, source)
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


@lru_cache(maxsize=4096)
def _placed(written: str, worst: str, best: str, source: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The turned mark and both scales. The same few marks come again and again; a record's value is never changed, so that
    marks may share their scales."""
    value = turn(written, worst, best)
    return value, *_scales(worst, best, source)


@lru_cache(maxsize=256)
def _scales(worst: str, best: str, source: str) -> tuple[dict[str, str], dict[str, str]]:
    low, high = ends(worst, best)
    if low == high:
        raise ValueError("a scale has two ends")
    return {"worst": low, "best": high, "source": source}, {"worst": worst, "best": best, "source": source}
