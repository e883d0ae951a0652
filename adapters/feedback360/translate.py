"""Feedback by rater to feedback by group.

Rule: no record names, numbers or dates a rater, and small groups show no marks. An overall mark is carried only where every
group shows its marks: of a group that is withheld it would tell the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_nip
from schemas.errors import SchemaError
from schemas.scores import ScoreRules, find, fits

from .groups import GROUPS, Answers, Survey, group_of

REASONS: Final = {
    "nip-number": "a spreadsheet made another number of the NIP",
    "nip-damaged": "the NIP ends in 000: it was once stored as a number and its last three digits are lost",
    "nip-is-nik": "the NIP has 16 digits: that is a NIK",
    "nip-malformed": "the NIP is not 18 digits that begin with a birth date",
    "id-repeated": "the id stands in more than one row of the message, with different content",
    "person-repeated": "the employee stands in more than one row of the survey",
    "rater-repeated": "a rater answered more than once",
    "feedback-missing": "nobody answered and no group was asked",
    "mark-off-scale": "a mark lies off the scale of the survey, or that has no two ends",
    "overall-contradicted": "the overall mark is not what the rule set makes of the groups, or of a group that it has no weight for",
}
_NIP: Final = {"number-form": "nip-number", "spreadsheet": "nip-damaged", "swapped": "nip-is-nik"}


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


def feedback(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One record per employee, or the reason why not."""
    rules, rows = rules_of(body["formula"], message.institution), body["penilaian"]
    if body["sampai"] < body["dari"]:
        raise AdapterError("dates-backwards", "the survey ends before it begins")
    span = {"first": body["dari"], "last": body["sampai"]}
    said = body["skala"]
    survey = Survey(str(said["terburuk"]), str(said["terbaik"]), said["sumber"], rules)
    odd = repeats([row["nip"] for row in rows], rows, "person-repeated", REASONS["person-repeated"])
    odd |= repeats([row["id"] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            value = _record(row, message.institution, span, survey)
        except Fault as fault:
            out.append(Refused(at, fault.args[0], REASONS[fault.args[0]]))
        else:
            out.append(Canonical("performance.feedback", ("employee", row["nip"]), value, None, at))
    return out


def rules_of(formula: Mapping[str, str], institution: str) -> ScoreRules:
    """The rule set that the survey names; without one there are no weights and no bound on groups, so none is taken."""
    rules = find(formula["id"], formula["version"])
    if rules is None or not rules.is_for(institution):
        raise AdapterError("formula-unknown", "the hub has no rule set of that id and version for this institution")
    return rules


def _record(row: Mapping[str, Any], institution: str, span: Mapping[str, str], survey: Survey) -> dict[str, Any]:
    fault = check_nip(row["nip"], pppk=True)
    if fault is not None:
        raise Fault(_NIP.get(fault.kind, "nip-malformed"))
    answers: Answers = row["tanggapan"]
    raters = [answer["penilai"] for answer in answers if answer.get("penilai") is not None]
    if len(set(raters)) != len(raters):
        raise Fault("rater-repeated")
    asked = row.get("diminta", ())
    by_group: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in GROUPS if kind in asked} if asked else {}
    for answer in answers:
        kind = answer["kelompok"]
        if kind in by_group:
            by_group[kind].append(answer)
        else:
            by_group[kind] = [answer]
    if not by_group:
        raise Fault("feedback-missing")
    try:
        groups = [group_of(kind, by_group[kind], survey) for kind in GROUPS if kind in by_group]
        overall = overall_of(row.get("nilaiAkhir"), groups, survey)
    except ValueError as error:
        raise Fault("mark-off-scale") from error
    return {
        "feedbackId": row["id"],
        "institution": institution,
        "employeeId": row["nip"],
        "span": {**span},
        "groups": groups,
        "overall": overall,
        "formula": None if overall is None else survey.rules.formula,
    }


def overall_of(given: str | int | None, groups: list[dict[str, Any]], survey: Survey) -> dict[str, Any] | None:
    """The survey's overall mark, held against the weights; None where it has none or a group is withheld."""
    if given is None:
        return None
    mark = survey.scale.mark("overall", str(given))
    if any(group["withheld"] for group in groups):
        return None
    means = {}
    for group in groups:
        values = [Decimal(mark["value"]) for mark in group["marks"]]
        if values and group["weight"] is not None:
            means[group["group"]] = sum(values, Decimal(0)) / len(values)
    try:
        same = fits(survey.rules, [(None, means)], Decimal(mark["value"]))
    except SchemaError:
        same = False
    if not same:
        raise Fault("overall-contradicted")
    return mark
