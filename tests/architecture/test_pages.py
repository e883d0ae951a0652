"""Generated pages equal their source, and every error code that the source uses is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.errors import CODES
from hub.pages import DOCS, PAGES

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"AMANA-[A-Z]+-\d{3}")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_current(name: str) -> None:
    """A page of docs/ is what `python -m hub.pages` would write now."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_code_in_the_source_is_explained() -> None:
    """No code is raised, compared or shown that the catalogue lacks."""
    used = {
        code
        for package in ("hub", "adapters", "schemas", "signing")
        for path in (ROOT / package).rglob("*.py")
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }
    assert used - set(CODES) == set()


def test_every_code_is_used() -> None:
    """The catalogue explains nothing that cannot happen."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for package in ("hub", "adapters")
        for path in (ROOT / package).rglob("*.py")
        if path.parent != ROOT / "hub" / "catalogue"
    )
    assert [code for code in CODES if code not in source] == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_texts(code: str) -> None:
    """What happened, what was expected and what to do are all said, without a trailing stop."""
    spec = CODES[code]
    assert all(text and not text.endswith(".") for text in (spec.happened, spec.expected, spec.remedy))
