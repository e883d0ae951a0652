"""A whole month through the core, from the first signed change to a confirmed delivery."""

from __future__ import annotations

import asyncio

from tests.simulator.hub import SimHub
from tests.simulator.month import Script


def test_a_month_ends_in_confirmed_deliveries_that_add_up() -> None:
    """What the generator says must come out is what the run says, and the receiver took every page once."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.whole()])
        [run] = await hub.store.rows("run")
        expected = script.month.expected
        assert run["state"] == "delivered"
        assert run["totals"] == {"gross": expected.gross, "cut": expected.cut, "net": expected.net}
        assert (run["counts"]["ready"], run["counts"]["held"]) == (expected.ready, expected.held)
        assert run["counts"]["unmatchedPunches"] == script.month.unmatched
        assert set(hub.receiver.taken) == set(await hub.outgoing())
        assert set(hub.receiver.calls.values()) == {1}

    asyncio.run(journey())
