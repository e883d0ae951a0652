"""Deduction records and stops to pay.deduction, and back to documents.

Rule: amounts are taken digit by digit; what is missing or has no form of its own refuses its row by name. One loan has one
deduction in one month: a second one that says something else is refused, one that says the same is a repetition.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from adapters.kit import (
    AdapterError,
    Canonical,
    MessageContext,
    Outgoing,
    Refused,
    Repeated,
    Signer,
    Skipped,
    Translated,
)
from schemas.canonical.identifiers import check_nin, check_number

from .document import (
    FIELD_MISSING,
    MONTHLY,
    RESPONSE,
    SENDER,
    STOP,
    UNSUPPORTED,
    Document,
    fields_of,
    open_document,
    signer_of,
)
from .document import write_document as write
from .plain import RECORD

_AMOUNT: Final = re.compile(r"0*([0-9]{1,15}(?:\.[0-9]{1,12})?)", re.ASCII)
_LOAN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,47}", re.ASCII)
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_WORDS: Final = re.compile(r"[^\x00-\x1f\x7f]+")
MAX_TEXT: Final = 300
_DAY: Final = re.compile(r"([12][0-9]{3}-[0-9]{2}-[0-9]{2})(?:T00:00:00)?", re.ASCII)
_NEEDED: Final = {
    MONTHLY: ("LoanNumber", "CheckNumber", "DeductionCode", "DeductionAmount", "CheckDate"),
    STOP: ("LoanNumber", "CheckNumber", "DeductionCode", "StopDate"),
}
_FLAGS: Final = {"true": True, "false": False, "": False}


def deductions(body: bytes, message: MessageContext) -> list[Translated]:
    """A pay.deduction for each DeductionRecord of FSP_MONTHLY_DEDUCTIONS."""
    return _translate(body, message, MONTHLY)


def stops(body: bytes, message: MessageContext) -> list[Translated]:
    """A pay.deduction of the kind stop for each MessageDetails of DEDUCTION_STOP_NOTIFICATION."""
    return _translate(body, message, STOP)


def responses(body: bytes, message: MessageContext) -> list[Translated]:
    """A RESPONSE to what was sent: one that refuses is a refusal by its code, so that somebody sees it."""
    options = _options(message)
    document = _open(body, options, RESPONSE)
    good = {code.strip() for code in options.get("successCodes", "8000").split(",")}
    out: list[Translated] = []
    for row, said in enumerate(document.rows):
        if message.rows is None or row in message.rows:
            code = (fields_of(said) or {}).get("ResponseCode", "")
            out.append(Skipped(row, "response-taken") if code in good else Refused(row, *_answered(code)))
    return out


def keys(body: bytes, options: Mapping[str, str]) -> list[tuple[str, ...]]:
    """A row is the same when all it says is the same, in the same message."""
    return row_keys(open_document(body, options))


def row_keys(document: Document) -> list[tuple[str, ...]]:
    """One natural key a row: the message and every text of the row."""
    kind, message_id = document.kind, document.message_id
    return [(kind, message_id, *map("=".join, zip(row.names, row.texts, strict=True))) for row in document.rows]


def _answered(code: str) -> tuple[str, str]:
    if code == FIELD_MISSING:
        return "response-field-missing", "the other side misses a mandatory field in what was sent (8002)"
    if code == UNSUPPORTED:
        return "response-unsupported", "the other side does not take this MessageType (8003)"
    return "response-refused", "the other side answers with another code than the successful ones"


def _options(message: MessageContext) -> Mapping[str, str]:
    return message.options if message.device is None else message.device.options


def _open(body: bytes, options: Mapping[str, str], kind: str) -> Document:
    document = open_document(body, options)
    if document.kind != kind:
        raise AdapterError("message-unsupported", f"the document is no {kind}")
    return document


def _translate(body: bytes, message: MessageContext, kind: str) -> list[Translated]:
    options = _options(message)
    document = _open(body, options, kind)
    currency = _currency(options)
    seen: dict[str, tuple[int, dict[str, str]]] = {}
    out: list[Translated] = []
    for row, said in enumerate(document.rows):
        fields = fields_of(said)
        item = _deduction(row, fields, document, message.institution, currency)
        if isinstance(item, Canonical) and fields is not None:
            first = seen.setdefault(item.value["deductionId"], (row, fields))
            if first[0] != row:
                same = first[1] == fields
                item = Repeated(row, first[0]) if same else Refused(row, "deduction-repeated", _REPEATED)
        if message.rows is None or row in message.rows:
            out.append(item)
    return out


_REPEATED: Final = "the same loan stands twice in one month, and the two do not say the same"


def _deduction(
    row: int, fields: dict[str, str] | None, document: Document, institution: str, currency: str
) -> Translated:
    if fields is None:
        return Refused(row, "record-malformed", "the record has a field twice, or fields within a field")
    get, kind = fields.get, document.kind
    if not all(map(get, _NEEDED[kind])):
        return Refused(row, "field-missing", f"the record lacks one of {', '.join(_NEEDED[kind])}")
    number, national = fields["CheckNumber"], get("NationalId") or None
    fault = check_number(number)
    if fault is not None:
        return Refused(row, "check-number-malformed", fault.reason)
    fault = None if national is None else check_nin(national)
    if fault is not None:
        return Refused(row, "nin-malformed", fault.reason)
    monthly = kind == MONTHLY
    day = _day(fields["CheckDate" if monthly else "StopDate"])
    paid_on = _day(get("CheckDate", "")) if get("CheckDate") else None
    amount, balance = _amount(get("DeductionAmount", "")), _amount(get("BalanceAmount", ""))
    loan, code, vote = fields["LoanNumber"], fields["DeductionCode"], get("VoteCode") or None
    flag = _FLAGS.get(get("HasStopPay", "").lower())
    if not day or paid_on == "":
        return Refused(row, "date-malformed", "a date is not YYYY-MM-DD, or does not exist")
    if amount == "" or balance == "":
        return Refused(row, "amount-malformed", "an amount is not decimal digits of zero or more")
    if not _LOAN.fullmatch(loan) or not _is_code(code) or not (vote is None or _is_code(vote)):
        return Refused(
            row, "code-malformed", "LoanNumber, DeductionCode or VoteCode has characters or a length of its own"
        )
    if flag is None:
        return Refused(row, "flag-malformed", "HasStopPay is neither true nor false")
    text, reference = get("DeductionDescription") or None, get("FSPReferenceNumber") or None
    pay_reason, stop_reason = get("StopPayReason") or None, get("StopReason") or None
    department = " ".join(filter(None, (get("DepartmentCode"), get("DepartmentName")))) or None
    if not all(map(_usable, filter(None, (department, text, reference, pay_reason, stop_reason)))):
        return Refused(row, "text-unusable", "a text is longer than 300 characters or has control characters")
    reason = (pay_reason or "HasStopPay" if flag else None) if monthly else stop_reason or pay_reason
    value = {
        "deductionId": f"{loan}-{day[:7]}" if monthly else f"{loan}-{day[:7]}-stop",
        "institution": institution,
        "employeeId": number,
        "nationalId": national,
        "kind": "monthly" if monthly else "stop",
        "code": code,
        "text": text,
        "reference": loan,
        "creditorReference": reference,
        "creditor": document.creditor,
        "amount": amount if monthly else None,
        "balance": balance,
        "currency": currency,
        "period": day[:7],
        "checkDate": paid_on,
        "vote": vote,
        "department": department,
        "stoppedOn": None if monthly else day,
        "stopReason": reason,
    }
    return Canonical("pay.deduction", ("employee", number), value, day[:7], row)


def _usable(text: str) -> bool:
    return len(text) <= MAX_TEXT and (text.isprintable() or _WORDS.fullmatch(text) is not None)


@lru_cache(maxsize=4096)
def _is_code(text: str) -> bool:
    """Whether a code of a deduction or a vote, of which there are few, has the form of one."""
    return _CODE.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def _day(text: str) -> str:
    """A day; "" for what is none."""
    found = _DAY.fullmatch(text)
    try:
        return "" if found is None else date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return ""


def _amount(text: str) -> str | None:
    """Digits without zeros in front; None for none, "" for what is no amount."""
    if not text:
        return None
    found = _AMOUNT.fullmatch(text)
    return "" if found is None else found[1]


def _currency(options: Mapping[str, str]) -> str:
    currency = options.get("currency", "TZS")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise AdapterError("option-malformed", "the option currency is no ISO 4217 code")
    return currency


def deductions_out(
    records: Sequence[dict[str, Any]], options: Mapping[str, str], signer: Signer | None
) -> list[Outgoing]:
    """FSP_MONTHLY_DEDUCTIONS, one document for each lender."""
    return _documents(records, options, MONTHLY, signer)


def stops_out(records: Sequence[dict[str, Any]], options: Mapping[str, str], signer: Signer | None) -> list[Outgoing]:
    """DEDUCTION_STOP_NOTIFICATION, one document for each lender and as many MessageDetails as there are stops."""
    return _documents(records, options, STOP, signer)


def _documents(
    records: Sequence[dict[str, Any]], options: Mapping[str, str], kind: str, signer: Signer | None
) -> list[Outgoing]:
    currency, lenders = _currency(options), dict[str, list[dict[str, Any]]]()
    signer = signer_of(options, signer)
    wanted = "monthly" if kind == MONTHLY else "stop"
    for value in (record["value"] for record in records):
        if value["kind"] != wanted or value["creditor"] is None or value["reference"] is None:
            raise AdapterError("deduction-unsuitable", f"a deduction is not {wanted}, or has no creditor or reference")
        if value["currency"] != currency:
            raise AdapterError("currency-foreign", "a deduction is in another currency than the option says")
        day = value["checkDate"] if kind == MONTHLY else value["stoppedOn"]
        if day is None or day[:7] != value["period"] or (kind == MONTHLY) == (value["amount"] is None):
            raise AdapterError(
                "deduction-unsuitable", "a deduction lacks its amount or day, or the day is of another month"
            )
        lenders.setdefault(value["creditor"], []).append(value)
    return [
        _document(creditor, lenders[creditor], options, kind, page, len(lenders), signer)
        for page, creditor in enumerate(sorted(lenders), 1)
    ]


def _document(
    creditor: str,
    values: Sequence[dict[str, Any]],
    options: Mapping[str, str],
    kind: str,
    page: int,
    pages: int,
    signer: Signer | None,
) -> Outgoing:
    rows = [_fields(value) for value in values]
    details: list[Mapping[str, object]] = [{RECORD: rows}] if kind == MONTHLY else [*rows]
    digest = hashlib.sha256(repr((kind, creditor, rows)).encode()).hexdigest()[:32]
    header = {
        "Sender": options.get("sender", SENDER),
        "Receiver": options.get("receiver", creditor),
        "FSPCode": creditor,
        "MsgId": digest,
        "MessageType": kind,
    }
    return Outgoing(write(header, details, signer), page, pages, f"{kind}_{creditor}_{digest}.xml")


def _fields(value: dict[str, Any]) -> dict[str, str | None]:
    monthly = value["kind"] == "monthly"
    fields = {
        "LoanNumber": value["reference"],
        "CheckNumber": value["employeeId"],
        "NationalId": value["nationalId"],
        "VoteCode": value["vote"],
        "DepartmentCode": None,
        "DepartmentName": value["department"],
        "DeductionCode": value["code"],
        "DeductionDescription": value["text"],
        "BalanceAmount": value["balance"],
        "DeductionAmount": value["amount"],
        "CheckDate": value["checkDate"],
        "FSPReferenceNumber": value["creditorReference"],
    }
    if monthly:
        stopped = value["stopReason"] is not None
        return fields | {"HasStopPay": str(stopped).lower(), "StopPayReason": value["stopReason"]}
    return fields | {"StopDate": value["stoppedOn"], "StopReason": value["stopReason"]}
