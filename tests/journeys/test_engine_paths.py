"""An engineer of an institution calls the engine wrongly, and is told what is right."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.journeys.gateway_client import open_site
from tests.unit.gateway.onboarded import NETWORK, SERIAL


@pytest.mark.parametrize("path", ["/esb/requests", "/esb/", "/esb/push-request/"])
def test_an_engine_path_that_is_not_there_names_the_one_that_is(tmp_path: Path, path: str) -> None:
    """A signed failure that says which paths there are, and sends nobody to the operators' API."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            reply = await site.ask("POST", path, b"{}")
            told = site.verified(reply)["message"]
            assert (reply.status, told.split(":")[0]) == (404, "AMANA-HTTP-007")
            assert ("push-request, request, nida-request, async or upload under /esb" in told, "openapi" in told) == (
                True,
                False,
            )

    asyncio.run(story())


def test_a_wrong_method_is_told_the_right_one(tmp_path: Path) -> None:
    """On the engine, for tokens and for devices: 405 with `Allow`, and the method in the text."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            site.peer = NETWORK.replace("0/24", "9")
            for method, path, allowed in (
                ("GET", "/esb/push-request", "POST"),
                ("GET", "/oauth/token", "POST"),
                ("DELETE", f"/iclock/cdata?SN={SERIAL}", "GET, POST"),
            ):
                reply = await site.ask(method, path)
                assert (reply.status, reply.headers["allow"]) == (405, allowed)
                assert f"({allowed})" in reply.body.decode()

    asyncio.run(story())
