"""Pulls on the simulator: a provider behind the `Caller` port, the gateway's engine on the simulated ports.

Rule: the engine is the real one, and made anew for each act, as a process that was restarted makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.gateway.admission import Push, Refusal
from hub.gateway.claiming import Claiming
from hub.ports import Answer, Answered, Call, Candidate
from hub.pull import edge
from hub.pull.engine import PullEngine, PullPorts, Spoken
from hub.pull.question import REQUEST
from hub.uploads import Uploads
from signing import tokens
from signing.envelope import frame, seal, verify
from signing.jsontext import parse, render
from signing.keys import KeyRing, KeyWindow, PrivateKey
from tests.simulator.hub import HUB_KEYS, PEOPLE, SimHub
from tests.simulator.month import PAYROLL, preset
from tests.simulator.outbox import delivering

PROVIDER: Final = "SUMBER-DATA"
CODE: Final = "PEG-GET"

Manner = Literal["answer", "defer", "refuse", "silent", "unreached"]


@dataclass(slots=True)
class SimProvider:
    """`seen`: data of every request that reached it, by requestId."""

    manner: Callable[[int], Manner] = lambda _: "answer"
    seen: dict[str, Any] = field(default_factory=dict)
    calls: int = 0

    async def call(self, call: Call) -> Answer:
        number, self.calls = self.calls, self.calls + 1
        manner = self.manner(number)
        if manner == "unreached":
            return Answer(None, reached=False, reason="ConnectError")
        found = frame(call.body)
        verify(found, KeyRing([KeyWindow(PEOPLE.hub.public, 0, None)]), 0)
        data = parse(found.data)
        name = data["requestId"]
        self.seen[name] = data
        if manner == "silent":
            return Answer(None, reason="ReadTimeout")
        if manner == "refuse":
            return _signed({"success": False, "requestId": name, "message": "no"})
        members = {"success": True, "requestId": name}
        return _signed(members if manner == "defer" else members | {"esbBody": {"of": data["esbBody"]}})

    async def close(self) -> None:
        pass


def _signed(members: dict[str, Any]) -> Answer:
    return Answer(200, seal(render(members), PEOPLE.sender), "application/json")


async def asking(hub: SimHub, *, subscribed: bool = True) -> None:
    """Onboard a provider, a code, and a caller (the payroll system) who may ask, and has late answers delivered."""
    await delivering(hub)
    system = {
        "institution": preset().payroll.code,
        "code": PROVIDER,
        "clientId": f"client-{PROVIDER}",
        "secretSha256": "0" * 64,
        "publicKey": PEOPLE.sender.public.pem(),
        "url": "https://provider.example/ask",
    }
    changes: list[tuple[str, dict[str, Any]]] = [
        ("system.add", system),
        ("api.add", {"code": CODE, "direction": "pull", "provider": PROVIDER}),
        ("grant.add", {"system": PAYROLL, "code": CODE}),
    ]
    if subscribed:
        changes.append(("subscription.add", {"system": PAYROLL, "contract": "pull.answer"}))
    for kind, args in changes:
        outcome = await hub.change(hub.signed(kind, args))
        assert outcome.accepted, (outcome.code, outcome.detail)


def engine_of(hub: SimHub, provider: SimProvider) -> PullEngine:
    """The engine of a gateway that has just started."""

    async def admit(candidate: Candidate) -> Answered:
        [answer] = await hub.log.admit([candidate], hub.clock.now())
        return answer

    return PullEngine(
        PullPorts(
            admit=admit,
            bus=hub.log,
            vault=hub.log,
            store=hub.store,
            caller=provider,
            clock=hub.clock,
            view=hub.follower.directory.now(),
            signing=HUB_KEYS.signing,
            uploads=Uploads(hub.store, HUB_KEYS.wrapper, vault=hub.log),
            registered=hub.registry.registry,
        )
    )


async def post(hub: SimHub, engine: PullEngine, path: str, members: dict[str, Any], system: str) -> Spoken | Refusal:
    """A signed POST of that system to the engine."""
    await hub.running()
    view = hub.follower.directory.now()
    known = view.system(system)
    assert known is not None
    key: PrivateKey = PEOPLE.receiver if system == PAYROLL else PEOPLE.sender
    token = tokens.issue(HUB_KEYS.token, system, hub.clock.now() + 60_000, known.epoch)
    push = Push(b"Bearer " + token.encode(), b"application/json", seal(render(members), key))
    claiming = Claiming(Uploads(hub.store, HUB_KEYS.wrapper, vault=hub.log), hub.clock)
    return await edge.answer(engine, path, push, view, hub.clock.now(), hub.terms(), claiming)


async def ask(hub: SimHub, provider: SimProvider, value: Any = None, **members: Any) -> dict[str, Any]:
    """What a new gateway says to a pull of the payroll system."""
    data = {"apiCode": CODE} | members | ({} if value is None else {"esbBody": value})
    return said(await post(hub, engine_of(hub, provider), REQUEST, data, PAYROLL))


async def send_late(hub: SimHub, provider: SimProvider, name: str, value: Any) -> dict[str, Any]:
    """What a new gateway says to a late answer of the provider."""
    members = {"success": True, "requestId": name, "esbBody": value}
    return said(await post(hub, engine_of(hub, provider), edge.LATE, members, PROVIDER))


def said(spoken: Spoken | Refusal) -> dict[str, Any]:
    """The verified data of an answer; a refusal is a failure of the test."""
    assert isinstance(spoken, Spoken), spoken
    found = frame(spoken.body)
    verify(found, KeyRing([KeyWindow(PEOPLE.hub.public, 0, None)]), 0)
    members = parse(found.data)
    assert isinstance(members, dict)
    return members
