"""The page on rule sets says what the rule set and the pay core say."""

from __future__ import annotations

from pathlib import Path

from hub.runs.allowance import HELD
from hub.runs.selection import NATURAL_KEYS
from schemas.rulesets import load

PAGE = (Path(__file__).parents[3] / "docs" / "rulesets.md").read_text(encoding="utf-8")


def test_every_line_is_on_the_page_as_it_is_in_the_file() -> None:
    """Name, confidence, text and source."""
    rows = {
        f"| `{n}` | {line.confidence} | {line.text} | {line.source} |" for n, line in load("permenaker-15-2024").each()
    }
    assert rows - set(PAGE.splitlines()) == set()


def test_every_reason_to_hold_is_on_the_page() -> None:
    """With who can mend it."""
    rows = {f"| `{code}` | {text[0].upper()}{text[1:]} |" for code, text in HELD.items()}
    assert rows - set(PAGE.splitlines()) == set()


def test_every_natural_key_is_on_the_page() -> None:
    """Whoever sends a correction has to know what it replaces."""
    keys = {f"`{member}`" for members in NATURAL_KEYS.values() for member in members}
    assert {key for key in keys if key not in PAGE} == set()
