"""The page `docs/metrics.md`, printed from the names."""

from __future__ import annotations

from typing import Final, get_args

from hub.metrics.names import SPECS, Group, Name

_HEAD: Final = """\
# Metrics

Generated from `hub/metrics/names.py`. `GET /metrics` of a gateway shows its own, the whole hub's, and those of the worker on \
the same directory; a worker that is alone shows its own. It is answered to whoever is on the machine and to the networks in \
`AMANA_METRICS_NETWORKS`. Every sample has the label `role` (gateway, worker). Labels hold codes of the directory and of the \
[catalogue](errors.md), names of stages, topics, flags and states; never a person, an address or anything of a message.

*Hub*: the value is the whole hub's and the same in every gateway: use `max`, never `sum`. Of histograms, `_bucket`, `_sum` \
and `_count` are exported.
"""


def render_page() -> str:
    lines = [_HEAD]
    for group in get_args(Group):
        lines += [
            f"## {group}",
            "",
            "| Metric | Kind | Labels | Means | What to do |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_row(name) for name, spec in SPECS.items() if spec.group == group] + [""]
    return "\n".join(lines)


def _row(name: Name) -> str:
    spec = SPECS[name]
    kind = f"{spec.kind}, hub" if spec.hub else spec.kind
    return f"| `{name}` | {kind} | {', '.join(spec.labels)} | {spec.meaning} | {spec.remedy} |"
