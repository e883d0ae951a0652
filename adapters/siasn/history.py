"""Rows of SIASN's histories to events and assessments.

Rule: each resource has names of its own, misspelt ones among them, and they are read as they are: answers say
`PerilakuKerjaNilai`, those of kinerjaperiodik `perilakuKerjaNilai` too, months are `bulanMulaiPenilaian` or `bulanMulai`, of angkakredit `bulanMulaiPenailan`. A sanction that was
cancelled says so. Ratings are turned (1 is the best); the code table of the quadrant is not public, so it says nothing here.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from schemas.canonical.identifiers import check_nip

from .dates import read_day

ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
RATINGS: Final = {"1": "3", "2": "2", "3": "1"}
"""1 Di atas, 2 Sesuai, 3 Di bawah ekspektasi -> more is better."""
_SOURCE: Final = "SIASN"
SCALE: Final = {"worst": "1", "best": "3", "source": _SOURCE}
WRITTEN: Final = {"worst": "3", "best": "1", "source": _SOURCE}
_WORDS: Final = {"3": "Di atas ekspektasi", "2": "Sesuai ekspektasi", "1": "Di bawah ekspektasi"}


class Kind(NamedTuple):
    """How an event is read from a history: kind, then the members of code, words, first day, last day, decree and its day."""

    kind: str
    code: str | None
    words: tuple[str, ...]
    first: str | None
    last: str | None
    decree: str | None
    decreed: str | None
    cancelled: str | None = None


KINDS: Final[Mapping[str, Kind | None]] = {
    "rw-jabatan": Kind("position", "jenisJabatan", ("namaJabatan", "jabatanFungsionalNama", "jabatanFungsionalUmumNama"),
                       "tmtJabatan", None, "nomorSk", "tanggalSk"),
    "rw-golongan": Kind("grade", "golonganId", ("golongan",), "tmtGolongan", None, "skNomor", "skTanggal"),
    "rw-pendidikan": Kind("education", "tkPendidikanId", ("pendidikanNama", "tkPendidikanNama"), None, "tglLulus",
                          "nomorIjasah", None),
    "rw-hukdis": Kind("discipline", "jenisTingkatHukumanId", ("jenisHukumanNama", "jenisHukuman"), "hukumanTanggal",
                      "akhirHukumTanggal", "skNomor", "skTanggal", "skPembatalanNomor"),
    "rw-angkakredit": Kind("credit-points", "kreditBaruTotal", ("namaJabatan",), None, None, "nomorSk", "tanggalSk"),
    "rw-cltn": Kind("leave-unpaid", "cltnId", (), "tanggalAwal", "tanggalAkhir", "skNomor", "skTanggal"),
    "rw-pemberhentian": Kind("end", "jenisHenti", ("asalNama",), None, None, "skNomor", "skTanggal"),
    "rw-pnsunor": Kind("unit", "unorBaru", ("namaUnorBaru",), None, None, "skNomor", "skTanggal"),
    "rw-skp22": None,
    "rw-kinerjaperiodik": None,
}  # fmt: skip
"""Resources that are read. None: an assessment and no event."""

NOT_AN_ID: Final = "the row has no id, or one that is no id"
NOT_A_DATE: Final = "a date is not dd-mm-yyyy, or months and years of an assessment are none"
NOT_A_RATING: Final = "a rating is not 1, 2 or 3"
NOTHING: Final = "the row does not say what it is about"
UNUSABLE: Final = "a text is longer than 300 characters or has control characters"
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{0,300}")


def history(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """An event or an assessment for each row, or the reason why not."""
    resource, nip = body["resource"], body["nip"]
    fault = check_nip(nip, pppk=True)
    if resource not in KINDS:
        raise AdapterError("resource-unknown", "the resource is not one that is read")
    if fault is not None:
        raise AdapterError("nip-malformed", fault.reason)
    kind = KINDS[resource]
    out: list[Translated] = []
    for row, source in enumerate(body["data"]):
        if message.rows is None or row in message.rows:
            fields = {name: _plain(value) for name, value in source.items()}
            if not ID.fullmatch(fields.get("id", "")):
                out.append(Refused(row, "id-malformed", NOT_AN_ID))
            elif any(not _TEXT.fullmatch(value) for value in fields.values()):
                out.append(Refused(row, "text-unusable", UNUSABLE))
            elif kind is None:
                out.append(_assessment(row, fields, nip, message.institution, annual=resource == "rw-skp22"))
            else:
                out.append(_event(row, fields, nip, message.institution, kind))
    return out


def _plain(value: Any) -> str:
    """Texts and numbers as texts; SIASN writes "" and null alike. Lists and objects (`path`) are not read."""
    return value.strip() if isinstance(value, str) else str(value) if type(value) in (int, float) else ""


def _event(row: int, fields: dict[str, str], nip: str, institution: str, kind: Kind) -> Translated:
    def text(name: str | None) -> str | None:
        return fields.get(name or "") or None

    days = [read_day(fields.get(name or "", "")) for name in (kind.first, kind.last, kind.decreed)]
    if "" in days:
        return Refused(row, "date-malformed", NOT_A_DATE)
    code, words = text(kind.code), next(filter(None, map(text, kind.words)), None)
    if code is None and words is None:
        return Refused(row, "subject-missing", NOTHING)
    value = {
        "eventId": fields["id"],
        "employeeId": nip,
        "institution": institution,
        "kind": kind.kind,
        "first": days[0],
        "last": days[1],
        "subject": {"code": code, "description": words},
        "decree": text(kind.decree),
        "decreedOn": days[2],
        "cancelled": text(kind.cancelled) is not None,
    }
    return Canonical("employee.event", ("employee", nip), value, None, row)


def _assessment(row: int, fields: dict[str, str], nip: str, institution: str, *, annual: bool) -> Translated:
    result = fields.get("hasilKinerjaNilai", "")
    behaviour = _spelt(fields, "PerilakuKerjaNilai", *(() if annual else ("perilakuKerjaNilai",)))
    if result not in RATINGS or behaviour not in RATINGS:
        return Refused(row, "rating-malformed", NOT_A_RATING)
    span = _span(fields, annual=annual)
    if span is None:
        return Refused(row, "date-malformed", NOT_A_DATE)
    value = {
        "assessmentId": fields["id"],
        "institution": institution,
        "employeeId": nip,
        "planId": None,
        "kind": "annual" if annual else "periodic",
        "span": span,
        "marks": [_mark("result", "hasilKinerjaNilai", result), _mark("behaviour", "perilakuKerjaNilai", behaviour)],
        "overall": None,
        "formula": None,
        "predicate": None,
        "assessor": fields.get("nipNrpPenilai" if annual else "penilaiNipNrp") or fields.get("namaPenilai") or None,
        "comment": None,
        "assessedOn": None,
    }
    return Canonical("performance.assessment", ("employee", nip), value, None, row)


def _mark(aspect: str, label: str, written: str) -> dict[str, Any]:
    turned = RATINGS[written]
    return {
        "aspect": aspect,
        "label": label,
        "item": None,
        "kind": "qualitative",
        "value": turned,
        "scale": SCALE,
        "written": written,
        "writtenScale": WRITTEN,
        "weight": None,
        "band": _WORDS[turned],
    }


def _span(fields: dict[str, str], *, annual: bool) -> dict[str, str] | None:
    """First and last day of the year, or of the months that are named; of a periodic one without months nothing is known."""
    year = fields.get("tahun", "")
    first, last = ("1", year), ("12", year)
    if not annual:
        first = _spelt(fields, "bulanMulaiPenilaian", "bulanMulai"), fields.get("tahunMulaiPenilaian") or year
        last = _spelt(fields, "bulanSelesaiPenilaian", "bulanSelesai"), fields.get("tahunSelesaiPenilaian") or year
    try:
        (a, b), (c, d) = (_month(*first), _month(*last))
    except ValueError:
        return None
    if (b, a) > (d, c):
        return None
    return {"first": f"{b}-{a:02d}-01", "last": f"{d}-{c:02d}-{monthrange(d, c)[1]}"}


def _spelt(fields: dict[str, str], *names: str) -> str:
    """What stands under the names that one thing has; "" where there is nothing, or two that differ."""
    found = {fields[name] for name in names if fields.get(name)}
    return found.pop() if len(found) == 1 else ""


def _month(month: str, year: str) -> tuple[int, int]:
    if not (month.isascii() and month.isdigit() and len(month) < 3 and re.fullmatch("[12][0-9]{3}", year)):
        raise ValueError("not a month")
    found = int(month)
    if not 1 <= found <= 12:
        raise ValueError("not a month")
    return found, int(year)
