"""Monthly reports and yearly assessments to records.

Rule: what was written is carried, point by point; a mark stands on the scale that the message says, turned where its best end
is the smaller one. How three marks become one is not published: a mark of the whole is carried, never made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.marking import MarkScale
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_nip

ASPECTS: Final = (
    ("keterampilan", "skill", "Keterampilan"),
    ("sikap", "attitude", "Sikap"),
    ("kontribusi", "contribution", "Kontribusi"),
)
REASONS: Final = {
    "nip-number": "a spreadsheet made another number of a NIP",
    "nip-damaged": "a NIP ends in 000: it was once stored as a number and its last three digits are lost",
    "nip-is-nik": "a NIP has 16 digits: that is a NIK",
    "nip-malformed": "a NIP is not 18 digits that begin with a birth date",
    "id-repeated": "the id stands in more than one row of the message, with different content",
    "report-empty": "the report has no achievement, no obstacle and no action",
    "feedback-unsigned": "there is feedback, and no superior who gives it, or the other way round",
    "sent-early": "the report was handed in before its month began",
    "mark-off-scale": "a mark lies off the scale of the message, or that has no two ends",
    "weight-outside": "a weight is not within 0 and 100",
}
_NIP: Final = {"number-form": "nip-number", "spreadsheet": "nip-damaged", "swapped": "nip-is-nik"}


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


def reports(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One report per row, or the reason why not."""
    return _each(body["laporan"], "performance.report", message, _report, lambda row: row["bulan"])


def _report(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
    get = row.get
    points = {name: [*get(name, ())] for name in ("capaian", "kendala", "tindakLanjut")}
    if not any(points.values()):
        raise Fault("report-empty")
    feedback, superior, sent = get("umpanBalik"), get("nipAtasan"), get("dikirim")
    if (feedback is None) != (superior is None):
        raise Fault("feedback-unsigned")
    if sent is not None and sent[:7] < row["bulan"]:
        raise Fault("sent-early")
    return {
        "reportId": row["id"],
        "institution": institution,
        "employeeId": _number(row["nip"]),
        "period": row["bulan"],
        "achievements": points["capaian"],
        "obstacles": points["kendala"],
        "actions": points["tindakLanjut"],
        "feedback": feedback,
        "feedbackBy": None if superior is None else _number(superior),
        "submittedOn": sent,
    }


def yearly(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One assessment per row, or the reason why not."""
    said = body["skala"]
    scale = MarkScale(str(said["terburuk"]), str(said["terbaik"]), said["sumber"])

    def make(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
        return _assessment(row, institution, scale)

    return _each(body["penilaian"], "performance.assessment", message, make, lambda _: None)


def _assessment(row: Mapping[str, Any], institution: str, scale: MarkScale) -> dict[str, Any]:
    get, year = row.get, int(row["tahun"])
    weights = [_weight(weight) for weight in get("bobot") or (None, None, None)]
    whole = get("nilaiAkhir")
    return {
        "assessmentId": row["id"],
        "institution": institution,
        "employeeId": _number(row["nip"]),
        "planId": None,
        "kind": "annual",
        "span": {"first": f"{year}-01-01", "last": f"{year}-12-31"},
        "marks": [
            _mark(scale, aspect, row[name], label, weight)
            for (name, aspect, label), weight in zip(ASPECTS, weights, strict=True)
        ],
        "overall": None if whole is None else _mark(scale, "overall", whole, band=get("predikat")),
        "formula": None,
        "predicate": None,
        "assessor": get("penilai"),
        "comment": get("catatan"),
        "assessedOn": get("tanggal"),
    }


def _mark(
    scale: MarkScale,
    aspect: str,
    given: str | int,
    label: str | None = None,
    weight: str | None = None,
    band: str | None = None,
) -> dict[str, Any]:
    try:
        return scale.mark(aspect, str(given), label, None, weight, band=band)
    except ValueError as error:
        raise Fault("mark-off-scale") from error


def _weight(given: str | int | None) -> str | None:
    text = None if given is None else str(given)
    if text is not None and float(text) > 100:
        raise Fault("weight-outside")
    return text


def _number(nip: str) -> str:
    fault = check_nip(nip, pppk=True)
    if fault is not None:
        raise Fault(_NIP.get(fault.kind, "nip-malformed"))
    return nip


def _each(
    rows: list[dict[str, Any]],
    contract: str,
    message: MessageContext,
    make: Callable[[Mapping[str, Any], str], dict[str, Any]],
    period: Callable[[Mapping[str, Any]], str | None],
) -> list[Translated]:
    odd = repeats([row["id"] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            value = make(row, message.institution)
        except Fault as fault:
            out.append(Refused(at, fault.args[0], REASONS[fault.args[0]]))
        else:
            out.append(Canonical(contract, ("employee", row["nip"]), value, period(row), at))
    return out
