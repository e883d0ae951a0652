"""Messages of the remaining exchanges for the benchmarks: small ones, and what goes out as it came in. All made up."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.kit.attached import wrap
from adapters.kit.registry import load
from adapters.kit.values import Canonical, MessageContext
from signing.xmlframe import stripped
from tests.bench import payroll_inputs, performance_inputs
from tests.bench.payroll_inputs import nip
from tests.unit.adapters import recap

ROWS: Final = 500
MESSAGE: Final = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 1_793_491_200_000)
_YEAR: Final = {"startDate": "2026-07-01", "endDate": "2027-06-30"}
_MARK: Final = {"mark": "81", "worst": 0, "best": 100}


def _records(make: Callable[[int], Mapping[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Canonical records as they come on the generic wire, of the same institution."""
    return lambda: {"records": [{"institution": "CONTOH", **make(n)} for n in range(ROWS)]}


def _payee(n: int) -> dict[str, Any]:
    bank = {"payingUnit": "000001", "bankCode": f"900{n % 4}", "bankName": "Bank Contoh", "account": f"{n:010d}"}
    return {
        "employeeId": nip(n),
        "class": 7,
        "tariff": "4000000",
        "currency": "IDR",
        **bank,
        "accountName": f"ORANG CONTOH {n}",
        "decree": None,
        "validFrom": "2026-01",
    }


def _calendar(n: int) -> dict[str, Any]:
    days = [f"2026-10-{day:02d}" for day in range(1, 32) if day % 7 not in (3, 4)]
    return {"unit": f"U-{n}", "period": "2026-10", "zone": "Asia/Jakarta", "workingDays": days, "ceremonies": days[:1]}


def _leave(n: int) -> dict[str, Any]:
    days = {"from": "2026-10-05", "to": "2026-10-07"}
    return {"leaveId": f"L-{n}", "employeeId": nip(n), "kind": "annual", **days, "cancelled": False}


def _sanction(n: int) -> dict[str, Any]:
    months = {"from": "2026-10", "to": "2027-03"}
    level = {"level": "medium", "cutPercent": "25"}
    return {"sanctionId": f"S-{n}", "employeeId": nip(n), **level, **months, "cancelled": False}


def _outage(n: int) -> dict[str, Any]:
    times = {"date": "2026-10-08", "from": "07:00:00", "to": "09:30:00"}
    return {"outageId": f"O-{n}", "serial": "CONTOH0001", **times, "reason": "listrik padam"}


def _link(n: int) -> dict[str, Any]:
    said = {"scheme": "other", "source": "EKIN", "value": f"{n:04d}"}
    return {"linkId": f"T-{n}", "employeeId": nip(n), **said, "validFrom": None, "validTo": None, "withdrawn": False}


def link_table() -> dict[str, Any]:
    """Links as a table."""
    head = "linkId,employeeId,scheme,source,value,validFrom,validTo,withdrawn"
    lines = [f"T-{n},{nip(n)},other,EKIN,{n:04d},2026-01-01,2026-12-31," for n in range(ROWS)]
    return wrap("links.csv", "\n".join([head, *lines]).encode())


def recap_csv() -> dict[str, Any]:
    """The recap of the workbook as CSV."""
    rows = [recap.row(n, *recap.GOOD) for n in range(1, ROWS + 1)]
    lines = [(recap.HEAD[0],), (recap.PERIOD,), recap.HEADER, *rows]
    return wrap("rekap.csv", "\n".join(",".join(map(str, line)) for line in lines).encode())


def appeals() -> dict[str, Any]:
    """Appeals that were decided."""
    said = {"filedOn": "2027-01-15", "ground": "Handed in on time.", "status": "UPHELD", "decidedOn": "2027-02-01"}
    rows = [{"appealId": f"C-{n}", "checkNumber": f"9{n:05d}", **said, "overall": _MARK} for n in range(ROWS)]
    return {"appeals": rows}


def results() -> dict[str, Any]:
    """Results of departments."""
    marks = [{"aspect": aspect, "label": aspect, **_MARK, "weight": "50"} for aspect in ("service", "finance")]
    rows = [{"department": f"D-{n}", "kind": "ANNUAL", **_YEAR, "marks": marks, "overall": _MARK} for n in range(ROWS)]
    return {"results": rows}


def main_record() -> dict[str, Any]:
    """The main record of one employee, as SIASN answers it."""
    row = {
        "id": "00000000-0000-4000-8000-000000000001",
        "nipBaru": nip(1),
        "nama": "Orang Contoh 1",
        "nik": "3100000101900001",
        "statusPegawai": "PNS",
        "kedudukanPnsNama": "Aktif",
        "tmtCpns": "01-02-2019",
        "unorNama": "Bagian Contoh",
        "jabatanNama": "Analis Contoh",
        "golRuangAkhir": "III/d",
        **{f"other{k}": "lain" for k in range(20)},
    }
    return {"resource": "data-utama", "nip": nip(1), "asOf": "2026-11-01", "data": [row]}


def access_event() -> dict[str, Any]:
    """One event that a Hikvision device sends."""
    said = {"majorEventType": 5, "subEventType": 75, "serialNo": 101, "employeeNoString": "0042"}
    return {
        "ipAddress": "192.0.2.7",
        "dateTime": "2026-10-05T07:21:09+07:00",
        "eventType": "AccessControllerEvent",
        "AccessControllerEvent": {**said, "attendanceStatus": "checkIn"},
    }


def scan() -> dict[str, Any]:
    """One scan that Fingerspot's cloud sends."""
    said = {"pin": "0042", "scan": "2026-10-05 07:21", "verify": "1", "status_scan": "0"}
    return {"type": "attlog", "cloud_id": "CONTOH0001", "data": said}


def operations() -> bytes:
    """What was done at a device in a morning."""
    lines = [f"OPLOG 4\t0\t2026-10-01 {7 + n // 60 % 10:02d}:{n % 60:02d}:00\t0\t0\t0\t0\r\n" for n in range(ROWS)]
    return "".join(lines).encode()


def command_results() -> bytes:
    """Commands that a device has done."""
    return "".join(f"ID={n + 1}&Return=0&CMD=DATA\n" for n in range(ROWS)).encode()


def _signed(kind: str, details: str) -> bytes:
    header = f"<Sender>ESS_UTUMISHI</Sender><Receiver>M</Receiver><FSPCode>FL0001</FSPCode><MsgId>M-1</MsgId><MessageType>{kind}</MessageType>"
    data = f"<Data><Header>{header}</Header>{details}</Data>".encode()
    signature = base64.b64encode(payroll_inputs.SIGNER.sign(stripped(data)))
    return b"<Document>%b<Signature>%b</Signature></Document>" % (data, signature)


def ess_stops() -> bytes:
    """Signed stops: what the monthly records say, and why and when."""
    more = "<FSPReferenceNumber>R-1</FSPReferenceNumber><StopDate>2026-10-31</StopDate><StopReason>Mwisho</StopReason>"
    records = re.findall("<DeductionRecord>(.*?)</DeductionRecord>", payroll_inputs.ess_document().decode(), re.DOTALL)
    return _signed(
        "DEDUCTION_STOP_NOTIFICATION", "".join(f"<MessageDetails>{r}{more}</MessageDetails>" for r in records)
    )


def ess_responses() -> bytes:
    """Signed answers to what was sent."""
    said = "<ResponseCode>8000</ResponseCode><Description>OK</Description>"
    return _signed("RESPONSE", f"<MessageDetails>{said}</MessageDetails>" * ROWS)


def template_rows() -> dict[str, Any]:
    """Employees in the form of the template."""
    return {
        "rows": [
            {"number": f"9{n:05d}", "full_name": "Orang Contoh", "department": "Bagian Contoh"} for n in range(ROWS)
        ]
    }


INPUTS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("generic_json", "payee"): _records(_payee),
    ("generic_json", "calendar"): _records(_calendar),
    ("generic_json", "leave"): _records(_leave),
    ("generic_json", "sanction"): _records(_sanction),
    ("generic_json", "outage"): _records(_outage),
    ("generic_json", "link"): _records(_link),
    ("generic_json", "link-table"): link_table,
    ("ekinerja", "predicates-csv"): recap_csv,
    ("ess_deduction", "stops"): ess_stops,
    ("ess_deduction", "responses"): ess_responses,
    ("fingerspot", "scan"): scan,
    ("hikvision", "event"): access_event,
    ("pepmis", "appeals"): appeals,
    ("pepmis", "results"): results,
    ("siasn", "data-utama"): main_record,
    ("zkteco_adms", "operlog"): operations,
    ("zkteco_adms", "results"): command_results,
    ("_template", "employees"): template_rows,
}


def outward() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Records of the exchanges that give back what others brought, as these make them."""
    made = performance_inputs.INPUTS | INPUTS
    found = {
        ("pepmis", f"{name}-out"): _read("pepmis", name, made["pepmis", name]())
        for name in ("plans", "progress", "assessments", "appeals", "results")
    }
    found["eperformance", "totals"] = [
        record
        for name in ("activities", "hours")
        for record in _read("eperformance", name, made["eperformance", name]())
    ]
    mark = next(record["value"]["overall"] for record in found["pepmis", "assessments-out"])
    result = {"kind": "performance-result", "topic": None, "mark": mark, "run": "CONTOH-2026-12-1"}
    notices = payroll_inputs.notices()
    found["pepmis", "scores-out"] = [{**notice, "value": {**notice["value"], **result}} for notice in notices]
    return found


def _read(system: str, exchange: str, body: Any) -> list[dict[str, Any]]:
    items = load(system).translate(exchange, body, MESSAGE)
    return [{"contract": item.contract, "value": item.value} for item in items if isinstance(item, Canonical)]
