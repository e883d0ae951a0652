"""A system that asks the hub itself: a signed pull through the checks and the engine of a gateway, on the ports of a
simulated hub. Each question has a gateway of its own, so that nothing can lie in one's memory."""

from __future__ import annotations

from typing import Any

from hub.gateway.admission import Push, Refusal, Wanted
from hub.gateway.answering import make_answerers
from hub.ports import Answered, Candidate
from hub.pull.engine import PullEngine, PullPorts
from hub.pull.question import examine
from hub.uploads import Uploads
from signing import forms, tokens
from signing.forms import Media
from signing.keys import KeyRing, KeyWindow, PrivateKey
from tests.simulator.hub import HUB_KEYS, PEOPLE, SimHub


def question(code: str, body: Any, key: PrivateKey | None = None, media: Media = "json") -> bytes:
    """The signed envelope of a pull. Keep it to send the same bytes again."""
    return forms.seal_form({"apiCode": code, "esbBody": body}, key or PEOPLE.receiver, media, "request")


async def ask(
    hub: SimHub, system: str, signed: bytes, path: str = "/esb/request", media: Media = "json"
) -> dict[str, Any]:
    """The data of the hub's answer, whose signature holds."""
    await hub.running()
    view = hub.follower.directory.now()
    known = view.system(system)
    assert known is not None
    token = tokens.issue(HUB_KEYS.token, system, hub.clock.now() + 60_000, known.epoch)
    push = Push(b"Bearer " + token.encode(), f"application/{media}".encode(), signed)
    asked = examine(push, path, view, hub.clock.now(), hub.terms())
    assert not isinstance(asked, Wanted), "nothing is uploaded here"
    if isinstance(asked, Refusal):
        return {"success": False, "message": asked.error.text()}

    async def admit(candidate: Candidate) -> Answered:
        [answer] = await hub.log.admit([candidate], hub.clock.now())
        return answer

    engine = PullEngine(
        PullPorts(
            admit=admit,
            bus=hub.log,
            vault=hub.log,
            store=hub.store,
            caller=hub.receiver,
            clock=hub.clock,
            view=view,
            signing=HUB_KEYS.signing,
            uploads=Uploads(hub.store, HUB_KEYS.wrapper, vault=hub.log),
            answerers=make_answerers(hub.log, hub.store, hub.log, hub.follower, hub.registry),
        )
    )
    spoken = await engine.ask(asked)
    verified = forms.verify_forms(forms.frame_body(spoken.body, media), KeyRing([KeyWindow(PEOPLE.hub.public, 0)]), 0)
    return forms.read_data(verified.data, verified.form)


async def body_of(hub: SimHub, system: str, code: str, body: Any) -> Any:
    """The body of a successful answer."""
    data = await ask(hub, system, question(code, body))
    assert data["success"] is True, data["message"]
    return data["esbBody"]


async def code_of(hub: SimHub, system: str, code: str, body: Any) -> str:
    """The stable code of a failure."""
    data = await ask(hub, system, question(code, body))
    assert data["success"] is False, data
    return str(data["message"]).partition(":")[0]
