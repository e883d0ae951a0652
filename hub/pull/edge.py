"""Between the gateway's edge and the engine of pulls: a POST in, a refusal or what is to be said out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.errors import BadMessage
from hub.gateway.admission import Refusal, Wanted
from hub.gateway.answering import make_answerers
from hub.gateway.media import answer_media
from hub.joining.ping import PING, Ping
from hub.pull import late, question
from hub.pull.engine import PullEngine, PullPorts, Spoken

if TYPE_CHECKING:
    from hub.control.view import View
    from hub.gateway.admission import Push, Terms
    from hub.gateway.claiming import Claiming
    from hub.gateway.context import GatewayContext
    from hub.gateway.gathering import Gathering
    from hub.records import Ms
    from hub.uploads import Uploads

LATE = "/esb/async"
PATHS = question.PATHS | {LATE}


def make_engine(context: GatewayContext, view: View, gathering: Gathering, uploads: Uploads) -> PullEngine:
    """The engine of one gateway process. Who answers in the hub's own name is registered here."""
    return PullEngine(
        PullPorts(
            admit=gathering.admit,
            bus=context.bus,
            vault=context.vault,
            store=context.store,
            caller=context.caller,
            clock=context.clock,
            view=view,
            signing=context.keys.signing,
            uploads=uploads,
            registered=context.registry.registry,
            answerers={
                PING: Ping(),
                **make_answerers(context.bus, context.store, context.vault, context.follower, context.registry),
            },
            measures=context.measures,
        )
    )


async def answer(
    engine: PullEngine, path: str, post: Push, view: View, now: Ms, terms: Terms, claiming: Claiming
) -> Refusal | Spoken:
    """What comes of a POST to one of `PATHS`. Raises `TryAgain`."""
    if path == LATE:
        return await _say(engine, late.examine_late(post, view, now, terms), post)
    found = question.examine(post, path, view, now, terms)
    if not isinstance(found, Wanted):
        return await _say(engine, found, post)
    async with claiming.fetched(found) as fetched:
        if isinstance(fetched, Refusal):
            return fetched
        whole = question.examine(post, path, view, now, terms, fetched.claimed)
        assert not isinstance(whole, Wanted)
        spoken = await _say(engine, whole, post)
        if isinstance(spoken, Spoken):
            await claiming.consume(fetched)
        return spoken


async def _say(
    engine: PullEngine, found: question.Question | late.LateAnswer | Refusal, post: Push
) -> Refusal | Spoken:
    if isinstance(found, Refusal):
        return found
    try:
        if isinstance(found, late.LateAnswer):
            return await engine.take_late(found, answer_media(post.content_type))
        return await engine.ask(found)
    except BadMessage as refused:
        code = None if isinstance(found, late.LateAnswer) else found.code
        return Refusal(refused.code, refused.detail, found.system, code)
