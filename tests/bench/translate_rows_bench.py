"""Records per second out of the adapters' translations, in one process, kit included.

`python -m tests.bench.translate_rows_bench` prints one line of JSON per adapter: records/s through the kit, and
microseconds per record of the bare function and of both. Medians of as many rounds as fit, three at least, the exchanges
interleaved. Rows of the input that make several records (a form is a plan and an assessment) count as that many. The first
exchange of an adapter has its name, the others their own behind it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from adapters.kit import DeviceContext, MessageContext
from adapters.kit.attached import wrap
from adapters.kit.registry import load
from hub.garbage import look_rarely
from signing import jsontext
from tests.bench import other_inputs, payroll_inputs, performance_inputs
from tests.unit.adapters.recap import GOOD, recap, row

ROWS: Final = 500
RECORDS: Final = 1_000
"""At least so many are made in one measurement."""
ROUNDS: Final = 3
FLOOR: Final = 20_000
"""Records a second that each translation has to reach, on a core (issue 6)."""
AIM: Final = 30_000
"""With room for a host whose speed goes up and down."""
DEVICE: Final = DeviceContext("gate-1", "CONTOH0001", "Asia/Jakarta", payroll_inputs.DEVICE_OPTIONS)
MESSAGE: Final = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 1_793_491_200_000, None, DEVICE)


def siasn_page() -> dict[str, Any]:
    """A page as SIASN sends it, with members that nobody reads."""
    rows = [
        {f"other{k}": "lain" for k in range(20)}
        | {
            "nipBaru": f"190001011999{n % 12 + 1:02d}1{n % 900 + 1:03d}",
            "nama": f"Orang Contoh {n}",
            "nik": f"310000010190{n % 10_000:04d}",
            "statusPegawai": "PNS",
            "kedudukanPnsNama": "Aktif",
            "tmtCpns": f"01-{n % 12 + 1:02d}-2019",
            "unorNama": "Bagian Contoh",
            "jabatanNama": "Analis Contoh",
            "golRuangAkhir": "III/d",
        }
        for n in range(ROWS)
    ]
    return {"pager": {"pageSize": ROWS, "page": 1, "total": ROWS, "nextPage": None}, "data": rows}


def attlog() -> bytes:
    """Punches of a morning, one every few seconds."""
    return b"".join(
        b"%04d\t2026-10-%02d %02d:%02d:%02d\t0\t15\t\t0\t0\r\n"
        % (n % 250, n // 250 + 1, 7 + n // 60 % 10, n % 60, n * 7 % 60)
        for n in range(ROWS)
    )


def attlog_file() -> bytes:
    """The same morning on a USB stick, the device's number in the third column."""
    return b"".join(
        b"%9d\t2026-10-%02d %02d:%02d:%02d\t101\t0\t15\t0\r\n"
        % (n % 250 + 1, n // 250 + 1, 7 + n // 60 % 10, n % 60, n * 7 % 60)
        for n in range(ROWS)
    )


def biostar_page() -> dict[str, Any]:
    """A page of a BioStar 2 server."""
    rows = [
        {
            "id": str(n),
            "datetime": f"2026-10-{n // 250 + 1:02d}T{n // 60 % 10:02d}:{n % 60:02d}:{n * 7 % 60:02d}.00Z",
            "server_datetime": f"2026-10-{n // 250 + 1:02d}T{n // 60 % 10:02d}:{n % 60:02d}:59.00Z",
            "device_id": {"id": "CONTOH0001", "name": "Pintu"},
            "event_type_id": {"code": "4867"},
            "user_id": {"user_id": f"{n % 250:04d}", "name": "Orang Contoh"},
        }
        for n in range(ROWS)
    ]
    return {"EventCollection": {"rows": rows}}


def fingerspot_answer() -> dict[str, Any]:
    """Two days of a Fingerspot device."""
    rows = [
        {
            "pin": f"{n % 250:04d}",
            "scan": f"2026-10-{n // 250 + 1:02d} {7 + n // 60 % 10:02d}:{n % 60:02d}:{n * 7 % 60:02d}",
            "verify": "1",
            "status_scan": "0",
        }
        for n in range(ROWS)
    ]
    return {"success": True, "data": rows}


def hikvision_page() -> dict[str, Any]:
    """A page of ISAPI events, larger than a device gives, to have as many rows as the others."""
    rows = [
        {
            "major": 5,
            "minor": 75,
            "time": f"2026-10-{n // 250 + 1:02d}T{7 + n // 60 % 10:02d}:{n % 60:02d}:{n * 7 % 60:02d}+07:00",
            "serialNo": n,
            "employeeNoString": f"{n % 250:04d}",
            "attendanceStatus": "checkIn",
        }
        for n in range(ROWS)
    ]
    return {"AcsEvent": {"responseStatusStrg": "OK", "InfoList": rows}}


def enrolments() -> dict[str, Any]:
    """Enrolments of a whole unit."""
    return {
        "records": [
            {
                "serial": "CONTOH0001",
                "pin": f"{n:04d}",
                "employeeId": payroll_inputs.nip(n),
                "institution": "CONTOH",
                "validFrom": None,
                "validTo": None,
            }
            for n in range(ROWS)
        ]
    }


INPUTS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("siasn", "employees"): siasn_page,
    ("zkteco_adms", "attlog"): attlog,
    ("zkteco_attlog", "attlog"): attlog_file,
    ("biostar2", "events"): biostar_page,
    ("fingerspot", "scans"): fingerspot_answer,
    ("hikvision", "events"): hikvision_page,
    ("generic_json", "enrolment"): enrolments,
    ("ekinerja", "predicates"): lambda: wrap("rekap.xlsx", recap([row(n, *GOOD) for n in range(1, ROWS + 1)])),
    **performance_inputs.INPUTS,
    **payroll_inputs.INPUTS,
    **other_inputs.INPUTS,
}


def micros(function: Callable[[], object], each: int = ROWS) -> float:
    """Microseconds of processor time per record, of which a call makes `each`."""
    calls = -(-RECORDS // each)
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls / each * 1e6


def calls() -> dict[str, tuple[Callable[[], object], Callable[[], object], int]]:
    """What is measured: the bare function, the call through the kit, and how many records either makes, by name."""
    found: dict[str, tuple[Callable[[], object], Callable[[], object], int]] = {}
    for (system, exchange), make in INPUTS.items():
        adapter, body = load(system), make()
        function = adapter.function(exchange)
        found[system if system not in found else f"{system}.{exchange}"] = (
            lambda f=function, b=body: f(b, MESSAGE),  # type: ignore[misc]
            lambda a=adapter, e=exchange, b=body: a.translate(e, b, MESSAGE),  # type: ignore[misc]
            len(adapter.translate(exchange, body, MESSAGE)),
        )
    return found


def run(seconds: float) -> list[dict[str, Any]]:
    """One row per exchange, each held against its own bare function; as many rounds as fit, interleaved."""
    until = time.monotonic() + seconds
    known = calls()
    bare: dict[str, list[float]] = {name: [] for name in known}
    whole: dict[str, list[float]] = {name: [] for name in known}
    look_rarely()  # as every process of the hub does
    rounds = 0
    while rounds < ROUNDS or time.monotonic() < until:
        rounds += 1
        for name, (function, through, records) in known.items():
            bare[name].append(micros(function, records))
            whole[name].append(micros(through, records))
    return [
        {
            "name": f"adapters.{name}",
            "value": round(1e6 / statistics.median(found)),
            "unit": "records/s",
            "limit": round(1e6 / statistics.median(bare[name])),
            "limit_name": "its bare function",
            "ratio": round(statistics.median(b / w for b, w in zip(bare[name], found, strict=True)), 3),
            "floor": FLOOR,
            "aim": AIM,
            "bare_us": f"{statistics.median(bare[name]):.2f}",
            "whole_us": f"{statistics.median(found):.2f}",
        }
        for name, found in whole.items()
    ]


if __name__ == "__main__":
    for line in run(0):
        sys.stdout.write(jsontext.render(line).decode() + "\n")
