"""Workbooks damaged inside, below the archive's checksums: the reader meets XML that no program wrote."""

from __future__ import annotations

import io
import zipfile
from random import Random

import pytest

from adapters.kit import AdapterError, Canonical, MessageContext
from adapters.kit.attached import wrap
from adapters.kit.fuzz import damaged_bytes
from adapters.kit.registry import load
from schemas.contracts import checker
from tests.unit.adapters.recap import GOLDEN

MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
PARTS = ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels")


def damaged(content: bytes, random: Random) -> bytes:
    """The workbook with one of its parts damaged and packed again."""
    out, victim = io.BytesIO(), random.choice(PARTS)
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            new.writestr(entry.filename, damaged_bytes(part, random) if entry.filename == victim else part)
    return out.getvalue()


@pytest.mark.parametrize("name", GOLDEN)
def test_damaged_parts_are_refused_or_read(name: str) -> None:
    """Each is refused as a whole, or gives reviews that keep their contract and refusals, one for each row."""
    ekinerja, valid = load("ekinerja"), checker("performance.review")
    kinds = set()
    for seed in range(60):
        content = damaged(GOLDEN[name], Random(f"{name}/{seed}"))
        try:
            items = ekinerja.translate("predicates", wrap("rekap.xlsx", content), MESSAGE)
        except AdapterError as error:
            kinds.add(error.kind)
            continue
        assert [item.row for item in items] == list(range(len(items)))
        assert [
            valid.breaches(item.value) for item in items if isinstance(item, Canonical) if not valid.ok(item.value)
        ] == []
    assert kinds != set()
    assert kinds <= set(ekinerja.manifest.problems)
