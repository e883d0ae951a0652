"""Alerts, dashboard and Prometheus' configuration name metrics and labels that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from hub.metrics.names import SPECS
from signing import jsontext

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
PROMETHEUS: Final = {"up"}
FROM_PROMETHEUS: Final = {"role", "job", "instance", "le"}


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> Any:
    return jsontext.parse((DEPLOY / "grafana/dashboards/amana.json").read_bytes())


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    shown = [target["expr"].replace("$__rate_interval", "5m") for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + shown


def selectors(expression: str) -> dict[str, set[str]]:
    """Metrics of an expression, with the labels that are asked for."""
    promql_parser.parse(expression)
    quoteless = re.sub(r'"[^"]*"', '""', expression)
    return {
        name: set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))
        for name, labels in re.findall(r"\b(amana_\w+|up)\b(?:\{([^}]*)\})?", quoteless)
    }


def base(name: str) -> str:
    """The metric of a series: histograms have three."""
    found = re.sub(r"_(bucket|sum|count)$", "", name)
    return found if found in SPECS else name


@pytest.mark.parametrize("expression", expressions())
def test_expressions_ask_for_metrics_that_there_are(expression: str) -> None:
    """Every expression is PromQL, and names metrics of the hub with labels that they have; parts of a histogram are asked of
    histograms, and rates of what only grows."""
    found = selectors(expression)
    assert found
    for name, labels in found.items():
        if name in PROMETHEUS:
            continue
        spec = SPECS[base(name)]  # type: ignore[index]
        assert (base(name) != name) == (spec.kind == "histogram"), name
        assert labels <= set(spec.labels) | FROM_PROMETHEUS, name
        if re.search(rf"(?:rate|increase)\({name}\b", expression):
            assert spec.kind in {"counter", "histogram"}, name
        if spec.hub:
            assert not re.search(rf"sum[^(]*\({name}\b", expression), f"{name} is the same in every gateway"
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        named = {label.strip() for label in labels.split(",")}
        known = set().union(*(SPECS[base(name)].labels for name in found if name not in PROMETHEUS))  # type: ignore[index]
        assert named <= known | FROM_PROMETHEUS


def test_alerts_say_what_to_look_up() -> None:
    """Each alert has a severity, a sentence, and the metric whose remedy is in docs/metrics.md; names are told apart."""
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names) >= 12
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["metric"] in SPECS
        assert rule["annotations"]["metric"] in {base(name) for name in selectors(rule["expr"])}
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert label in rule["expr"] or label in FROM_PROMETHEUS, (rule["alert"], label)


def test_every_metric_is_watched() -> None:
    """Dashboard and alerts together leave out no metric."""
    shown = {base(name) for expression in expressions() for name in selectors(expression)}
    assert set(SPECS) - shown == set()


def test_the_dashboard_is_one_that_is_provisioned() -> None:
    """Panels lie beside each other, have numbers of their own, and use the data source that is provisioned; nothing asks
    for more of Grafana."""
    found = panels()
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8"))
    assert {panel["datasource"]["uid"] for panel in found} == {source["datasources"][0]["uid"]}
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in found)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


def test_prometheus_asks_every_process() -> None:
    """Each gateway and worker of compose.yaml is asked at its port, and the file of alerts is the one that is mounted."""
    document = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    targets = {t for job in document["scrape_configs"] for static in job["static_configs"] for t in static["targets"]}
    wanted = {
        f"{name}:{service['environment']['AMANA_PORT']}"
        for name, service in services.items()
        if "AMANA_PORT" in service.get("environment", {})
    }
    assert targets == wanted
    assert document["rule_files"] == ["alerts.yml"]
    assert {job["job_name"] for job in document["scrape_configs"]} == {"amana-gateway", "amana-worker"}
