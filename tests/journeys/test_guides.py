"""The guides say commands that exist, with options that they have."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hub.cli.main import invoke

GUIDES = sorted((Path(__file__).parents[2] / "docs" / "guides").glob("*.md"))
LINES = sorted(
    {
        (guide.name, line)
        for guide in GUIDES
        for line in re.findall(r"^    amana (.+)$|`amana ([^`]+)`", guide.read_text("utf-8"), re.MULTILINE)
        for line in line
        if line
    }
)


def test_the_guides_have_commands() -> None:
    """The search for them finds some, so the next test checks something."""
    assert len(LINES) > 20


@pytest.mark.parametrize(("guide", "line"), LINES)
def test_a_command_of_a_guide_exists(guide: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The words before the arguments are a command, and each option is one of its own."""
    words = shlex.split(line)
    named = [word for word in words[:2] if re.fullmatch(r"[a-z][a-z-]*", word)]
    status, text = invoke([*named, "--help"])
    text += capsys.readouterr().out
    assert status == 0, f"{guide}: {line}: {text}"
    assert [word for word in words if word.startswith("--") and word not in text] == []
