"""The desk that the tests of the API speak to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stores
from tests.unit.api.desk import Desk, open_desk


@pytest.fixture(params=stores.ENGINES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A running hub with its first operator, its store in memory and in PostgreSQL."""
    with open_desk(tmp_path / "hub", request.param) as opened:
        yield opened
