"""Made-up pages of employees, from a made-up unit."""

from __future__ import annotations

from typing import Any

from adapters.kit.sample import Person, SampleMessage, World
from signing.jsontext import render

PAGE = 50
"""Rows in one page."""


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """Pages of data-utama rows; the last holds the rows whose NIP a spreadsheet destroyed."""
    rows = [_row(person) for person in world.people]
    rows += [_row(world.people[0]) | {"nipBaru": damaged} for damaged in world.destroyed_ids]
    pages = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
    destroyed = len(world.destroyed_ids)
    return [
        SampleMessage(
            exchange,
            render({"pager": _pager(number, len(pages), len(rows)), "data": page}),
            len(page),
            sum(row["nipBaru"] in world.destroyed_ids for row in page) if destroyed else 0,
        )
        for number, page in enumerate(pages, 1)
    ]


def _pager(page: int, pages: int, total: int) -> dict[str, Any]:
    return {"pageSize": PAGE, "page": page, "total": total, "nextPage": page + 1 if page < pages else None}


def _row(person: Person) -> dict[str, Any]:
    year, month, day = person.birth_date.split("-")
    began = f"01-{person.employee_id[12:14]}-{person.employee_id[8:12]}"
    return {
        "id": f"A1B2{person.employee_id}",
        "nipBaru": person.employee_id,
        "nipLama": "",
        "nama": person.name,
        "gelarDepan": "",
        "gelarBelakang": "",
        "tglLahir": f"{day}-{month}-{year}",
        "jenisKelamin": "M" if person.sex == "1" else "F",
        "nik": person.national_id,
        "statusPegawai": person.employment_type,
        "kedudukanPnsNama": "Aktif",
        "tmtCpns": began,
        "unorNama": person.unit,
        "jabatanNama": person.position,
        "golRuangAkhir": person.grade,
    }
