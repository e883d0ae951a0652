"""SIASN's wire contract: strict on what is used, blind to the rest."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.kit import Canonical, MessageContext, Refused
from adapters.kit.registry import load

SIASN = load("siasn")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
ROW: dict[str, Any] = {
    "nipBaru": "190001011999012001",
    "nama": "Orang Contoh",
    "unorNama": "Bagian Contoh",
    "kedudukanPnsNama": "Aktif",
}


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"pager": {"pageSize": 50, "page": 1, "total": len(rows), "nextPage": None}, "data": list(rows)}


def test_the_four_members_are_enough() -> None:
    """The smallest row becomes an employee with everything else unknown."""
    (item,) = SIASN.translate("employees", page(ROW), MESSAGE)
    assert isinstance(item, Canonical)
    assert item.value == {
        "employeeId": "190001011999012001",
        "nationalId": None,
        "name": "Orang Contoh",
        "institution": "CONTOH",
        "unit": "Bagian Contoh",
        "status": "active",
        "position": None,
        "grade": None,
        "employmentType": None,
        "validFrom": None,
    }


def test_members_of_tomorrow_are_ignored() -> None:
    """A member that nobody knows yet, of any type, breaks nothing."""
    body = page(ROW | {"baruSekali": {"nilai": [1.5, None]}})
    assert SIASN.wire_checker("employees").breaches(body) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"nipBaru": 190001011999012001}, "/data/0/nipBaru"),
        ({"nama": ""}, "/data/0/nama"),
        ({"unorNama": None}, "/data/0/unorNama"),
        ({"nik": 31}, "/data/0/nik"),
        ({"jabatanNama": "a\tb"}, "/data/0/jabatanNama"),
        ({"tmtCpns": "2019-02-01T00:00"}, "/data/0/tmtCpns"),
    ],
)
def test_what_is_used_is_checked(changes: dict[str, Any], place: str) -> None:
    """A used member of the wrong form breaks the contract at its own place; a NIP as a number above all."""
    found = SIASN.wire_checker("employees").breaches(page(ROW | changes))
    assert [breach.path for breach in found] == [place]


@pytest.mark.parametrize("grade", ["III/d", "IX", "I/a", "iii/D", "XVII"])
def test_golongan_is_verbatim(grade: str) -> None:
    """A grade is passed on letter by letter, a PPPK's bare Roman number too."""
    (item,) = SIASN.translate("employees", page(ROW | {"golRuangAkhir": grade}), MESSAGE)
    assert isinstance(item, Canonical)
    assert item.value["grade"] == grade


@pytest.mark.parametrize(("text", "day"), [("29-02-2024", "2024-02-29"), ("01-12-1999", "1999-12-01"), ("", None)])
def test_dates_are_turned_around(text: str, day: str | None) -> None:
    """dd-mm-yyyy becomes YYYY-MM-DD; empty stays unknown."""
    (item,) = SIASN.translate("employees", page(ROW | {"tmtCpns": text}), MESSAGE)
    assert isinstance(item, Canonical)
    assert item.value["validFrom"] == day


@pytest.mark.parametrize("text", ["29-02-2023", "2019-02-01", "1-2-2019", "01/02/2019", "٠١-٠٢-٢٠١٩"])
def test_dates_that_are_none_refuse_the_row(text: str) -> None:
    """A day that does not exist, or another order, is refused and not guessed."""
    (item,) = SIASN.translate("employees", page(ROW | {"tmtCpns": text}), MESSAGE)
    assert isinstance(item, Refused)
    assert item.code == "date-malformed"
