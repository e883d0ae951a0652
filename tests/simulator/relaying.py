"""A code that is passed on as it is, with the systems that may send and get it."""

from __future__ import annotations

from typing import Any, Final

from hub.ports import Admitted
from tests.simulator.hub import PEOPLE, SimHub, push_envelope, sha256
from tests.simulator.month import Script, preset

CODE: Final = "SURAT"
SENDER: Final = "KEMCONTOH-DATA"
FIRST: Final = "PENERIMA-SATU"
SECOND: Final = "PENERIMA-DUA"


async def change(hub: SimHub, kind: str, args: dict[str, Any]) -> None:
    outcome = await hub.change(hub.signed(kind, args))
    assert outcome.accepted, (kind, outcome.code, outcome.detail)


async def relaying(hub: SimHub, **api: Any) -> None:
    """Onboard: a relayed code that `SENDER` may use, and two systems to get it."""
    script = Script()
    await script.do(hub, script.onboarding())
    await add_receiver(hub, FIRST)
    await add_receiver(hub, SECOND)
    await change(hub, "api.add", {"code": CODE, "direction": "relay"} | api)
    await change(hub, "grant.add", {"system": SENDER, "code": CODE})


async def add_receiver(hub: SimHub, code: str) -> None:
    args = {
        "institution": preset().payroll.code,
        "code": code,
        "clientId": f"client-{code}",
        "secretSha256": sha256(code),
        "publicKey": PEOPLE.receiver.public.pem(),
        "url": f"https://{code.lower()}.example/push",
    }
    await change(hub, "system.add", args)


async def subscribe(hub: SimHub, system: str, **more: Any) -> str:
    """Subscribe a system to the code; returns the id of the subscription."""
    await change(hub, "subscription.add", {"system": system, "code": CODE} | more)
    return str(more.get("id", f"{system}.{CODE}"))


async def send(hub: SimHub, body: bytes) -> Admitted:
    """A push under the code that is taken."""
    answer = await hub.push(SENDER, push_envelope(CODE, body))
    assert isinstance(answer, Admitted), answer
    return answer


async def message_states(hub: SimHub, kind: str) -> dict[str, str]:
    """State by message id in the index."""
    return {row["id"]: row["state"] for row in await hub.store.rows("message", {"kind": kind})}
