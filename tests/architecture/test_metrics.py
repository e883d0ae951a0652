"""Every metric is named once, explained, set somewhere, and nothing else is ever exported."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from hub.metrics.names import SPECS, Group, Name
from hub.metrics.page import render_page

HUB = Path(__file__).parents[2] / "hub"
COUNTING = {"inc", "observe", "observe_age", "set", "replace"}
LABELS = {
    "code", "flag", "outcome", "pool", "provider", "stage", "state", "system", "topic", "version", "way", "what", "writer",
}  # fmt: skip


def counted() -> dict[str, set[str]]:
    """Methods by which the source counts each name."""
    found: dict[str, set[str]] = {}
    for path in HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in COUNTING
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and str(node.args[0].value).startswith("amana_")
            ):
                found.setdefault(str(node.args[0].value), set()).add(node.func.attr)
    return found


def test_names_and_explanations_agree() -> None:
    """The `Literal` and the table of explanations hold the same names."""
    assert set(get_args(Name)) == set(SPECS)


def test_every_name_is_set_somewhere_in_its_way() -> None:
    """Each metric is counted in the source, a histogram observed, a gauge set, a counter counted up (or set from what the
    machine counts); and the source counts nothing else."""
    found = counted()
    assert set(found) - set(SPECS) == set()
    ways = {"counter": {"inc", "set"}, "gauge": {"set", "replace"}, "histogram": {"observe", "observe_age"}}
    assert {name: found.get(name, set()) for name, spec in SPECS.items() if not found.get(name)} == {}
    assert {name: way for name, way in found.items() if not way <= ways[SPECS[name].kind]} == {}  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_metric_keeps_the_conventions(name: Name) -> None:
    """Counters end in `_total`, times are in seconds, texts say something; buckets rise; labels are of the known kinds."""
    spec = SPECS[name]
    assert re.fullmatch(r"amana_[a-z_]+", name)
    assert name.endswith("_total") == (spec.kind == "counter")
    assert (spec.kind == "histogram") == bool(spec.buckets) == (list(spec.buckets) == sorted(set(spec.buckets)) != [])
    assert all(text and not text.endswith(".") and "|" not in text for text in (spec.meaning, spec.remedy))
    assert set(spec.labels) <= LABELS
    assert spec.group in get_args(Group)


def test_every_metric_is_on_the_page() -> None:
    """The page of metrics shows each of them."""
    page = render_page()
    assert [name for name in SPECS if f"| `{name}` |" not in page] == []


def test_nothing_else_registers_metrics() -> None:
    """The library is used where the page is made, and nowhere else: no other registry can grow."""
    users = [path.name for path in HUB.rglob("*.py") if "prometheus_client" in path.read_text(encoding="utf-8")]
    assert users == ["exposition.py"]
