"""e-Performance: control totals, odd hours, and a month's totals that add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.eperformance.translate import local
from adapters.kit import AdapterError, Canonical, MessageContext
from adapters.kit.registry import load

EPERFORMANCE = load("eperformance")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
WORK = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(0, 1440),
        st.decimals(min_value=0, max_value=50, places=2),
        st.sampled_from(["DIAJUKAN", "DISETUJUI", "DITOLAK"]),
    ),
    min_size=1,
    max_size=12,
)


def activities(work: list[tuple[int, int, Decimal, str]]) -> dict[str, Any]:
    rows = [
        {
            "id": f"K-{n}",
            "nip": f"190001011999012{person:03d}",
            "tanggal": "2026-10-05",
            "kegiatan": "Kunjungan",
            "menit": minutes,
            "bobot": f"{weight:f}",
            "status": status,
        }
        for n, (person, minutes, weight, status) in enumerate(work)
    ]
    weight = sum((w for _, _, w, _ in work), Decimal(0))
    total = {"baris": len(rows), "menit": sum(m for _, m, _, _ in work), "bobot": f"{weight:f}"}
    return {"bulan": "2026-10", "kegiatan": rows, "jumlah": total}


@given(WORK)
def test_totals_are_what_the_approved_activities_come_to(work: list[tuple[int, int, Decimal, str]]) -> None:
    """Counted and totalled for each employee, and the whole is the sum of its parts: nothing is lost from message to
    total."""
    items = [
        item for item in EPERFORMANCE.translate("activities", activities(work), MESSAGE) if isinstance(item, Canonical)
    ]
    records = [{"contract": item.contract, "value": item.value} for item in items]
    [page] = EPERFORMANCE.render_records("totals", records, {})
    assert isinstance(page.body, dict)
    people, whole = page.body["pegawai"], page.body["jumlah"]
    approved = [(person, minutes, weight) for person, minutes, weight, status in work if status == "DISETUJUI"]
    assert whole["kegiatan"] == len(work) == sum(row["kegiatan"] for row in people)
    assert whole["menitDisetujui"] == sum(m for _, m, _ in approved) == sum(row["menitDisetujui"] for row in people)
    assert Decimal(whole["bobotDisetujui"]) == sum((w for _, _, w in approved), Decimal(0))
    assert {row["nip"] for row in people} == {f"190001011999012{person:03d}" for person, *_ in work}


@pytest.mark.parametrize("member", ["baris", "menit", "bobot"])
def test_a_message_whose_totals_differ_is_refused_whole(member: str) -> None:
    """One too many in any control total: a row was lost or changed on the way."""
    body = activities([(1, 60, Decimal("2.50"), "DISETUJUI"), (2, 30, Decimal(1), "DIAJUKAN")])
    body["jumlah"][member] = str(Decimal(body["jumlah"][member]) + 1) if member == "bobot" else 99
    with pytest.raises(AdapterError, match="totals-wrong"):
        EPERFORMANCE.translate("activities", body, MESSAGE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("07:30", "2026-12-31T07:30:00"),
        ("07:30:05", "2026-12-31T07:30:05"),
        ("2026-12-31T07:30", "2026-12-31T07:30:00"),
        ("2027-01-01T06:00:00", "2027-01-01T06:00:00"),
        (None, None),
    ],
)
def test_times_of_a_day_and_of_the_night_after(text: str | None, found: str | None) -> None:
    """A time without a date is of the day; one with a date is of that day or the next."""
    assert local(text, "2026-12-31") == found
