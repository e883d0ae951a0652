"""How a worker waits for brokers, and how it leaves its groups."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from hub.kafka import Connection, Names, running
from hub.kafka.member import PATIENCE
from hub.kafka.running import KafkaFeed, _leave
from hub.stages.runner import Runner
from tests.laws.engines import law


def feed(session: float) -> KafkaFeed:
    core: Any = SimpleNamespace(
        ports=SimpleNamespace(bus=SimpleNamespace(topics=dict), store=None), deliverer=SimpleNamespace(share=None)
    )
    return KafkaFeed(core, Connection(("127.0.0.1:1",), Names("t")), session=session)


class Stage:
    name = "copying"
    version = "1"
    batch = 10

    def sources(self, topics: Any) -> list[str]:
        del topics
        return ["in"]


@pytest.mark.parametrize("session", [6.0, 10.0])
@law
async def test_a_broker_that_hangs_is_given_up_once_a_group_would_have_gathered(session: float) -> None:
    """No request is given up while a group may still be gathering, and none waits for aiokafka's 40 seconds."""
    made = feed(session)
    stage: Any = Stage()
    nobody: Any = None  # neither log nor store is asked
    _, subscriber = made.join(Runner(stage, nobody, nobody, "owner"), lambda: None)
    patience = made._broker._connection_kwargs["request_timeout_ms"]
    gathering = subscriber._connection_args["rebalance_timeout_ms"]
    assert (session + PATIENCE) * 1000 < gathering < patience < 25_000


class Member:
    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def let_go(self) -> None:
        """Nothing is held."""


class Silent:
    async def stop(self) -> None:
        """A group that gathers answers nobody."""
        await asyncio.Event().wait()


@law
async def test_a_group_that_does_not_answer_is_left_by_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is told to end while a group is gathering ends all the same."""
    monkeypatch.setattr(running, "LEAVE", 0.05)
    member: Any = Member()
    silent: Any = Silent()
    async with asyncio.timeout(10):
        await _leave(member, silent)
    assert member.ended.cancelled()
