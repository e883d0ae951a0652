"""Codes of what operators watch the hub with."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-METRICS-001": Code(
        403,
        "operator",
        "The metrics are not shown to this address",
        "a request from this machine, or from a network that AMANA_METRICS_NETWORKS names, directly or by a proxy that "
        "AMANA_TRUSTED_PROXIES names",
        "Name the network of your Prometheus in AMANA_METRICS_NETWORKS; if it asks by way of a proxy, the proxy too",
    ),
}
