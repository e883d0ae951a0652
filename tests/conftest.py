"""What holds for every test: how long hypothesis searches, what a test may need (`@pytest.mark.needs("node")`), and that
none leaves its logging behind."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import cache

import pytest
import structlog
from hypothesis import settings

from tests import means, soak

settings.register_profile("dev", deadline=None, derandomize=False)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, derandomize=False, max_examples=soak.FACTOR * 100)
settings.load_profile(soak.profile())


@cache
def _there(name: str) -> bool:
    return means.MEANS[name].there(os.environ)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): what the test needs beyond Python, of tests/means.py")
    try:
        means.required()
    except ValueError as error:
        raise pytest.UsageError(f"{means.REQUIRE}: {error}") from None


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = [name for mark in item.iter_markers("needs") for name in mark.args]
    verdict = means.judge(names, means.required(), _there)
    if verdict.action == "skip":
        pytest.skip(verdict.reason)
    if verdict.action == "fail":
        pytest.fail(verdict.reason, pytrace=False)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A test that configures logging writes to a stream of its own, which is closed when it ends."""
    configured, settings_before = structlog.is_configured(), structlog.get_config()
    handlers = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    if configured:
        structlog.configure(**settings_before)
    else:
        structlog.reset_defaults()
