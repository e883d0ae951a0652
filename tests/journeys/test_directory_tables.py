"""The directory as tables, filled by the running core: rows are what the fold says, after onboarding and after changes."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.control import projection
from hub.control.view import View
from tests.simulator.hub import SimHub
from tests.simulator.month import PAYROLL, Script, onboarding_changes, settle

Tables = dict[str, list[dict[str, Any]]]


def _of_view(view: View) -> Tables:
    return {
        "institution": [projection.institution_row(v) for v in view.institutions()],
        "system": [projection.system_row(v) for v in view.systems()],
        "system_key": [row for v in view.systems() for row in projection.key_rows(v)],
        "api": [projection.api_row(v) for v in view.apis()],
        "grant_": [projection.grant_row(v) for v in view.grants()],
        "subscription": [projection.subscription_row(v) for v in view.all_subscriptions()],
        "device": [projection.device_row(v) for v in view.devices()],
        "operator": [projection.operator_row(v) for v in view.operators()],
    }


async def _stored(hub: SimHub, names: list[str]) -> Tables:
    return {name: await hub.store.rows(name) for name in names}


def _sorted(tables: Tables) -> Tables:
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


def test_after_onboarding_the_tables_hold_what_the_directory_holds() -> None:
    """Every institution, system, key, code, grant, subscription, device and operator is a row, and every change too."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), settle])
        expected = _of_view(hub.follower.directory.now())
        assert all(expected.values())
        assert _sorted(await _stored(hub, list(expected))) == _sorted(expected)
        changes = await hub.store.rows("change", order=("position",))
        assert [(c["position"], c["kind"], c["accepted"]) for c in changes] == [
            (n, kind, True) for n, (kind, _) in enumerate(onboarding_changes())
        ]

    asyncio.run(journey())


def test_a_later_change_reaches_its_row_and_a_refused_one_the_history() -> None:
    """A suspension shows in the row of the system; what was refused is in the history with its code alone."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), settle])
        await hub.change(hub.signed("system.suspend", {"system": PAYROLL}))
        refused = await hub.change(hub.signed("system.suspend", {"system": PAYROLL}))
        await settle(hub)
        expected = _of_view(hub.follower.directory.now())
        assert _sorted(await _stored(hub, list(expected))) == _sorted(expected)
        [system] = await hub.store.rows("system", {"code": PAYROLL})
        assert system["suspended"] is True
        [row] = await hub.store.rows("change", {"position": refused.position})
        assert (row["accepted"], row["outcome"]) == (False, "AMANA-CHANGE-003")

    asyncio.run(journey())
