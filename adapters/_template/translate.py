"""Rows of this system to employee records.

Rule: pure; plain dicts, no models per row; every row becomes a `Canonical` or a `Refused`, and nothing is guessed.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from schemas.canonical.identifiers import check_unknown

NUMBER: Final = re.compile(r"[0-9]{6,18}", re.ASCII)


def employees(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One employee per row, or the reason why not."""
    out: list[Translated] = []
    for row, source in enumerate(body["rows"]):
        if message.rows is not None and row not in message.rows:
            continue
        number = source["number"]
        fault = check_unknown(number)
        if fault is not None:
            out.append(Refused(row, "number-malformed", fault.reason))
            continue
        if not NUMBER.fullmatch(number):
            out.append(Refused(row, "number-malformed", "the employee number is not 6 to 18 digits"))
            continue
        value = {
            "employeeId": number,
            "nationalId": None,
            "name": source["full_name"],
            "institution": message.institution,
            "unit": source["department"],
            "status": "active",
            "position": None,
            "grade": None,
            "employmentType": None,
            "validFrom": None,
        }
        out.append(Canonical("employee", ("employee", number), value, None, row))
    return out
