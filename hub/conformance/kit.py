"""The kit at work: it feeds what it sees to the pure core, keeps the state, and says what has changed.

Rule: one event after the other, in one event loop; the state is on disk before the page shows it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hub.conformance import files, page, provider, receiving
from hub.conformance.events import Event
from hub.conformance.observing import observe
from hub.conformance.onboarding import Onboarded
from hub.conformance.report import Trial
from hub.ports import Answer, Call, Caller, Clock
from signing.errors import SigningError

AGENTS: Final = 5
AGENT_LENGTH: Final = 80
PROBE_TIMEOUT: Final = 10.0


@dataclass(slots=True)
class Kit:
    """`say` prints a line on the terminal. `onboarded` is None until the hub is ready."""

    folder: Path
    facts: page.Facts
    trial: Trial
    clock: Clock
    say: Callable[[str], None]
    onboarded: Onboarded | None = None

    def page(self) -> str:
        return page.render_page(self.trial.state, self.facts)

    def take(self, event: Event, agent: str = "") -> None:
        """One event."""
        before = self.trial.state
        shown = "".join(letter for letter in agent if letter.isprintable())[:AGENT_LENGTH]
        agents = self.trial.agents
        if shown and shown not in agents and len(agents) < AGENTS:
            agents = (*agents, shown)
        self.trial = replace(self.trial, state=observe(before, event), agents=agents)
        files.write_result(self.folder, self.trial)
        for line in page.changes(before, self.trial.state):
            self.say(line)

    async def probe(self, caller: Caller, url: str) -> None:
        """Send the connector everything that it must take or refuse."""
        assert self.onboarded is not None
        first = secrets.token_hex(16)
        for step in receiving.PROBES:
            request = first if step in {"receive-push-json", "receive-again"} else secrets.token_hex(16)
            body = receiving.render_probe(step, request, self.onboarded.hub)
            media = receiving.CONTENT_TYPES[receiving.media_for(step)]
            answer = await caller.call(Call(url, body, media, PROBE_TIMEOUT))
            self.take(receiving.read_probe(step, request, answer, self.onboarded.connector, self.clock.now()))


class TrialCaller:
    """The hub's way out: calls to the trial provider are answered here, all others go where they lead."""

    def __init__(self, outside: Caller, kit: Kit) -> None:
        self._outside = outside
        self._kit = kit

    async def call(self, call: Call) -> Answer:
        if call.url != provider.URL:
            return await self._outside.call(call)
        onboarded = self._kit.onboarded
        if onboarded is None:
            return Answer(None, reached=False, reason="starting")
        try:
            said = provider.reply(call.body, onboarded.provider)
        except SigningError:
            return Answer(400)
        if said.after > call.timeout:
            await asyncio.sleep(call.timeout)
            return Answer(None, reason="TimeoutError")
        return Answer(200, said.body, "application/json")

    async def close(self) -> None:
        await self._outside.close()
