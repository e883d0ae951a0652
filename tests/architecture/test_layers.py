"""The shape of the house, held by tests: arrows go downwards only, pure rooms do no I/O, the hub knows no vendor."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "signing": set[str](),
    "schemas": set[str](),
    "adapters": {"signing", "schemas"},
    "hub": {"signing", "schemas", "adapters"},
}
OURS = set(MAY_IMPORT) | {"tests"}
IO_MODULES = {"socket", "asyncio", "httpx", "urllib", "http", "subprocess", "apsw", "sqlite3", "sqlalchemy", "uvicorn"}
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today", "random.random", "uuid.uuid4"}
MOST_LINES = 400


def modules(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


def imports(path: Path) -> set[str]:
    """Absolute module names that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def adapter_ids() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "adapters").glob("*/manifest.toml"))


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_arrows_go_downwards(package: str) -> None:
    """A package imports only what lies below it."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if (top := name.split(".")[0]) in OURS and top != package and top not in MAY_IMPORT[package]
    ]
    assert wrong == []


def test_hub_reaches_adapters_through_their_kit() -> None:
    """The hub imports `adapters.kit` and no adapter."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("hub")
        for name in imports(path)
        if name.startswith("adapters.") and not name.startswith("adapters.kit")
    ]
    assert wrong == []


def test_adapters_know_only_themselves_and_the_kit() -> None:
    """An adapter imports nothing of another adapter; the kit imports no adapter."""
    wrong = []
    for path in modules("adapters"):
        room = path.relative_to(ROOT / "adapters").parts[0]
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "adapters" and len(parts) > 1 and parts[1] not in {room, "kit"}:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("package", ["signing", "schemas", "adapters"])
def test_lower_floors_do_no_io(package: str) -> None:
    """No socket, no process, no database below the hub; only an adapter's client.py may."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        if path.name != "client.py"
        for name in imports(path)
        if name.split(".")[0] in IO_MODULES and not name.startswith("urllib.parse")
    ]
    assert wrong == []


def test_the_hub_names_no_agency_and_no_vendor() -> None:
    """No adapter's id stands in the hub's code: systems are found by manifest."""
    ids = [name for name in adapter_ids() if not name.startswith("_") and name != "generic_json"]
    assert ids
    words = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in ids), re.IGNORECASE)
    wrong = [
        f"{path.relative_to(ROOT)}:{number} {match.group()}"
        for path in modules("hub")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := words.search(line))
    ]
    assert wrong == []


def test_record_making_stages_see_no_clock_and_no_chance() -> None:
    """What makes records asks no clock and throws no dice."""
    rooms = ["schemas", "adapters", "hub/runs", "hub/stages"]
    wrong = []
    for room in rooms:
        for path in modules(room):
            if path.name in {"client.py", "worker.py", "sample.py", "fuzz.py"}:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    call = ast.unparse(node.func)
                    if any(call.endswith(clock) for clock in CLOCKS):
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {call}")
    assert wrong == []


def test_modules_stay_small() -> None:
    """A module past 400 lines holds a second idea."""
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for package in (*MAY_IMPORT, "tests")
        for path in modules(package)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    ]
    assert long == []


def test_modules_say_what_lives_in_them() -> None:
    """Every module of the product opens with a docstring."""
    silent = [
        str(path.relative_to(ROOT))
        for package in MAY_IMPORT
        for path in modules(package)
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_requirements_carry_no_address() -> None:
    """The hashed requirements name packages and digests, no index and no folder."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if re.search(r"index|find-links|trusted|://|^-e|^\.", line)] == []
        assert all("--hash=" in line or "==" in line for line in lines if line.strip())


def test_the_lock_of_the_connectors_carries_no_address() -> None:
    """The npm lock names packages and digests, no registry."""
    lock = (ROOT / "tests/interop/package-lock.json").read_text(encoding="utf-8")
    assert "integrity" in lock
    assert re.findall(r'"resolved"|https?://', lock) == []


def test_every_dependency_has_its_reason() -> None:
    """Each required package stands in the ADR on dependencies."""
    reasons = (ROOT / "docs/adr/0008-dependencies.md").read_text(encoding="utf-8")
    needed = [
        re.split(r"[\s<>=;\[]", line)[0]
        for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    ]
    assert [name for name in needed if name not in reasons] == []


def test_the_project_installs_its_command() -> None:
    """`amana` is the command of the distribution `amana-hub`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["name"], list(project["scripts"])) == ("amana-hub", ["amana"])
