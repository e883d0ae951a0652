"""data-utama rows to employee records.

Rule: nothing is guessed. The institution is the sender's, a NIP is taken or refused but never mended, golongan is
passed on letter by letter (a PPPK's bare "IX" is another scale than a PNS's "III/d"), and a position in service
that is not in the table refuses its row. Hot path: one dict per row, no models.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from schemas.canonical.identifiers import check_nik, check_nip

from .dates import read_day
from .history import history
from .writing import periodic, skp22

__all__ = ["employees", "history", "main_record", "periodic", "skp22"]

STATUS: Final = {
    "aktif": "active",
    "tugas belajar": "active",
    "cltn": "inactive",
    "cuti di luar tanggungan negara": "inactive",
    "pemberhentian sementara": "inactive",
    "diberhentikan sementara": "inactive",
    "pemberhentian": "inactive",
    "diberhentikan": "inactive",
    "pensiun": "inactive",
    "meninggal": "inactive",
    "meninggal dunia": "inactive",
}
"""kedudukanPnsNama in lower case -> status. SIASN publishes no closed list, so what is missing here is refused."""

DAMAGED: Final = (
    "the NIP ends in 000: a spreadsheet stored it as a number and its last three digits are lost; "
    "take it from SIASN again, as text"
)
NOT_A_NIP: Final = "nipBaru is not 18 digits that begin with a birth date"
SWAPPED: Final = "nipBaru has 16 digits and nik 18: the two columns are swapped"
UNKNOWN_STATUS: Final = "kedudukanPnsNama is not in the table of the adapter"
NOT_A_DATE: Final = "tmtCpns is not a date dd-mm-yyyy"
FOREIGN: Final = "SIASN answers with another NIP than was asked for"
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
PLAIN_ID: Final = re.compile(r"[0-9A-Za-z-]{1,32}", re.ASCII)
BLANK: Final = "nama or unorNama is blank"


def employees(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One employee per row of `data`, or the reason why not."""
    data, pager = body["data"], body["pager"]
    if len(data) > pager["pageSize"]:
        raise AdapterError("page-overfull", "the page holds more rows than its pager says")
    institution, wanted = message.institution, message.rows
    out: list[Translated] = []
    add = out.append
    for row, source in enumerate(data):
        if wanted is None or row in wanted:
            add(_employee(row, source, institution))
    return out


def main_record(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """The employee that SIASN answers with for one NIP, and a link to its own id of the person."""
    out: list[Translated] = []
    for row, source in enumerate(body["data"]):
        if message.rows is not None and row not in message.rows:
            continue
        item = _employee(row, source, message.institution)
        if isinstance(item, Canonical) and item.value["employeeId"] != body["nip"]:
            item = Refused(row, "nip-foreign", FOREIGN)
        out.append(item)
        link = _link(row, source, message.institution) if isinstance(item, Canonical) else None
        if link is not None:
            out.append(link)
    return out


def _link(row: int, source: dict[str, Any], institution: str) -> Canonical | None:
    """A link holds 32 characters, so a UUID stands in it without its hyphens; a longer id is left out."""
    own = (source.get("id") or "").strip()
    number = own.replace("-", "") if UUID.fullmatch(own) else own
    if not PLAIN_ID.fullmatch(number):
        return None
    nip = source["nipBaru"].strip()
    value = {
        "linkId": f"siasn-{nip}",
        "institution": institution,
        "employeeId": nip,
        "scheme": "other",
        "source": "SIASN",
        "value": number,
        "validFrom": None,
        "validTo": None,
        "withdrawn": False,
    }
    return Canonical("identity.link", ("employee", nip), value, None, row)


def _employee(row: int, source: dict[str, Any], institution: str) -> Translated:
    get = source.get
    nip = source["nipBaru"].strip()
    nik = (get("nik") or "").strip()
    fault = check_nip(nip, pppk=True)  # what both kinds of NIP share: of a PPPK's no more can be said
    if fault is not None:
        if fault.kind == "swapped" and len(nik) == 18:
            return Refused(row, "nip-nik-swapped", SWAPPED)
        if fault.kind == "spreadsheet":
            return Refused(row, "nip-damaged", DAMAGED)
        if fault.kind == "number-form":
            return Refused(row, "nip-damaged", fault.reason)
        return Refused(row, "nip-malformed", NOT_A_NIP)
    fault = check_nik(nik) if nik else None
    if fault is not None:
        return Refused(row, "nik-malformed", fault.reason)
    status = STATUS.get(source["kedudukanPnsNama"].strip().lower())
    if status is None:
        return Refused(row, "status-unknown", UNKNOWN_STATUS)
    began = read_day(get("tmtCpns") or "")
    if began == "":
        return Refused(row, "date-malformed", NOT_A_DATE)
    name, unit = source["nama"].strip(), source["unorNama"].strip()
    if not (name and unit):
        return Refused(row, "text-blank", BLANK)
    return Canonical(
        "employee",
        ("employee", nip),
        {
            "employeeId": nip,
            "nationalId": nik or None,
            "name": name,
            "institution": institution,
            "unit": unit,
            "status": status,
            "position": (get("jabatanNama") or "").strip() or None,
            "grade": get("golRuangAkhir") or None,
            "employmentType": (get("statusPegawai") or "").strip() or None,
            "validFrom": began,
        },
        None,
        row,
    )
