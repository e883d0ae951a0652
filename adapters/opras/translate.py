"""Forms TFN 832 to plans (section 2) and assessments (sections 5 to 7).

Rule: on the form 1 is the best mark and 5 the worst (note 5). Every mark is turned, so that more is better, and stands
beside what was written and the scale that it was written on. Section 7 is carried, never computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.attached import unwrap
from adapters.kit.marking import MarkScale
from adapters.kit.repeats import repeats
from adapters.kit.tables import texts_of
from schemas.canonical.identifiers import check_number

from .form import NUMBER, OVERALL, YEAR, Form, Part, read

SCALE: Final = MarkScale("5", "1", "TFN 832, note 5: 1 is the best mark, 5 the worst")
FIRST_YEAR: Final = 2004
LAST_YEAR: Final = 2023
REASONS: Final = {
    "number-malformed": "the check number is missing, is not digits alone, or a spreadsheet made another number of it",
    "form-repeated": "the check number stands in more than one row of the same year, with different content",
    "year-unreadable": "the year is not one financial year, such as 2021/2022",
    "year-outside": "the year lies before OPRAS or after PEPMIS replaced it",
    "mark-unreadable": "a mark is no number",
    "mark-off-scale": "a mark is not within 1 and 5",
    "nothing-assessed": "the form has neither an objective nor a mark",
    "row-ragged": "the row has more cells than the header, so its cells may stand under wrong names",
    "text-unsuitable": "a text is too long, or holds control characters",
}
_YEAR: Final = re.compile(r"(20[0-9]{2}) ?[/-] ?(20)?([0-9]{2})", re.ASCII)
_MARK: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,24})?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE: Final = re.compile(r"[\x00-\x1f\x7f]")
PLACES: Final = 12
"""Decimal places that a mark may have; a spreadsheet's mean has up to 16."""


class Fault(Exception):
    """A form that cannot become records; `args[0]` is a slug of `REASONS`."""


def forms(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """A plan and an assessment for each form, or the reason why not."""
    form, table = read(unwrap(body))
    rows = [texts_of(cells) for cells in table.rows]
    keys = [(form.text(texts, NUMBER), (form.text(texts, YEAR) or "")[:4]) for texts in rows]
    odd = repeats(keys, table.rows, "form-repeated", REASONS["form-repeated"])
    out: list[Translated] = []
    for row, texts in enumerate(rows):
        if message.rows is not None and row not in message.rows:
            continue
        if row in table.ragged:
            out.append(Refused(row, "row-ragged", REASONS["row-ragged"]))
            continue
        try:
            made = _records(form, texts, message.institution, row)
        except Fault as fault:
            out.append(Refused(row, fault.args[0], REASONS[fault.args[0]]))
        else:
            found = odd.get(row)
            out += made if found is None else [found]
    return out


def _records(form: Form, texts: Sequence[str], institution: str, row: int) -> list[Canonical]:
    number = form.text(texts, NUMBER) or ""
    if check_number(number) is not None:
        raise Fault("number-malformed")
    first = year_of(form.text(texts, YEAR) or "")
    span = {"first": f"{first}-07-01", "last": f"{first + 1}-06-30"}
    plan_id = f"opras-{first}-{number}"
    tasks = [_task(part, texts) for part in form.objectives if part.text >= 0 and texts[part.text]]
    marks = [_mark(part, texts) for part in form.marked if texts[part.mark]]
    written = form.text(texts, OVERALL)
    overall = None if written is None else _turned("overall", written, None, None, _line(form.text(texts, "label")))
    if not tasks and not marks and overall is None:
        raise Fault("nothing-assessed")
    subject = ("employee", number)
    shared = {"planId": plan_id, "institution": institution, "employeeId": number, "span": span}
    out = []
    if tasks:
        plan = {
            **shared,
            "level": "employee",
            "unit": _line(form.text(texts, "present station")),
            "supervisorId": None,
            "parentPlan": None,
            "status": "closed",
            "tasks": tasks,
        }
        out.append(Canonical("performance.plan", subject, plan, None, row))
    assessment = {
        **shared,
        "assessmentId": plan_id,
        "planId": plan_id if tasks else None,
        "kind": "annual",
        "marks": marks,
        "overall": overall,
        "formula": None,
        "predicate": None,
        "assessor": _line(form.text(texts, "supervisor")),
        "comment": _prose(form.text(texts, "comments")),
        "assessedOn": None,
    }
    out.append(Canonical("performance.assessment", subject, assessment, None, row))
    return out


@lru_cache(maxsize=64)
def year_of(text: str) -> int:
    """The first calendar year of a financial year, July to June: 2021/2022 or 2021/22 is 2021."""
    found = _YEAR.fullmatch(text)
    if found is None or (int(found[1]) + 1) % 100 != int(found[3]):
        raise Fault("year-unreadable")
    if not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise Fault("year-outside")
    return int(found[1])


def _task(part: Part, texts: Sequence[str]) -> dict[str, Any]:
    return {
        "taskId": part.slug,
        "parentTask": None,
        "title": _prose(texts[part.text]),
        "goal": None,
        "target": _prose(texts[part.target] or None) if part.target >= 0 else None,
        "activity": None,
        "indicator": None,
        "weight": None,
        "starts": None,
        "ends": None,
        "subTasks": [],
    }


def _mark(part: Part, texts: Sequence[str]) -> dict[str, Any]:
    label = texts[part.text] if part.text >= 0 else ""
    if not label:
        return _turned(part.slug, texts[part.mark], None, None, None)
    item = part.slug if part.of_plan else None
    return _turned(part.slug, texts[part.mark], _short(label), item, None)


def _turned(aspect: str, written: str, label: str | None, item: str | None, band: str | None) -> dict[str, Any]:
    exact = _exact(written)
    if exact is None:
        raise Fault("mark-unreadable")
    try:
        return SCALE.mark(aspect, written, label, item, band=band, exact=exact)
    except ValueError as error:
        raise Fault("mark-off-scale") from error


@lru_cache(maxsize=1024)
def _exact(written: str) -> str | None:
    """The digits of a mark; a mean of a spreadsheet has more than are kept, and what was written stands beside it. None: it
    is no mark."""
    if _MARK.fullmatch(written) is None:
        return None
    return written if len(written.partition(".")[2]) <= PLACES else f"{round(float(written), PLACES):.{PLACES}f}"


def _text(most: int, odd: re.Pattern[str]) -> Callable[[str | None], str | None]:
    def check(text: str | None) -> str | None:
        if text is None or (len(text) <= most and text.isprintable()):
            return text
        found = text.replace("\r\n", "\n")
        if len(found) > most or odd.search(found):
            raise Fault("text-unsuitable")
        return found

    return check


_prose: Final = _text(4000, _CONTROL)
_line: Final = _text(300, _LINE)


def _short(text: str) -> str:
    """A label: the objective on one line, at most 300 characters of it (the plan has all of it)."""
    if "  " in text or not text.isprintable():
        text = " ".join(text.split())
        if _LINE.search(text):
            raise Fault("text-unsuitable")
    return text[:300]
