"""Does everything add up? Control totals of every run against its opened signals, the index against the log.

Rule: pure comparison of what is held in two places; nothing is repaired and nothing is estimated. Sums are decimal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hub.control.view import View
from hub.ports import Bus, Store, Vault
from hub.reads.rows import Check, Reconciliation
from hub.reads.runs import open_signals, run_row
from hub.reads.status import stage_lags
from hub.runs.codec import rebuild_run, run_digest
from hub.stages.facts import count_facts
from hub.stages.index_rows import REFUSED
from hub.stages.repeats import PASSED_OVER
from hub.topics import INBOX

_PAGE: Final = 500
_SUMS: Final = ("gross", "cut", "net")


async def reconcile(bus: Bus, store: Store, vault: Vault, view: View) -> Reconciliation:
    """Every check, and the counts that it was made from."""
    checks: list[Check] = []
    await _check_index(bus, store, checks)
    await _check_stages(bus, store, checks)
    runs = [await _check_run(store, vault, view, order.code, checks) for order in sorted(view.runs(), key=_code)]
    deliveries = {str(state): count for (state,), count in (await store.count("delivery", by=("state",))).items()}
    return {
        "reconciled": all(check["ok"] for check in checks),
        "checks": checks,
        "admitted": _counts(await store.count("message", {"kind": "inbox"}, by=("code",))),
        "records": _counts(await count_facts(store, by=("contract",))),
        "deadLetters": _counts(await store.count("dead_letter", by=("code",))),
        "refused": await count_refusals(store),
        "runs": runs,
        "deliveries": dict(sorted(deliveries.items())),
    }


def _code(order: Any) -> str:
    return str(order.code)


def _counts(found: Mapping[tuple[Any, ...], int]) -> dict[str, int]:
    return dict(sorted((str(key[0]), count) for key, count in found.items()))


def _add(checks: list[Check], name: str, expected: Any, actual: Any) -> None:
    checks.append({"name": name, "expected": expected, "actual": actual, "ok": expected == actual})


async def _check_index(bus: Bus, store: Store, checks: list[Check]) -> None:
    """Of what the log keeps: retention takes records away, and a row of the index may outlive its record or not. A message
    that lies in it more than once counts once."""
    kept = indexed = 0
    for topic, partitions in bus.topics().items():
        for partition in range(partitions if topic.startswith(INBOX) else 0):
            start = await bus.start(topic, partition)
            kept += await bus.end(topic, partition) - start
            here = {"topic": topic, "partition": partition, "offset": (">=", start)}
            kept -= (await store.count(PASSED_OVER, here)).get((), 0)
            indexed += (await store.count("message", here | {"kind": "inbox"})).get((), 0)
    _add(checks, "messages in the log = messages in the index", kept, indexed)
    waiting = (await store.count("message", {"kind": "inbox", "state": "admitted"})).get((), 0)
    _add(checks, "messages that nobody has translated or refused yet", 0, waiting)


async def _check_stages(bus: Bus, store: Store, checks: list[Check]) -> None:
    for lag in await stage_lags(bus, store):
        _add(checks, f"records that stage {lag['stage']} has not read yet", 0, lag["behind"])


async def _check_run(store: Store, vault: Vault, view: View, code: str, checks: list[Check]) -> dict[str, Any]:
    """A run's counts, sums and digest, computed again from its signals."""
    order = view.run(code)
    assert order is not None
    stored = await store.rows("run", {"code": code}, limit=1)
    row = run_row(order, stored[0] if stored else None, view)
    summary: dict[str, Any] = {"run": code, "state": row["state"], "counts": row["counts"], "totals": row["totals"]}
    _add(checks, f"run {code} is computed", expected=True, actual=bool(row["digest"]))
    if not row["digest"]:
        return summary | {"opened": 0}
    signals, erased = await _all_signals(store, vault, code)
    ready = [signal for signal in signals if signal["status"] == "ready"]
    counts = row["counts"]
    _add(checks, f"run {code}: signals", counts.get("employees"), len(signals) + erased)
    if erased:
        return summary | {"opened": len(signals), "erased": erased}
    _add(checks, f"run {code}: ready", counts.get("ready"), len(ready))
    _add(checks, f"run {code}: held", counts.get("held"), len(signals) - len(ready))
    _add(checks, f"run {code}: digest", row["digest"], run_digest(rebuild_run(order, counts, signals)))
    for name in _SUMS:
        total = sum((Decimal(signal[name]) for signal in ready), Decimal(0))
        _add(checks, f"run {code}: {name}", str(Decimal(row["totals"].get(name, "0"))), str(total))
    await _check_delivery(store, code, checks, approved=order.approved is not None)
    return summary | {"opened": len(signals)}


async def _check_delivery(store: Store, code: str, checks: list[Check], *, approved: bool) -> None:
    states = await store.count("delivery", {"run": code}, by=("state",))
    sent = sum(states.values())
    if approved:
        _add(checks, f"run {code}: deliveries confirmed", sent, states.get(("confirmed",), 0))
    else:
        _add(checks, f"run {code}: nothing sent before its approval", 0, sent)


async def _all_signals(store: Store, vault: Vault, code: str) -> tuple[list[dict[str, Any]], int]:
    signals: list[dict[str, Any]] = []
    erased = 0
    after: str | None = None
    while True:
        found = await open_signals(store, vault, code, {}, _PAGE, after)
        signals += found["items"]
        erased += len(found["erased"])
        after = found["next"]
        if after is None:
            return signals, erased


async def count_refusals(store: Store) -> dict[str, int]:
    """Refusals by code: those of known systems from the index, the others from their counters."""
    found: Counter[str] = Counter()
    for row in await store.rows("refusal_count"):
        found[row["code"]] += row["count"]
    for (code,), count in (await store.count("message", {"kind": REFUSED}, by=("detail",))).items():
        found[code] += count
    return dict(sorted(found.items()))
