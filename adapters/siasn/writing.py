"""Assessments to SIASN's save requests: skp22 for a year, kinerjaperiodik for months.

Rule: names are SIASN's, to the letter: requests write `perilakuKerjaNilai` and `koefisienId` where its answers write
`PerilakuKerjaNilai` and `koefisenId`. Who is assessed is known by a link to SIASN's own id, who assessed by an employee
record; codes whose tables are not public come from options, and without them nothing is written.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing

SOURCE: Final = "SIASN"
_RATING: Final = {"3": 1, "2": 2, "1": 3}
_SIASN_ID: Final = re.compile(r"[0-9A-F]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FULL_YEAR: Final = ("01-01", "12-31")


def skp22(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """One request for each annual assessment."""
    return _requests("skp22", "annual", records, options)


def periodic(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """One request for each assessment of months."""
    return _requests("kinerjaperiodik", "periodic", records, options)


def _requests(name: str, kind: str, records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    people = {r["value"]["employeeId"]: r["value"] for r in records if r["contract"] == "employee"}
    links = {r["value"]["employeeId"]: r["value"] for r in records if r["contract"] == "identity.link" and _ours(r)}
    given = [r["value"] for r in records if r["contract"] == "performance.assessment"]
    if len({value["assessmentId"] for value in given}) < len(given):
        raise AdapterError("assessment-repeated", "two assessments have one id")
    bodies = []
    for value in given:
        if value["kind"] != kind:
            raise AdapterError("assessment-unsuitable", f"an assessment is not {kind}")
        body = _common(value, people, links, options)
        if kind == "periodic":
            body |= _months(value, body, options)
        elif (value["span"]["first"][5:], value["span"]["last"][5:]) != _FULL_YEAR:
            raise AdapterError("assessment-unsuitable", "an annual assessment is not of one whole year")
        bodies.append((value["assessmentId"], body))
    return [
        Outgoing(body, page, len(bodies), f"{name}-{identifier}") for page, (identifier, body) in enumerate(bodies, 1)
    ]


def _ours(record: dict[str, Any]) -> bool:
    value = record["value"]
    return value["scheme"] == "other" and value["source"] == SOURCE and not value["withdrawn"]


def _common(
    value: dict[str, Any],
    people: Mapping[str, dict[str, Any]],
    links: Mapping[str, dict[str, Any]],
    options: Mapping[str, str],
) -> dict[str, Any]:
    link, assessor = links.get(value["employeeId"]), people.get(value["assessor"] or "")
    if link is None:
        raise AdapterError("person-unlinked", "nobody has stated which person in SIASN an employee is")
    if assessor is None:
        raise AdapterError("assessor-unknown", "an assessor is not named by a NIP whose employee record is there")
    if value["span"]["first"][:4] != value["span"]["last"][:4]:
        raise AdapterError("assessment-unsuitable", "an assessment reaches over the end of a year")
    identifier = value["assessmentId"]
    return {
        "id": identifier if _SIASN_ID.fullmatch(identifier) else None,
        "tahun": int(value["span"]["last"][:4]),
        "pnsDinilaiOrang": _person(link["value"]),
        "hasilKinerjaNilai": _rating(value, "result"),
        "perilakuKerjaNilai": _rating(value, "behaviour"),
        "kuadranKinerjaNilai": _coded(options, "quadrants", value["predicate"] or ""),
        "penilaiNipNrp": assessor["employeeId"],
        "penilaiNama": assessor["name"],
        "penilaiJabatan": assessor["position"] or "",
        "penilaiGolongan": assessor["grade"] or "",
        "penilaiUnorNama": assessor["unit"],
        "statusPenilai": options.get("statusPenilai", "ASN"),
        "path": [],
    }


def _months(value: dict[str, Any], body: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    first, last = value["span"]["first"], value["span"]["last"]
    months = int(last[5:7]) - int(first[5:7]) + 1
    if not first.endswith("-01") or int(last[8:]) != monthrange(int(last[:4]), int(last[5:7]))[1]:
        raise AdapterError("assessment-unsuitable", "a periodic assessment is not of whole months")
    return {
        "periodikId": _coded(options, "periods", str(months)),
        "koefisienId": _coded(options, "coefficients", value["predicate"] or ""),
        "bulanMulaiPenilaian": str(int(first[5:7])),
        "bulanSelesaiPenilaian": str(int(last[5:7])),
        "tahunMulaiPenilaian": first[:4],
        "tahunSelesaiPenilaian": last[:4],
        "pnsDinilaiId": body["pnsDinilaiOrang"],
        "penilaiJabatanNama": body["penilaiJabatan"],
    }


def _person(number: str) -> str:
    """SIASN's id of a person. A link holds at most 32 characters, so a UUID stands in it without its hyphens."""
    if _HEX.fullmatch(number):
        return f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}"
    return number


def _rating(value: dict[str, Any], aspect: str) -> int:
    found = [mark for mark in value["marks"] if mark["aspect"] == aspect]
    scale = found[0]["scale"] if len(found) == 1 else {}
    rating = _RATING.get(found[0]["value"]) if (scale.get("worst"), scale.get("best")) == ("1", "3") else None
    if rating is None:
        raise AdapterError("rating-missing", f"an assessment has not one rating of {aspect} on the scale 1 to 3")
    return rating


def _coded(options: Mapping[str, str], option: str, word: str) -> str:
    """The code of `word` in an option "word=code,word=code"."""
    pairs = (pair.partition("=") for pair in options.get(option, "").split(","))
    found = {name.strip(): code.strip() for name, _, code in pairs}
    if not found.get(word):
        raise AdapterError("option-missing", f"the option {option} does not say the code that SIASN wants")
    return found[word]
