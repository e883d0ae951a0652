"""Pay runs and their signals. Rule: a body is opened here, on the server, and every opening is audited by the caller
before the answer leaves; what was erased is named, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.control.objects import RunOrder
from hub.control.view import View
from hub.errors import BadMessage, Halt
from hub.ports import Store, Vault
from hub.reads.paging import page, page_rows, page_values
from hub.reads.rows import DeliveryRow, Page, RunDetail, RunRow, SignalPage, moment
from signing import jsontext
from signing.errors import SigningError
from signing.sealing import BodyKey

SIGNAL = "pay.signal"
WAITING = "waiting"  # ordered, and not looked at yet
DELIVERED = "delivered"
CONFIRMED = "confirmed"
RETRYING = "retrying"  # the only state that waits for a time


def run_row(
    order: RunOrder, row: Mapping[str, Any] | None, view: View, deliveries: Sequence[Mapping[str, Any]] = ()
) -> RunRow:
    """A run as ordered, as computed, and as delivered: that is when every receiver has confirmed."""
    state = row or {}
    approved = order.approved
    confirmed = bool(deliveries) and all(delivery["state"] == CONFIRMED for delivery in deliveries)
    delivered_at = max(delivery["updated"] for delivery in deliveries) if confirmed else None
    return {
        "code": order.code,
        "institution": order.institution,
        "period": order.period,
        "paid": order.paid,
        "ruleSet": order.rule_set,
        "ruleVersion": order.rule_version,
        "state": DELIVERED if confirmed else state.get("state") or WAITING,
        "digest": state.get("digest"),
        "counts": state.get("counts") or {},
        "totals": state.get("totals") or {},
        "openedBy": _name(view, order.opened_by),
        "openedAt": moment(order.opened_at),
        "computedAt": moment(state.get("computed_at")),
        "approvedBy": _name(view, approved.operator) if approved else None,
        "approverAddedByOpener": approved.added_by_opener if approved else None,
        "approvedAt": moment(approved.at) if approved else None,
        "deliveredAt": moment(delivered_at),
    }


def _name(view: View, key_id: str) -> str:
    operator = view.operator(key_id)
    return operator.name if operator else key_id


def find_run(view: View, code: str) -> RunOrder:
    order = view.run(code)
    if order is None:
        raise BadMessage("AMANA-READ-001", "run")
    return order


async def run_state(store: Store, code: str) -> dict[str, Any] | None:
    """The computed row of a run, if there is one yet."""
    rows = await store.rows("run", {"code": code}, limit=1)
    return rows[0] if rows else None


async def list_runs(
    store: Store, view: View, orders: Sequence[RunOrder], limit: int, after: str | None
) -> Page[RunRow]:
    chosen, cursor = page_values(orders, lambda order: (order.code,), limit, after)
    codes = [order.code for order in chosen]
    states = {row["code"]: row for row in await store.rows("run", {"code": codes})} if codes else {}
    sent: dict[str, list[dict[str, Any]]] = {code: [] for code in codes}
    for row in await store.rows("delivery", {"run": codes}) if codes else []:
        sent[row["run"]].append(row)
    return page([run_row(order, states.get(order.code), view, sent[order.code]) for order in chosen], cursor)


async def show_run(store: Store, view: View, code: str) -> RunDetail:
    order = find_run(view, code)
    deliveries = await store.rows("delivery", {"run": code}, order=("subscription", "id"))
    return {
        **run_row(order, await run_state(store, code), view, deliveries),
        "deliveries": [delivery_row(row) for row in deliveries],
    }


def delivery_row(row: Mapping[str, Any]) -> DeliveryRow:
    return {
        "id": row["id"],
        "requestId": row["request_id"],
        "subscription": row["subscription"],
        "system": row["system"],
        "state": row["state"],
        "attempts": row["attempts"],
        "lastCode": row["last_code"],
        "nextAt": moment(row["next_at"]) if row["state"] == RETRYING else None,
        "updated": moment(row["updated"]),
    }


async def open_signals(
    store: Store, vault: Vault, code: str, where: Mapping[str, Any], limit: int, after: str | None
) -> SignalPage:
    """A page of the run's pay signals, in the order of their ids."""
    rows, cursor = await page_rows(store, "run_signal", {"run": code, **where}, ("signal_id",), limit, after)
    secrets = await vault.open(sorted({row["secret_id"] for row in rows}))
    keys = {name: BodyKey(secret, SIGNAL) for name, secret in secrets.items()}
    items: list[dict[str, Any]] = []
    erased: list[str] = []
    for row in rows:
        key = keys.get(row["secret_id"])
        if key is None:
            erased.append(row["signal_id"])
            continue
        try:
            items.append(jsontext.parse(key.open_seal(row["signal_id"], row["body"])))
        except SigningError as error:
            raise Halt("AMANA-SEAL-001", f"signal {row['signal_id']}") from error
    return {"run": code, "items": items, "erased": erased, "next": cursor}
