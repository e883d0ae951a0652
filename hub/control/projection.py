"""The directory as tables, for lists and for SQL: a stage that reads the control log.

Rule: rows say what held after the record, taken from the fold; reading the log again gives the same rows. Digests of
secrets are not projected: the fold has them, a listing needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hub.control.directory import Directory, Outcome
from hub.control.follow import DirectoryFollower
from hub.control.objects import Api, Device, Grant, Institution, Operator, Subscription, System, Unit
from hub.control.view import View
from hub.ports import Write
from hub.stages.effects import Effects, Entry
from hub.topics import CONTROL

NAME: Final = "directory"

Row = dict[str, Any]


class DirectoryTables:
    """The stage."""

    name = NAME
    version = 1
    batch = 1000

    def __init__(self, follower: DirectoryFollower) -> None:
        self._follower = follower

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == CONTROL]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        await self._follower.catch_up(entries[-1].offset)
        return Effects(writes=project(self._follower.directory, [entry.offset for entry in entries]))


def project(directory: Directory, positions: Sequence[int]) -> list[Write]:
    """Rows that the records at `positions` (ascending, applied) made or changed, and the history of changes. Tables
    come in an order in which their references hold."""
    rows: dict[str, dict[object, Row]] = {table: {} for table in TABLES}
    for position in positions:
        outcome = directory.outcome(position)
        view = directory.at(position)
        for history, key in outcome.touched:
            if history not in _PROJECTIONS:
                continue
            table, look_up, render = _PROJECTIONS[history]
            value = look_up(view, key)
            rows[table][key] = render(value)
            if isinstance(value, System):
                rows["system_key"] |= {(key, row["key_id"]): row for row in key_rows(value)}
        rows["change"][position] = _change(position, outcome)
    return [Write(table, list(found.values())) for table, found in rows.items() if found]


TABLES: Final = (
    "institution",
    "unit",
    "system",
    "system_key",
    "api",
    "grant_",
    "subscription",
    "device",
    "operator",
    "change",
)


def _change(position: int, outcome: Outcome) -> Row:
    return {
        "position": position,
        "id": outcome.id,
        "kind": outcome.kind,
        "operator": outcome.operator,
        "at": outcome.at,
        "accepted": outcome.accepted,
        "outcome": outcome.code,
        "detail": outcome.detail,
        "repeated": outcome.repeated,
    }


def institution_row(value: Institution) -> Row:
    return {"code": value.code, "name": value.name, "parent": value.parent}


def unit_row(value: Unit) -> Row:
    return {"institution": value.institution, "code": value.code, "name": value.name, "parent": value.parent}


def system_row(value: System) -> Row:
    return {
        "code": value.code,
        "institution": value.institution,
        "unit": value.unit,
        "client_id": value.client_id,
        "suspended": value.suspended,
        "epoch": value.epoch,
        "url": value.url,
        "options": dict(value.options),
    }


def key_rows(value: System) -> list[Row]:
    return [
        {
            "system": value.code,
            "key_id": key.key_id,
            "public_key": key.public_key,
            "not_before": key.not_before,
            "not_after": key.not_after,
        }
        for key in value.keys
    ]


def api_row(value: Api) -> Row:
    return {
        "code": value.code,
        "adapter": value.adapter,
        "exchange": value.exchange,
        "direction": value.direction,
        "contract": value.contract,
        "dedupe": value.dedupe,
        "window_ms": value.window_ms,
        "fields": list(value.fields),
        "assurance": value.assurance,
        "sealed": value.sealed,
        "provider": value.provider,
        "holding": value.holding,
        "institution": value.institution,
        "request_contract": value.request_contract,
        "timeout_ms": value.timeout_ms,
    }


def grant_row(value: Grant) -> Row:
    return {"system": value.system, "code": value.code, "active": value.active}


def subscription_row(value: Subscription) -> Row:
    return {
        "id": value.id,
        "system": value.system,
        "code": value.code,
        "contract": value.contract,
        "ordered": value.ordered,
        "paused": value.paused,
        "url": value.url,
        "institution": value.institution,
        "options": dict(value.options),
        "collect": value.collect,
        "leave": value.leave,
    }


def device_row(value: Device) -> Row:
    return {
        "id": value.id,
        "adapter": value.adapter,
        "serial": value.serial,
        "zone": value.zone,
        "has_secret_path": value.secret_path_sha256 is not None,
        "networks": list(value.networks),
        "institution": value.institution,
        "code": value.code,
        "suspended": value.suspended,
        "options": dict(value.options),
    }


def operator_row(value: Operator) -> Row:
    return {
        "key_id": value.key_id,
        "name": value.name,
        "person": value.person,
        "roles": list(value.roles),
        "suspended": value.suspended,
        "public_key": value.public_key,
    }


_PROJECTIONS: Final[Mapping[str, tuple[str, Callable[[View, Any], Any], Callable[[Any], Row]]]] = {
    "institutions": ("institution", View.institution, institution_row),
    "units": ("unit", lambda view, key: view.unit(*key), unit_row),
    "systems": ("system", View.system, system_row),
    "apis": ("api", View.api, api_row),
    "grants": ("grant_", lambda view, key: view.grant(*key), grant_row),
    "subscriptions": ("subscription", View.subscription, subscription_row),
    "devices": ("device", View.device_by_id, device_row),
    "operators": ("operator", View.operator, operator_row),
}
"""By table of the fold: table of the store, the object as of a view, its row. Indexes have no rows; runs, erasures,
decided join requests and the hub's keys have readers of their own."""
