"""Messages of personnel registries and payrolls for the benchmarks: made-up rows of the usual size."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from signing.keys import PrivateKey
from signing.xmlframe import stripped

ROWS: Final = 500
MONTH: Final = "2026-12"
SIGNER: Final = PrivateKey(rsa.generate_private_key(65537, 2048))
DEVICE_OPTIONS: Final = {"publicKey": SIGNER.public.pem()}
"""Of the registered sender of the signed documents."""


def nip(number: int) -> str:
    """A NIP that is nobody's."""
    return f"19000101{1999 + number // 12000:04d}{number % 12 + 1:02d}1{number % 900 + 1:03d}"


def hcmis_page() -> dict[str, Any]:
    """A page with every member filled, twice as large as any that HCMIS gives."""
    coded = {"code": "K01", "description": "Kazi ya Mfano"}
    level = {**coded, "programCode": "P1", "programDescription": "Programu", "startDate": "1999-10-01", "endDate": ""}
    rows = [
        {
            "checkNumber": f"9{n:08d}",
            "nationalIdentification": f"19000101{n:012d}",
            "formFourIndexNo": "S0000/0001/1999",
            "employeeFirstName": "Mfano",
            "employeeMiddleName": "wa",
            "employeeLastName": f"Mtu {n}",
            "employeeSex": "F",
            "employeeBirthdate": "1900-01-01",
            "employeeEmail": f"mtu{n}@example.org",
            "educationLevels": [level],
            "professionalEducationLevels": [level],
            **dict.fromkeys(("jobClass", "jobCode", "dutyPost", "department", "organization", "workStation"), coded),
            "employeeServiceTerm": "Permanent",
            "employeeHireDate": f"2019-{n % 12 + 1:02d}-01",
            "employeeEmploymentStatusDescription": "Active",
        }
        for n in range(ROWS)
    ]
    return {"pager": {"pageSize": ROWS, "page": 1, "total": ROWS, "nextPage": None}, "data": rows}


def siasn_history() -> dict[str, Any]:
    """A history that is as long as the pages of the others."""
    rows = [
        {
            "id": f"J-{n}",
            "jenisJabatan": "2",
            "namaJabatan": "Analis Contoh",
            "tmtJabatan": f"01-{n % 12 + 1:02d}-2019",
            "nomorSk": f"SK-{n}",
            "tanggalSk": "20-02-2019",
            "path": {},
            **{f"other{k}": "lain" for k in range(15)},
        }
        for n in range(ROWS)
    ]
    return {"resource": "rw-jabatan", "nip": nip(0), "asOf": "2026-11-01", "data": rows}


def ess_document() -> bytes:
    """Signed monthly deductions, with white space between the tags as it comes."""
    records = "".join(
        f"""
      <DeductionRecord>
        <LoanNumber>LN-{n}</LoanNumber><CheckNumber>9{n:08d}</CheckNumber>
        <FirstName>Mfano</FirstName><MiddleName></MiddleName><LastName>Mtu</LastName>
        <NationalId>19000101{n:012d}</NationalId><VoteCode>32</VoteCode><VoteName>Fungu la Mfano</VoteName>
        <DepartmentCode>D01</DepartmentCode><DepartmentName>Idara ya Mfano</DepartmentName>
        <DeductionCode>DED-1</DeductionCode><DeductionDescription>Mkopo</DeductionDescription>
        <BalanceAmount>1500000.50</BalanceAmount><DeductionAmount>125000.00</DeductionAmount>
        <HasStopPay>false</HasStopPay><StopPayReason></StopPayReason><CheckDate>2026-10-31</CheckDate>
      </DeductionRecord>"""
        for n in range(ROWS)
    )
    data = (
        "<Data><Header><Sender>ESS_UTUMISHI</Sender><Receiver>M</Receiver><FSPCode>FL0001</FSPCode><MsgId>M-1</MsgId>"
        f"<MessageType>FSP_MONTHLY_DEDUCTIONS</MessageType></Header><MessageDetails>{records}</MessageDetails></Data>"
    )
    signature = base64.b64encode(SIGNER.sign(stripped(data.encode()))).decode()
    return f"<Document>{data}<Signature>{signature}</Signature></Document>".encode()


def payroll_reply() -> dict[str, Any]:
    """Every row of a batch, paid."""
    rows = [
        {
            "key": f"CONTOH:{MONTH}:{nip(n)}",
            "replyId": f"R-{n}",
            "employeeId": nip(n),
            "sent": "4980613",
            "outcome": "paid",
            "amount": "4980613",
        }
        for n in range(ROWS)
    ]
    total = str(sum(int(nip(n)) for n in range(ROWS)))[-10:]
    totals = {"count": ROWS, "net": str(ROWS * 4980613), "hash": total}
    return {"run": "R-1", "earned": MONTH, "paid": "2027-01", "currency": "IDR", "totals": totals, "rows": rows}


INPUTS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("hcmis", "employees"): hcmis_page,
    ("siasn", "history"): siasn_history,
    ("ess_deduction", "deductions"): ess_document,
    ("payroll_generic", "reply"): payroll_reply,
}


def run_of_all() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run in which everybody is ready, and its signals."""
    rules = {"id": "contoh", "version": "1"}
    signals: list[dict[str, Any]] = [
        {
            "signalId": f"{n:064x}",
            "run": f"CONTOH-{MONTH}-1",
            "employeeId": nip(n),
            "institution": "CONTOH",
            "earned": MONTH,
            "paid": "2027-01",
            "ruleSet": rules,
            "status": "ready",
            "reasons": [],
            "class": 7,
            "tariff": "5079200",
            "facts": None,
            "predicate": "baik",
            "performancePercent": "100",
            "gross": "5079200",
            "exact": "4980613",
            "cut": "98587",
            "net": "4980613",
            "assurance": "device",
            "payee": {
                "payingUnit": "000001",
                "bankCode": f"900{n % 4}",
                "bankName": "Bank Contoh",
                "account": f"{n:010d}",
                "accountName": f"ORANG CONTOH {n}",
                "name": f"Orang Contoh {n}",
                "decree": None,
            },
            "steps": [],
        }
        for n in range(ROWS)
    ]
    run = {
        "run": f"CONTOH-{MONTH}-1",
        "institution": "CONTOH",
        "earned": MONTH,
        "paid": "2027-01",
        "ruleSet": rules,
        "counts": {"employees": ROWS, "ready": ROWS, "held": 0, "unmatchedPunches": 0},
        "totals": {"gross": str(ROWS * 5079200), "cut": str(ROWS * 98587), "net": str(ROWS * 4980613)},
        "signalsDigest": "sha256:" + "0" * 64,
        "kind": "regular",
    }
    return run, signals


def entries(status: str) -> list[dict[str, Any]]:
    """A day of each employee as a system reports it."""
    return [
        {
            "contract": "attendance.entry",
            "value": {
                "entryId": f"E-{n}",
                "institution": "CONTOH",
                "employeeId": nip(n),
                "date": f"2026-10-{n // 100 + 1:02d}",
                "zone": "Asia/Jakarta",
                "timeIn": None,
                "timeOut": None,
                "minutes": 185,
                "status": status,
                "flags": [],
            },
        }
        for n in range(ROWS)
    ]


def assessments(kind: str, last: str) -> list[dict[str, Any]]:
    """An assessment of each employee with its two ratings, whom SIASN knows them as, and who assessed."""
    own, turned = ({"worst": worst, "best": best, "source": "SIASN"} for worst, best in (("1", "3"), ("3", "1")))
    marks = [
        {"aspect": aspect, "label": None, "item": None, "kind": "qualitative", "value": "2", "scale": own}
        | {"written": "2", "writtenScale": turned, "weight": None, "band": None}
        for aspect in ("result", "behaviour")
    ]
    found: list[dict[str, Any]] = []
    for n in range(ROWS):
        person = {"institution": "CONTOH", "employeeId": nip(n)}
        value = {
            "assessmentId": f"A-{n}",
            **person,
            "planId": None,
            "kind": kind,
            "span": {"first": "2025-01-01", "last": last},
            "marks": marks,
            "overall": None,
            "formula": None,
            "predicate": "baik",
            "assessor": nip(0),
            "comment": None,
            "assessedOn": None,
        }
        link: dict[str, Any] = {
            "linkId": f"siasn-{n}",
            **person,
            "scheme": "other",
            "source": "SIASN",
            "value": f"{n:032x}",
        }
        link |= {"validFrom": None, "validTo": None, "withdrawn": False}
        found += [{"contract": "performance.assessment", "value": value}, {"contract": "identity.link", "value": link}]
    assessor: dict[str, Any] = {
        "employeeId": nip(0),
        "nationalId": None,
        "name": "Orang Contoh",
        "institution": "CONTOH",
    }
    assessor |= {"unit": "Bagian Contoh", "status": "active", "position": "Kepala Contoh", "grade": "IV/a"}
    return [*found, {"contract": "employee", "value": assessor | {"employmentType": "PNS", "validFrom": None}}]


def deductions(kind: str) -> list[dict[str, Any]]:
    """A deduction of each employee for one lender: of the month, or its stop."""
    stops = kind == "stop"
    return [
        {
            "contract": "pay.deduction",
            "value": {
                "deductionId": f"LN-{n}-2026-10",
                "institution": "CONTOH",
                "employeeId": f"9{n:08d}",
                "nationalId": None,
                "kind": kind,
                "code": "DED-1",
                "text": "Mkopo & riba",
                "reference": f"LN-{n}",
                "creditorReference": "FR-1" if stops else None,
                "creditor": "FL0001",
                "amount": None if stops else "125000.00",
                "balance": None,
                "currency": "TZS",
                "period": "2026-10",
                "checkDate": None if stops else "2026-10-31",
                "vote": "32",
                "department": "D01 Idara ya Mfano",
                "stoppedOn": "2026-10-15" if stops else None,
                "stopReason": "Umelipwa" if stops else None,
            },
        }
        for n in range(ROWS)
    ]


def notices() -> list[dict[str, Any]]:
    """One outcome for each employee."""
    return [
        {
            "contract": "hr.notice",
            "value": {
                "noticeId": f"N-{n}",
                "institution": "CONTOH",
                "employeeId": f"9{n:08d}",
                "kind": "training-need",
                "span": {"first": "2026-07-01", "last": "2026-12-31"},
                "text": "Maneno ya mfano.",
                "topic": "Uandishi",
                "mark": None,
                "predicate": None,
                "facts": None,
                "run": None,
                "ruleSet": None,
                "grounds": [],
                "assurance": None,
                "withdrawn": False,
            },
        }
        for n in range(ROWS)
    ]
