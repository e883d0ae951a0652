"""Laws run over every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.laws.engines import ENGINES, Engine


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """One storage of each kind."""
    return Engine(ENGINES[request.param](tmp_path))
