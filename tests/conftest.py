"""What holds for every test: how long hypothesis searches, and what a test may need (`@pytest.mark.needs("node")`)."""

from __future__ import annotations

import os
from functools import cache

import pytest
from hypothesis import settings

from tests import means, soak

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=soak.FACTOR * 100)
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
