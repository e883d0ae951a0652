"""What the README says can be done: its code runs, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.cli.main import invoke

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Words of every `amana` line in an indented block, as far as they name a command."""
    found = {
        " ".join(re.findall(r"^[a-z-]+(?: [a-z-]+)?(?= |$)", line)[:1])
        for line in re.findall(r"^    amana (.+?)(?:\s+#.*)?$", README, re.MULTILINE)
    }
    return sorted(found)


def test_python_in_the_readme_runs() -> None:
    """Every Python block of the README runs as it stands."""
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


@pytest.mark.parametrize("words", commands())
def test_commands_in_the_readme_exist(words: str) -> None:
    """Every `amana` command of the README is one that the command line knows."""
    group, *rest = words.split()
    status, text = invoke([group, *rest, "--help"])
    if status != 0:  # the second word is an argument, not a command
        status, text = invoke([group, "--help"])
    assert status == 0, text


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^    make ([a-z-]+)", README, re.MULTILINE))))
def test_make_targets_in_the_readme_exist(target: str) -> None:
    """Every `make` line of the README is a target."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
