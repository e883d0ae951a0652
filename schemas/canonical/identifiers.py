"""The numbers by which people are known, and what is wrong with one: NIP, NIK, NIN, check number.

Rule: a number is taken as it stands or refused; nothing is padded, trimmed, mended or guessed. What a check digit would
tell is not known for any of them, so a form that holds proves no person. Sources: Perka BKN 22/2007 and 43/2007 (NIP);
domain facts 1.2 and 2.3 for the others.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple

NumberFault = Literal["blank", "number-form", "spreadsheet", "length", "characters", "date", "swapped"]
Scheme = Literal["nip", "ni-pppk", "nik", "nin", "check-number"]

DAMAGED_ENDING: Final = "000"
_EXPONENT: Final = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)
_POINT: Final = re.compile(r"[0-9]{15,}[.,]0+", re.ASCII)
_CHECK: Final = re.compile(r"[0-9]{1,22}", re.ASCII)


class Fault(NamedTuple):
    """What is wrong with a number: a stable kind, and a sentence that names the rule and never the number."""

    kind: NumberFault
    reason: str


_SPREADSHEET: Final = (
    "a spreadsheet stored the {name} as a number and its last digits are lost; export it again with the column as text"
)
_OF_NIP: Final = (
    "the {name} ends in 000: a spreadsheet stored it as a number and its last three digits are lost; "
    "take it from the registry again, as text"
)


def check_nip(text: str, *, pppk: bool = False) -> Fault | None:
    """What is wrong with a NIP of 18 digits: birth date, month of appointment, sex (1 or 2), serial. None: its form holds.
    Of an NI PPPK (`pppk`) only the birth date is read: what follows it means something else there."""
    name = "NIP"  # the word for both in every form
    fault = _digits(text, 18, name)
    if fault is not None:
        return Fault("swapped", f"the {name} has 16 digits, as a NIK has") if len(text) == 16 else fault
    if text.endswith(DAMAGED_ENDING):
        return Fault("spreadsheet", _OF_NIP.format(name=name))
    if not _is_date(text[:8]):
        return Fault("date", f"the first eight digits of the {name} are no birth date")
    if not pppk and not 1 <= int(text[12:14]) <= 12:
        return Fault("date", "digits 9 to 14 of the NIP are no month of appointment")
    if not pppk and text[8:12] < text[:4]:
        return Fault("date", "the NIP says an appointment before birth")
    if not pppk and text[14] not in "12":
        return Fault("characters", "digit 15 of the NIP is neither 1 nor 2")
    return None


def check_nik(text: str) -> Fault | None:
    """What is wrong with a NIK of 16 digits: area (6), birth date ddmmyy with 40 added to the day for women, serial."""
    fault = _digits(text, 16, "NIK")
    if fault is not None:
        return Fault("swapped", "the NIK has 18 digits, as a NIP has") if len(text) == 18 else fault
    day, month = int(text[6:8]), int(text[8:10])
    if not (1 <= (day - 40 if day > 40 else day) <= 31 and 1 <= month <= 12):
        return Fault("date", "digits 7 to 12 of the NIK are no birth date")
    return None


def check_nin(text: str) -> Fault | None:
    """What is wrong with a Tanzanian NIN of 20 digits that begin with the birth date. The printed hyphens are taken off by
    whoever read a document; here they are a fault."""
    fault = _digits(text, 20, "NIN")
    if fault is not None:
        return fault
    return None if _is_date(text[:8]) else Fault("date", "the first eight digits of the NIN are no birth date")


def check_number(text: str) -> Fault | None:
    """What is wrong with a Tanzanian check number: digits; how many is not published, so up to 22 are taken."""
    if _CHECK.fullmatch(text):
        return None
    if not text:
        return Fault("blank", "the check number is blank")
    if looks_rounded(text):
        return Fault("number-form", _SPREADSHEET.format(name="check number"))
    return Fault("characters", "the check number is not digits alone")


def check_unknown(text: str) -> Fault | None:
    """What is wrong with a number of an employee when nobody says which number it is: only what a spreadsheet leaves behind,
    an exponent, or eighteen digits as a NIP has them that end in 000."""
    if not text:
        return Fault("blank", "the number is blank")
    if looks_rounded(text):
        return Fault("number-form", _SPREADSHEET.format(name="number"))
    if len(text) == 18 and text.isascii() and text.isdigit() and text.endswith(DAMAGED_ENDING):
        return Fault("spreadsheet", _OF_NIP.format(name="number"))
    return None


def check_scheme(scheme: str, text: str) -> Fault | None:
    """What is wrong with a number of a scheme (`nip`, a PPPK's too, `nik`, `nin`, `check-number`); of another scheme as
    `check_unknown` says."""
    match scheme:
        case "nip":
            return check_nip(text, pppk=True)
        case "nik":
            return check_nik(text)
        case "nin":
            return check_nin(text)
        case "check-number":
            return check_number(text)
    return check_unknown(text)


def looks_rounded(text: str) -> bool:
    """Whether a text is what a spreadsheet makes of a long number: 1.98503E+17, or digits with a decimal point."""
    return bool(_EXPONENT.fullmatch(text) or _POINT.fullmatch(text))


def _digits(text: str, length: int, name: str) -> Fault | None:
    if text.isdigit() and text.isascii():
        return None if len(text) == length else Fault("length", f"the {name} has not {length} digits")
    if not text:
        return Fault("blank", f"the {name} is blank")
    if looks_rounded(text):
        return Fault("number-form", _SPREADSHEET.format(name=name))
    return Fault("characters", f"the {name} is not digits alone")


@lru_cache(maxsize=32_768)
def _is_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1900
    except ValueError:
        return False
