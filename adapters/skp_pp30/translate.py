"""Yearly SKP scores to assessments.

Rule: the total is held against PP 30/2019, 70/30 where peers and subordinates were not asked and 60/40 where they were, and
carried as it was written. A band is the source's word, held against the bands that were read; where the source has none it is
given only from a band that was read, never from the two that are uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.marking import make_mark
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_nip
from schemas.scores import ScoreRules, find, fits

SOURCE: Final = "PP 30/2019, 0 to 120"
RULES: Final = {False: ("pp30-2019", "1"), True: ("pp30-2019-360", "1")}
"""Rule set by whether peers and subordinates were asked."""
BEHAVIOURS: Final = {
    "orientasiPelayanan": "service-orientation",
    "integritas": "integrity",
    "komitmen": "commitment",
    "disiplin": "discipline",
    "kerjasama": "cooperation",
    "kepemimpinan": "leadership",
    "inisiatifKerja": "initiative",
}
FIRST_YEAR: Final = 2019
LAST_YEAR: Final = 2021
REASONS: Final = {
    "nip-number": "a spreadsheet made another number of the NIP",
    "nip-damaged": "the NIP ends in 000: it was once stored as a number and its last three digits are lost",
    "nip-is-nik": "the NIP has 16 digits: that is a NIK",
    "nip-malformed": "the NIP is not 18 digits that begin with a birth date",
    "id-malformed": "the id is not letters, digits, points, hyphens and underscores, 64 at most",
    "id-repeated": "the id stands in more than one row of the page, with different content",
    "year-outside": "the year is none in which SKP was scored by PP 30/2019",
    "score-off-scale": "a score lies off the scale of 0 to 120",
    "sum-contradicted": "the sum or the mean of the behaviour scores is not what the scores come to",
    "total-contradicted": "the total is what neither 70/30 nor 60/40 makes of the two scores, or not the one that is said",
    "band-contradicted": "the predicate is not the one of the band in which the total lies",
}
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_NIP: Final = {"number-form": "nip-number", "spreadsheet": "nip-damaged", "swapped": "nip-is-nik"}
_TOLERANCE: Final = Decimal("0.01")
_decimal = lru_cache(maxsize=4096)(Decimal)


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


def skp(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One assessment per row, or the reason why not."""
    rows = body["data"]
    odd = repeats([row["id"] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            value = _assessment(row, message.institution)
        except Fault as fault:
            out.append(Refused(at, fault.args[0], REASONS[fault.args[0]]))
        else:
            out.append(Canonical("performance.assessment", ("employee", row["nip"]), value, None, at))
    return out


def _assessment(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
    year, get = row["tahun"], row.get
    fault = check_nip(row["nip"], pppk=True)
    if fault is not None:
        raise Fault(_NIP.get(fault.kind, "nip-malformed"))
    if not _ID.fullmatch(row["id"]):
        raise Fault("id-malformed")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Fault("year-outside")
    year = int(year)
    result, behaviour, total = (str(row[name]) for name in ("nilaiSkp", "nilaiPerilakuKerja", "nilaiPrestasiKerja"))
    parts = {slug: str(row[name]) for name, slug in BEHAVIOURS.items() if get(name) is not None}
    check_sum(parts, get("jumlah"), get("nilairatarata"))
    share = rules_of(result, behaviour, total, get("perilaku360"))
    weights = share.lines.parts.value if share is not None else {}
    marks = [
        _mark("result", result, "SKP", weight=_weight(weights, "result")),
        _mark("behaviour", behaviour, "Perilaku Kerja", weight=_weight(weights, "behaviour")),
        *(_mark(slug, text, None) for slug, text in parts.items()),
    ]
    return {
        "assessmentId": row["id"],
        "institution": institution,
        "employeeId": row["nip"],
        "planId": None,
        "kind": "annual",
        "span": {"first": f"{year}-01-01", "last": f"{year}-12-31"},
        "marks": marks,
        "overall": _mark("overall", total, "Prestasi Kerja", band=band_of(total, get("predikat"), get("ideBaru"))),
        "formula": None if share is None else share.formula,
        "predicate": None,
        "assessor": get("penilaiNama"),
        "comment": None,
        "assessedOn": None,
    }


def rules_of(result: str, behaviour: str, total: str, asked: bool | None) -> ScoreRules | None:
    """The rule set that made the total: the one that is said, or the only one that fits; None where both do (the two scores
    are the same, or nearly)."""
    items = [(None, {"result": _decimal(result), "behaviour": _decimal(behaviour)})]
    found = [
        rules
        for peers, name in RULES.items()
        if asked in (None, peers) and (rules := find(*name)) is not None and fits(rules, items, _decimal(total))
    ]
    if not found:
        raise Fault("total-contradicted")
    return found[0] if len(found) == 1 else None


def band_of(total: str, said: str | None, idea: bool | None) -> str | None:
    """The band of a total. Said by the source, it must be one in which the total lies, as far as the bands were read; not
    said, it is given where a band that was read holds it, and 110 and above only where the new idea is said or denied."""
    rules = find(*RULES[False])
    assert rules is not None
    mark = _decimal(total)
    given = frozenset({"new-idea"}) if idea else frozenset[str]()
    known = rules.band_of(mark, given)
    if said is not None:
        if known is None:  # below 70: the bands of PP 30/2019 were not read, so only the upper three are wrong
            wrong = said in {"Sangat Baik", "Baik", "Cukup"}
        elif idea is None and known == "baik":
            wrong = said != "Baik" and not (
                said == "Sangat Baik" and rules.lines.bands["sangat-baik"].value.holds(mark)
            )
        else:
            wrong = said.lower().replace(" ", "-") != known
        if wrong:
            raise Fault("band-contradicted")
        return said
    if idea is None and rules.lines.bands["sangat-baik"].value.holds(mark):
        return None
    return None if known is None else known.replace("-", " ").title()


def check_sum(parts: Mapping[str, str], total: Any, mean: Any) -> None:
    """Hold sum and mean of the behaviour scores, where they are there, against the scores. A leadership of 0 may stand for
    people who lead nobody, so that the mean may leave zeros out."""
    if not parts:
        return
    scores = [_decimal(text) for text in parts.values()]
    whole = sum(scores, Decimal(0))
    if total is not None and abs(whole - _decimal(str(total))) > _TOLERANCE:
        raise Fault("sum-contradicted")
    counts = {len(scores), sum(1 for score in scores if score) or 1}
    if mean is not None and all(abs(whole / count - _decimal(str(mean))) > _TOLERANCE for count in counts):
        raise Fault("sum-contradicted")


def _weight(weights: Mapping[str, Decimal], name: str) -> str | None:
    return f"{weights[name]:f}" if name in weights else None


def _mark(aspect: str, text: str, label: str | None, **more: str | None) -> dict[str, Any]:
    try:
        return make_mark(aspect, text, "0", "120", SOURCE, label=label, **more)  # type: ignore[arg-type]
    except ValueError as error:
        raise Fault("score-off-scale") from error
