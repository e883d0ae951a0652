"""What calls to one place share: its lane, and the look-up of its name."""

from __future__ import annotations

import asyncio
import socket

from hub.delivery.connecting import SharedLookUp
from hub.delivery.lanes import Lanes


def test_places_in_a_lane_are_given_in_order() -> None:
    """Whoever came first goes first, and who gave up waiting holds nobody up."""
    order: list[str] = []

    async def story() -> None:
        lanes = Lanes(1)
        where = ("https", "host", 443)
        go = asyncio.Event()

        async def pass_through(name: str) -> None:
            async with lanes.place(where):
                order.append(name)
                await go.wait()

        tasks = []
        for name in ("a", "b", "c"):
            tasks.append(asyncio.create_task(pass_through(name)))
            await asyncio.sleep(0)
        tasks[1].cancel()
        go.set()
        await asyncio.wait(tasks)
        assert (order, len(lanes)) == (["a", "c"], 0)

    asyncio.run(story())


def test_a_name_is_asked_for_once_at_a_time() -> None:
    """Many calls to a name whose servers are silent take one thread of the resolver, not all; who gives up does not
    take the answer from the others, and the next call asks anew."""

    async def story() -> None:
        asked: list[str] = []
        answer = asyncio.Event()

        async def resolve(host: str, _: int) -> list[str]:
            asked.append(host)
            await answer.wait()
            return ["192.0.2.1"]

        look_up = SharedLookUp(resolve)
        calls = [asyncio.ensure_future(look_up("slow.example", 443)) for _ in range(20)]
        await asyncio.sleep(0)
        calls[0].cancel()
        await asyncio.sleep(0)
        answer.set()
        assert await asyncio.gather(*calls[1:]) == [["192.0.2.1"]] * 19
        assert asked == ["slow.example"]
        assert await look_up("slow.example", 443) == ["192.0.2.1"]
        assert len(asked) == 2

    asyncio.run(story())


def test_a_name_that_has_no_address_fails_for_all_who_asked() -> None:
    """The failure is everybody's, also when nobody waits for it any more."""

    async def story() -> None:
        async def resolve(_: str, __: int) -> list[str]:
            await asyncio.sleep(0.01)
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        look_up = SharedLookUp(resolve)
        found = await asyncio.gather(*(look_up("none.example", 80) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in found] == [socket.gaierror] * 3
        left = asyncio.ensure_future(look_up("none.example", 80))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.sleep(0.05)

    asyncio.run(story())
