"""Rows of HCMIS to employees and their profiles; notices to pages for HCMIS.

Rule: nothing is guessed. A check number is taken or refused, never padded; dates are read in the one form that the
options name; a status that the options do not name refuses its row; codes and texts are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Outgoing, Refused, Translated
from schemas.canonical.identifiers import check_nin, check_number

from .dates import form_of, read_date, write_date

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
UNITS: Final = ("department", "workStation", "organization")
PAGE: Final = 50

BLANK: Final = "the row has no name"
NO_UNIT: Final = "the member that the option unit names is empty"
NO_STATUS: Final = "the employment status is neither among the active nor among the inactive ones of the options"
NOT_A_DATE: Final = "a date is not in the form that the option dateFormat names"

Read = Callable[[str | None], str | None]


def employees(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """An employee and a profile for each row of `data`, or the reason why not."""
    data, pager = body["data"], body["pager"]
    if len(data) > pager["pageSize"]:
        raise AdapterError("page-overfull", "the page holds more rows than its pager says")
    options, wanted = message.options, message.rows
    read, unit, statuses = read_date(form_of(options)), _unit(options), _statuses(options)
    out: list[Translated] = []
    for row, source in enumerate(data):
        if wanted is None or row in wanted:
            out += _row(row, source, message.institution, read, unit, statuses)
    return out


def _row(
    row: int, source: dict[str, Any], institution: str, read: Read, unit: str, statuses: Mapping[str, str]
) -> Sequence[Translated]:
    get = source.get
    number = str(source["checkNumber"])
    fault = check_number(number)
    if fault is not None:
        return (Refused(row, "check-number-malformed", fault.reason),)
    national = (get("nationalIdentification") or "").strip() or None
    fault = None if national is None else check_nin(national)
    if fault is not None:
        return (Refused(row, "nin-malformed", fault.reason),)
    code, words = _text(get("employeeEmploymentStatus")), _text(get("employeeEmploymentStatusDescription"))
    status = statuses.get((code or "").casefold()) or statuses.get((words or "").casefold())
    if status is None:
        return (Refused(row, "status-unknown", NO_STATUS),)
    first, middle, last = map(_text, (get("employeeFirstName"), get("employeeMiddleName"), get("employeeLastName")))
    name = " ".join(filter(None, (first, middle, last)))
    if not name:
        return (Refused(row, "name-blank", BLANK),)
    place = _coded(get(unit))
    if place is None:
        return (Refused(row, "unit-blank", NO_UNIT),)
    hired = read(get("employeeHireDate"))
    confirmed, born = read(get("employeeConfirmationDate")), read(get("employeeBirthdate"))
    education = _education(source, read)
    if hired == "" or confirmed == "" or born == "" or education is None:
        return (Refused(row, "date-malformed", NOT_A_DATE),)
    post, term = _coded(get("dutyPost")), _text(get("employeeServiceTerm"))
    employee = {
        "employeeId": number,
        "nationalId": national,
        "name": name,
        "institution": institution,
        "unit": place["description"] or place["code"],
        "status": status,
        "position": None if post is None else post["description"] or post["code"],
        "grade": None,
        "employmentType": term,
        "validFrom": hired,
    }
    profile = {
        "employeeId": number,
        "institution": institution,
        "nationalId": national,
        "firstName": first,
        "middleName": middle,
        "lastName": last,
        "sex": _text(get("employeeSex")),
        "birthDate": born,
        "nationality": _text(get("employeeNationality")),
        "disability": _text(get("employeeDisability")),
        "mobile": _text(get("employeeMobileNumber")),
        "email": _text(get("employeeEmail")),
        "formFour": _text(get("formFourIndexNo")),
        "formSix": _text(get("formSixIndexNo")),
        "education": education,
        "jobClass": _coded(get("jobClass")),
        "job": _coded(get("jobCode")),
        "dutyPost": post,
        "department": _coded(get("department")),
        "organization": _coded(get("organization")),
        "workStation": _coded(get("workStation")),
        "serviceTerm": term,
        "hiredOn": hired,
        "confirmedOn": confirmed,
        "status": {"code": code, "description": words},
    }
    subject = ("employee", number)
    return (
        Canonical("employee", subject, employee, None, row),
        Canonical("employee.profile", subject, profile, None, row),
    )


def _text(text: str | None) -> str | None:
    """A text without the spaces around it; None for an empty one."""
    return (text.strip() or None) if text else None


def _coded(pair: dict[str, Any] | None) -> dict[str, str | None] | None:
    if not pair:
        return None
    code, words = _text(pair.get("code")), _text(pair.get("description"))
    return None if code is None and words is None else {"code": code, "description": words}


def _education(source: dict[str, Any], read: Read) -> list[dict[str, Any]] | None:
    """Levels, general ones first; None when a date of one is none. An entry without any text says nothing."""
    found: list[dict[str, Any]] = []
    for member, professional in (("educationLevels", False), ("professionalEducationLevels", True)):
        for entry in source.get(member) or ():
            first, last = read(entry.get("startDate")), read(entry.get("endDate"))
            if first == "" or last == "":
                return None
            level = _coded(entry)
            programme = _coded({"code": entry.get("programCode"), "description": entry.get("programDescription")})
            if professional:
                programme = None
            if level is None and programme is None and first is None and last is None:
                continue
            found.append(
                {
                    "professional": professional,
                    "level": level or {"code": None, "description": None},
                    "programme": programme,
                    "first": first,
                    "last": last,
                }
            )
    return found


def _unit(options: Mapping[str, str]) -> str:
    unit = options.get("unit", UNITS[0])
    if unit not in UNITS:
        raise AdapterError("option-malformed", f"the option unit is one of {', '.join(UNITS)}")
    return unit


def _statuses(options: Mapping[str, str]) -> dict[str, str]:
    """Codes and descriptions, letters in either case -> status. The two words themselves are known; codes are not."""
    found = {ACTIVE: ACTIVE, INACTIVE: INACTIVE}
    for status in (ACTIVE, INACTIVE):
        for word in options.get(f"{status}Statuses", "").split(","):
            if word.strip():
                found[word.strip().casefold()] = status
    return found


def notices(records: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """Notices of one institution as pages, in the order given."""
    form = form_of(options)
    values = [record["value"] for record in records]
    if len({value["institution"] for value in values}) > 1:
        raise AdapterError("institutions-mixed", "the notices are of more than one institution")
    if len({value["noticeId"] for value in values}) < len(values):
        raise AdapterError("notice-repeated", "two notices have one id")
    if any(check_number(value["employeeId"]) is not None for value in values):
        raise AdapterError("check-number-malformed", "a notice is for somebody without a check number")
    parts = [values[start : start + PAGE] for start in range(0, len(values), PAGE)]
    return [_page(part, number, len(parts), len(values), form) for number, part in enumerate(parts, 1)]


def _page(values: Sequence[dict[str, Any]], page: int, pages: int, total: int, form: str) -> Outgoing:
    pager = {"pageSize": PAGE, "page": page, "total": total, "nextPage": page + 1 if page < pages else None}
    rows = [_notice(value, form) for value in values]
    body = {"institution": values[0]["institution"], "pager": pager, "data": rows}
    return Outgoing(body, page, pages, f"notices-{page:04d}")


def _notice(value: dict[str, Any], form: str) -> dict[str, Any]:
    mark, rules = value["mark"], value["ruleSet"]
    return {
        "noticeId": value["noticeId"],
        "checkNumber": value["employeeId"],
        "noticeType": value["kind"].upper().replace("-", "_"),
        "startDate": write_date(value["span"]["first"], form),
        "endDate": write_date(value["span"]["last"], form),
        "description": value["text"],
        "topic": value["topic"],
        "mark": mark and {"value": mark["value"], "worst": mark["scale"]["worst"], "best": mark["scale"]["best"]},
        "predicate": value["predicate"],
        "attendance": value["facts"] and dict(value["facts"]),
        "run": value["run"],
        "ruleSet": rules and rules["id"],
        "ruleSetVersion": rules and rules["version"],
        "assurance": value["assurance"],
        "withdrawn": value["withdrawn"],
    }
