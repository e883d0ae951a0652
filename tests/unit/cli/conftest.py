"""The desk that the tests of the commands speak to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api.desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A running hub with its first operator."""
    with open_desk(tmp_path / "hub") as opened:
        yield opened
