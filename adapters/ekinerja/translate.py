"""Rows of the recap to performance reviews.

Rule: the predicate is taken as it stands and checked against the matrix where both ratings are given; where they
disagree the row is refused, because nobody here can know which of the three cells is wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.attached import unwrap
from adapters.kit.tables import plain
from schemas.canonical.identifiers import check_nip

from .labels import MATRIX, PREDICATES, RATINGS
from .sheet import read

NUMBER: Final = (
    "the NIP is stored as a number, so its last digits may be lost; format the column as text and export again"
)
DAMAGED: Final = "the NIP ends in 000: it was once stored as a number and its last three digits are lost"
NIK: Final = "the NIP column has 16 digits: that is a NIK"
MALFORMED: Final = "the NIP is not 18 digits that begin with a birth date"
RAGGED: Final = "the row has more cells than the header, so its cells may stand under wrong names"
REPEATED: Final = "the NIP stands in more than one row of the recap"
NO_PREDICATE: Final = "the predicate is empty"
UNKNOWN: Final = "a rating or the predicate is not a label of the regulation"
CONTRADICTION: Final = "the predicate is not what the matrix gives for the two ratings"

_FAULTS: Final = {
    "number-form": ("nip-number", NUMBER),
    "spreadsheet": ("nip-damaged", DAMAGED),
    "swapped": ("nip-is-nik", NIK),
}


def predicates(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One review per row of the recap, or the reason why not."""
    recap = read(unwrap(body))
    nips = [_nip(row[1]) for row in recap.rows]
    seen = Counter(nip for nip in nips if isinstance(nip, str))
    out: list[Translated] = []
    for row, (nip, cells) in enumerate(zip(nips, recap.rows, strict=True)):
        if message.rows is not None and row not in message.rows:
            continue
        if row in recap.ragged:
            out.append(Refused(row, "row-ragged", RAGGED))
        elif isinstance(nip, tuple):
            out.append(Refused(row, *nip))
        elif seen[nip] > 1:
            out.append(Refused(row, "nip-repeated", REPEATED))
        else:
            out.append(_review(row, nip, cells, recap.period, message.institution))
    return out


def _nip(cell: object) -> str | tuple[str, str]:
    """The NIP, or code and reason why there is none. Behind the birth date a NIP and an NI PPPK mean different things, and
    the recap does not say which it is, so only the date is read."""
    if not isinstance(cell, str):
        return ("nip-malformed", MALFORMED) if cell is None else ("nip-number", NUMBER)
    nip = cell.strip().removeprefix("'")
    fault = check_nip(nip, pppk=True)
    if fault is None:
        return nip
    return _FAULTS.get(fault.kind, ("nip-malformed", MALFORMED))


def _review(row: int, nip: str, cells: list[Any], period: str, institution: str) -> Translated:
    labels = [plain(cell) if isinstance(cell, str) else "?" if cell else "" for cell in cells[4:7]]
    result_label, behaviour_label, predicate_label = labels
    if not predicate_label:
        return Refused(row, "predicate-missing", NO_PREDICATE)
    predicate = PREDICATES.get(predicate_label)
    result, behaviour = RATINGS.get(result_label), RATINGS.get(behaviour_label)
    if predicate is None or (result_label and result is None) or (behaviour_label and behaviour is None):
        return Refused(row, "label-unknown", UNKNOWN)
    if result is not None and behaviour is not None and MATRIX[result, behaviour] != predicate:
        return Refused(row, "matrix-contradicted", CONTRADICTION)
    value = {
        "employeeId": nip,
        "institution": institution,
        "period": period,
        "predicate": predicate,
        "resultRating": result,
        "behaviourRating": behaviour,
        "assessor": None,
    }
    return Canonical("performance.review", ("employee", nip), value, period, row)
