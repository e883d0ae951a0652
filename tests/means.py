"""What a test may need beyond Python, and what becomes of it where that is missing.

Rule: a test that lacks something is skipped with a word on how to get it; where `AMANA_TEST_REQUIRE` names it, the machine
promised it, so the test fails instead. A name that nothing here knows is an error: a typing mistake would skip in silence.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from tests.clusters import postgres

REQUIRE: Final = "AMANA_TEST_REQUIRE"
VECTORS: Final = Path(__file__).parents[2] / "shared" / "vectors"
"""Test data of other projects, which this one does not copy."""
KAFKA_LIBRARIES: Final = Path(__file__).parents[1] / ".venv" / "kafka-libs"
"""Kafka's jars, which `make .venv/kafka` fetches."""


@dataclass(frozen=True, slots=True)
class Means:
    """One thing that a test may need: how it is looked for, and how to get it."""

    there: Callable[[Mapping[str, str]], bool]
    get_it: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a test."""

    action: Literal["run", "skip", "fail"]
    reason: str = ""


def _listens(variable: str, port: int) -> Callable[[Mapping[str, str]], bool]:
    """Whether somebody listens at the address in an environment variable."""

    def there(environment: Mapping[str, str]) -> bool:
        text = environment.get(variable, "")
        parts = urlsplit(text if "://" in text else f"//{text}")
        if not parts.hostname:
            return False
        try:
            with socket.create_connection((parts.hostname, parts.port or port), timeout=2):
                return True
        except OSError:
            return False

    return there


def _kafka(environment: Mapping[str, str]) -> bool:
    """A broker that is named, and nothing but that; else what one starts from."""
    if environment.get("AMANA_TEST_KAFKA"):
        return _listens("AMANA_TEST_KAFKA", 9092)(environment)
    return _program("java")(environment) and any(KAFKA_LIBRARIES.glob("kafka_2.13-*.jar"))


def _program(*names: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda environment: any(shutil.which(name, path=environment.get("PATH", "")) for name in names)


def _postgres(environment: Mapping[str, str]) -> bool:
    """A server that listens at the address given, or, where none is given, programs that can be one."""
    if environment.get(postgres.VARIABLE):
        return _listens(postgres.VARIABLE, 5432)(environment)
    return postgres.programs(environment) is not None


MEANS: Final[Mapping[str, Means]] = {
    "node": Means(_program("node"), "install Node.js 18 or newer"),
    "browser": Means(_program("chromium", "chromium-browser", "google-chrome"), "install Chromium"),
    "kafka": Means(
        _kafka, "install Java 17 and Maven and `make .venv/kafka`, or start a broker and set AMANA_TEST_KAFKA=host:port"
    ),
    "vectors": Means(lambda _: VECTORS.is_dir(), "put the vectors into ../shared/vectors beside the repository"),
    "postgres": Means(
        _postgres,
        "install PostgreSQL 15 or newer, or start a server and set AMANA_TEST_POSTGRES=postgresql://user@host/name",
    ),
}


def required(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """What this machine promises. Raises ValueError for a name that is not in `MEANS`."""
    names = frozenset(name.strip() for name in environment.get(REQUIRE, "").split(",") if name.strip())
    check(names)
    return names


def check(names: Iterable[str]) -> None:
    """Raises ValueError for a name that is not in `MEANS`."""
    unknown = sorted(set(names) - MEANS.keys())
    if unknown:
        raise ValueError(f"no test needs {', '.join(unknown)}; known: {', '.join(sorted(MEANS))}")


def judge(names: Iterable[str], promised: frozenset[str], there: Callable[[str], bool]) -> Verdict:
    """Whether a test that needs these can run. Raises ValueError for an unknown name."""
    names = list(names)
    check(names)
    missing = [name for name in names if not there(name)]
    if not missing:
        return Verdict("run")
    reason = "; ".join(f"needs {name}: {MEANS[name].get_it}" for name in missing)
    broken = sorted(promised.intersection(missing))
    if broken:
        return Verdict("fail", f"{REQUIRE} promises {', '.join(broken)}; {reason}")
    return Verdict("skip", reason)
