"""SKP scores under PP 30/2019: weightings, bands, sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit import Canonical, MessageContext, Refused
from adapters.kit.registry import load

SKP = load("skp_pp30")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
SCORE = st.decimals(min_value=0, max_value=120, places=2)


def one(result: object, behaviour: object, total: object, **more: Any) -> Any:
    row = {
        "id": "skp-1",
        "nip": "190001011999012001",
        "tahun": 2020,
        "nilaiSkp": str(result),
        "nilaiPerilakuKerja": str(behaviour),
        "nilaiPrestasiKerja": str(total),
    }
    [item] = SKP.translate("skp", {"data": [row | more]}, MESSAGE)
    return item


@given(SCORE, SCORE, st.booleans())
def test_the_weighting_that_was_used_is_found(result: Decimal, behaviour: Decimal, asked: bool) -> None:
    """A total by 70/30 or 60/40 is taken as it was written; the rule set that is named is the one that made it, or none
    where both come to the same."""
    share = Decimal("0.6") if asked else Decimal("0.7")
    total = (result * share + behaviour * (1 - share)).quantize(Decimal("0.01"))
    item = one(f"{result:f}", f"{behaviour:f}", f"{total:f}")
    assert isinstance(item, Canonical)
    assert item.value["overall"]["written"] == f"{total:f}"
    formula = item.value["formula"]
    assert formula is None or formula["id"] == ("pp30-2019-360" if asked else "pp30-2019")
    assert formula is not None or abs(result - behaviour) * Decimal("0.1") <= Decimal("0.02")


@given(SCORE, SCORE, SCORE)
def test_another_total_is_refused(result: Decimal, behaviour: Decimal, total: Decimal) -> None:
    """A total that neither weighting comes to is refused, never corrected."""
    made = [result * share + behaviour * (1 - share) for share in (Decimal("0.6"), Decimal("0.7"))]
    item = one(f"{result:f}", f"{behaviour:f}", f"{total:f}")
    if all(abs(total - one_of) > Decimal("0.01") for one_of in made):
        assert isinstance(item, Refused)
        assert item.code == "total-contradicted"
    else:
        assert isinstance(item, Canonical)


@pytest.mark.parametrize(
    ("total", "more", "band"),
    [
        ("110", {"ideBaru": True}, "Sangat Baik"),
        ("110", {"ideBaru": False}, "Baik"),
        ("110", {}, None),
        ("110", {"predikat": "Sangat Baik"}, "Sangat Baik"),
        ("109.99", {"predikat": "Sangat Baik"}, "refused"),
        ("110", {"ideBaru": False, "predikat": "Sangat Baik"}, "refused"),
        ("90", {}, "Baik"),
        ("89.99", {}, "Cukup"),
        ("70", {}, "Cukup"),
        ("69.99", {}, None),
        ("69.99", {"predikat": "Kurang"}, "Kurang"),
        ("20", {"predikat": "Kurang"}, "Kurang"),
        ("20", {"predikat": "Cukup"}, "refused"),
        ("75", {"predikat": "Kurang"}, "refused"),
    ],
)
def test_bands_that_were_read_and_those_that_were_not(total: str, more: dict[str, Any], band: str | None) -> None:
    """The source's word is held against the sure bands; the two uncertain ones are carried and never given."""
    item = one(total, total, total, **more)
    found = item.code if isinstance(item, Refused) else item.value["overall"]["band"]
    assert found == ("band-contradicted" if band == "refused" else band)
