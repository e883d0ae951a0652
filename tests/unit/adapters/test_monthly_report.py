"""Monthly reports: what was written stays as it was written, and marks stand on the scale that the message says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.kit import Canonical, MessageContext, Refused
from adapters.kit.registry import load

REPORT = load("monthly_report")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
NIP = "190001011999012001"
POINTS = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20), max_size=4)


@given(POINTS, POINTS, POINTS)
def test_points_are_carried_in_their_order(reached: list[str], hindered: list[str], done: list[str]) -> None:
    """Each achievement, obstacle and action is in the record as it was written; a report of nothing is refused."""
    row = {"id": "L-1", "nip": NIP, "bulan": "2026-10", "capaian": reached, "kendala": hindered, "tindakLanjut": done}
    [item] = REPORT.translate("reports", {"laporan": [row]}, MESSAGE)
    if reached or hindered or done:
        assert isinstance(item, Canonical)
        assert (item.value["achievements"], item.value["obstacles"], item.value["actions"]) == (reached, hindered, done)
    else:
        assert isinstance(item, Refused)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20))
def test_marks_stand_on_the_scale_that_is_said(worst: int, best: int, mark: int) -> None:
    """Within the ends a mark is taken, nearer to the best being more; off them it is refused."""
    row: dict[str, Any] = {"id": "T-1", "nip": NIP, "tahun": 2026, "keterampilan": mark, "sikap": best}
    row["kontribusi"] = worst
    body = {"skala": {"terburuk": worst, "terbaik": best, "sumber": "Formulir"}, "penilaian": [row]}
    [item] = REPORT.translate("yearly", body, MESSAGE)
    if worst == best or not min(worst, best) <= mark <= max(worst, best):
        assert isinstance(item, Refused)
        return
    assert isinstance(item, Canonical)
    skill, attitude, contribution = (Decimal(made["value"]) for made in item.value["marks"])
    assert contribution <= skill <= attitude
    assert attitude - skill == abs(best - mark)
    assert item.value["overall"] is None
