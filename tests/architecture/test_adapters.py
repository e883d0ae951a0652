"""Adding a system touches its folder only."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.kit.check import check
from adapters.kit.new import create
from adapters.kit.registry import find, load
from hub import topics

ROOT = Path(__file__).parents[2]
OUTSIDE = ("hub", "schemas", "signing", "adapters/kit", "adapters/_template")
MADE_UP = {"hub/demo"}
"""The demo's made-up ministry has systems, and says which."""


def test_no_module_outside_of_its_folder_names_a_system() -> None:
    """Neither hub nor kit has a list of systems, so that a new one needs no line there."""
    named = re.compile("|".join(rf"\b{name}\b" for name in find()))
    wrong = [
        str(path.relative_to(ROOT))
        for package in OUTSIDE
        for path in sorted((ROOT / package).rglob("*.py"))
        if not any(path.is_relative_to(ROOT / part) for part in MADE_UP) and named.search(path.read_text("utf-8"))
    ]
    assert wrong == []


def test_a_new_folder_is_all_that_a_system_takes(tmp_path: Path) -> None:
    """A folder made from the template keeps every law, is found, and gets its topic: nothing else was written."""
    before = sorted(path.relative_to(ROOT) for path in (ROOT / "adapters").rglob("*.toml"))
    create("demo_x", tmp_path)
    assert check("demo_x", tmp_path) == []
    assert list(find(tmp_path)) == ["demo_x"]
    assert "inbox.demo_x" in topics.layout(adapters=find(tmp_path))
    assert load("demo_x", tmp_path).manifest.level == "draft"
    assert sorted(path.relative_to(ROOT) for path in (ROOT / "adapters").rglob("*.toml")) == before
