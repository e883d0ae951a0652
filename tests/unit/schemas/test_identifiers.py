"""The form checks of the numbers by which people are known."""

from __future__ import annotations

import pytest

from schemas.canonical.identifiers import check_nik, check_nin, check_nip, check_number

NIP = "198503152010011001"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (NIP, None),
        ("198503152010012000", "spreadsheet"),
        ("1.98503E+17", "number-form"),
        ("1,98503152010012E+17", "number-form"),
        ("198503152010011001.0", "number-form"),
        ("3171234567890001", "swapped"),
        ("19850315201001100", "length"),
        ("198502302010011001", "date"),
        ("198503152010131001", "date"),
        ("198503151979011001", "date"),
        ("198503152010013001", "characters"),
        ("19850315201001100l", "characters"),
        ("١٩٨٥٠٣١٥٢٠١٠٠١١٠٠١", "characters"),
        (" 198503152010011001", "characters"),
        ("", "blank"),
    ],
)
def test_a_nip_is_taken_or_refused_by_kind(text: str, kind: str | None) -> None:
    """Eighteen digits whose parts are dates pass; each way of being none is told apart, a destroyed one above all."""
    fault = check_nip(text)
    assert (fault and fault.kind) == kind


def test_an_ni_pppk_has_no_month_of_appointment() -> None:
    """The digits behind the birth date of an NI PPPK mean something else and are not read."""
    assert check_nip("198503152199321001", pppk=True) is None
    assert check_nip("198503152010991001", pppk=True) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3171231503850001", None),
        ("3171235503850001", None),
        ("3171237303850001", "date"),
        ("3171231513850001", "date"),
        (NIP, "swapped"),
        ("317123150385", "length"),
    ],
)
def test_a_nik_has_a_birth_date(text: str, kind: str | None) -> None:
    """Sixteen digits; the day of a woman has forty added."""
    fault = check_nik(text)
    assert (fault and fault.kind) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [("19850315123450000123", None), ("19851315123450000123", "date"), ("19850315-12345-00001-23", "characters")],
)
def test_a_nin_begins_with_the_birth_date(text: str, kind: str | None) -> None:
    """Twenty digits without hyphens, the first eight a date."""
    fault = check_nin(text)
    assert (fault and fault.kind) == kind


@pytest.mark.parametrize(
    ("text", "kind"), [("0042", None), ("42", None), ("1.2E+8", "number-form"), ("A42", "characters")]
)
def test_a_check_number_is_digits_with_their_zeros(text: str, kind: str | None) -> None:
    """How many digits is not published; zeros in front are part of it."""
    fault = check_number(text)
    assert (fault and fault.kind) == kind


@pytest.mark.parametrize("text", [NIP[:15] + "000", "1.98503E+17", "31712315038500", "1985X"])
def test_a_reason_never_quotes_the_number(text: str) -> None:
    """Reasons reach logs and screens; the number does not."""
    faults = [check(text) for check in (check_nip, check_nik, check_nin, check_number)]
    assert not any(fault and text in fault.reason for fault in faults)
