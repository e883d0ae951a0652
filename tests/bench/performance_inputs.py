"""Messages of the performance systems for `translate_rows_bench`: made-up rows of the usual size."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

from openpyxl import Workbook

from adapters.kit.attached import wrap

ROWS: Final = 500
_YEAR: Final = {"startDate": "2026-07-01", "endDate": "2027-06-30"}


def pepmis_plans() -> dict[str, Any]:
    """Plans of employees: two tasks of two sub-tasks."""
    part = {"description": "Visit ten villages", "target": "10", "weight": "50", **_YEAR}
    return {
        "plans": [
            {
                "planId": f"P-{n}",
                "level": "EMPLOYEE",
                "department": "Water",
                "checkNumber": f"9{n:05d}",
                "financialYear": "2026/2027",
                **_YEAR,
                "parentPlanId": "P-DEP",
                "status": "APPROVED",
                "tasks": [
                    {
                        "taskId": f"E{t}",
                        "parentTaskId": "D1",
                        **part,
                        "subTasks": [{"subTaskId": f"E{t}.{s}", **part} for s in (1, 2)],
                    }
                    for t in (1, 2)
                ],
            }
            for n in range(ROWS)
        ]
    }


def pepmis_progress() -> dict[str, Any]:
    """Weekly progress."""
    return {
        "progress": [
            {
                "progressId": f"G-{n}",
                "checkNumber": f"9{n:05d}",
                "planId": f"P-{n}",
                "itemId": "E1.1",
                "interval": "WEEKLY",
                "startDate": "2026-09-07",
                "endDate": "2026-09-13",
                "submittedOn": "2026-09-14",
                "status": "IN_PROGRESS",
                "percent": "40",
                "achievement": "Four villages visited",
            }
            for n in range(ROWS)
        ]
    }


def pepmis_assessments() -> dict[str, Any]:
    """Assessments of two sub-tasks whose overall mark is held against a rule set."""
    return {
        "assessments": [
            {
                "assessmentId": f"A-{n}",
                "checkNumber": f"9{n:05d}",
                "planId": f"P-{n}",
                "kind": "ANNUAL",
                **_YEAR,
                "marks": [
                    {"itemId": f"E{t}", "state": "COMPLETED", "qualitative": 80, "quantitative": 90, "weight": "50"}
                    for t in (1, 2)
                ],
                "overall": {"mark": "85", "worst": 0, "best": 100},
                "formula": {"id": "pepmis-contoh", "version": "1"},
            }
            for n in range(ROWS)
        ]
    }


def _forms() -> list[list[str]]:
    """The header and the rows of a table of forms with two objectives and two attributes."""
    names = [f"{kind} {n}{end}" for kind in ("Objective", "Attribute") for n in (1, 2) for end in ("", " Mark")]
    said = ["2021/2022", "Drill wells", "2", "Train users", "1", "Integrity", "3", "Courage", "2", "2"]
    return [["Check Number", "Year", *names, "Overall Mark"], *([f"9{n:05d}", *said] for n in range(ROWS))]


def opras_forms() -> dict[str, Any]:
    """The table of forms as CSV."""
    return wrap("forms.csv", "\n".join(map(",".join, _forms())).encode())


def opras_workbook() -> dict[str, Any]:
    """The table of forms as XLSX."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in _forms():
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return wrap("forms.xlsx", out.getvalue())


def _nip(number: int) -> str:
    return f"190001011999{number % 12 + 1:02d}1{number % 900 + 1:03d}"


def skp_scores() -> dict[str, Any]:
    """Yearly scores with the five behaviours."""
    behaviours = {"integritas": "88", "komitmen": 90, "disiplin": "86", "kerjasama": 88, "inisiatifKerja": 88}
    scores = {"nilaiSkp": "91.5", "nilaiPerilakuKerja": "88", "nilaiPrestasiKerja": "90.45", "predikat": "Baik"}
    return {"data": [{"id": f"skp-{n}", "nip": _nip(n), "tahun": 2020, **scores, **behaviours} for n in range(ROWS)]}


def activities() -> dict[str, Any]:
    """Activities of a day, with their control totals."""
    rows = [
        {
            "id": f"K-{n}",
            "nip": _nip(n),
            "unit": "Bagian Contoh",
            "tanggal": "2026-10-05",
            "kegiatan": "Kunjungan keluarga",
            "menit": 90,
            "volume": 3,
            "satuan": "keluarga",
            "bobot": "2.5",
            "status": "DISETUJUI",
        }
        for n in range(ROWS)
    ]
    return {"bulan": "2026-10", "kegiatan": rows, "jumlah": {"baris": ROWS, "menit": 90 * ROWS, "bobot": 5 * ROWS // 2}}


def hours() -> dict[str, Any]:
    """Hours of a day."""
    rows = [
        {
            "id": f"H-{n}",
            "nip": _nip(n),
            "tanggal": "2026-10-05",
            "masuk": "07:28",
            "keluar": "16:04:10",
            "menit": 516,
            "status": "WFO",
        }
        for n in range(ROWS)
    ]
    return {"bulan": "2026-10", "zona": "WIB", "kehadiran": rows, "jumlah": {"baris": ROWS, "menit": 516 * ROWS}}


def reports() -> dict[str, Any]:
    """Monthly reports with feedback."""
    said = {"capaian": ["Dua belas surat", "Arsip"], "kendala": ["Jaringan"], "tindakLanjut": ["Cadangan"]}
    return {
        "laporan": [
            {"id": f"L-{n}", "nip": _nip(n), "bulan": "2026-10", **said, "umpanBalik": "Baik.", "nipAtasan": _nip(7)}
            for n in range(ROWS)
        ]
    }


def yearly() -> dict[str, Any]:
    """Yearly assessments."""
    marks = {"keterampilan": 80, "sikap": "85.5", "kontribusi": 90, "nilaiAkhir": "85.2"}
    return {
        "skala": {"terburuk": 0, "terbaik": 100, "sumber": "Formulir tahunan"},
        "penilaian": [{"id": f"T-{n}", "nip": _nip(n), "tahun": 2026, **marks} for n in range(ROWS)],
    }


def feedback() -> dict[str, Any]:
    """Feedback of six raters in two groups on each employee, one aspect."""
    answers = [
        {"kelompok": group, "penilai": f"{group}{n}", "nilai": {"sikap": 80 + n}}
        for group in ("rekan", "publik")
        for n in range(3)
    ]
    return {
        "dari": "2026-01-01",
        "sampai": "2026-12-31",
        "skala": {"terburuk": 0, "terbaik": 100, "sumber": "Survei"},
        "formula": {"id": "feedback-contoh", "version": "1"},
        "penilaian": [
            {"id": f"F-{n}", "nip": f"19000101199901{n % 2 + 1}{n + 1:03d}", "tanggapan": answers} for n in range(ROWS)
        ],
    }


INPUTS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("pepmis", "plans"): pepmis_plans,
    ("pepmis", "progress"): pepmis_progress,
    ("pepmis", "assessments"): pepmis_assessments,
    ("opras", "forms-csv"): opras_forms,
    ("opras", "forms"): opras_workbook,
    ("skp_pp30", "skp"): skp_scores,
    ("eperformance", "activities"): activities,
    ("eperformance", "hours"): hours,
    ("monthly_report", "reports"): reports,
    ("monthly_report", "yearly"): yearly,
    ("feedback360", "feedback"): feedback,
}
