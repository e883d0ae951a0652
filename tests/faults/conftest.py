"""The demo that this folder's tests look at."""

from __future__ import annotations

import pytest

from tests.journeys.demo_run import DemoRun, shared_demo, worker_of


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """One run of `amana demo`, made once for the whole test session."""
    return shared_demo(tmp_path_factory, worker_of(request))
