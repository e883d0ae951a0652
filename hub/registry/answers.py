"""What is done or asked with a body: registering, looking up, comparing, deleting, configuring.

Rule: a write is a request to the log, and its reply is what the fold made of it. A comparison changes nothing and is open to
everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.ports import Clock
from hub.registry import codes
from hub.registry.ask import Ask
from hub.registry.bodies import read_config, read_mode, read_registration, read_schema, read_tagging
from hub.registry.codes import Refused
from hub.registry.content import Content
from hub.registry.fold import fill
from hub.registry.follow import Build, RegistryFollower
from hub.registry.judging import Judgement, make_case
from hub.registry.names import LATEST, new_subject, parse_version, scope
from hub.registry.reads import find_row, subject_of
from hub.registry.showing import show_config, show_config_request, show_registered, show_row
from hub.registry.state import Registry, Version

INVALID: Final = 42201


@dataclass(frozen=True, slots=True)
class Desk:
    """What answering needs. `limit`: bytes of one schema."""

    follower: RegistryFollower
    clock: Clock
    limit: int

    async def submit(self, build: Build) -> Any:
        """See `RegistryFollower.submit`."""
        return await self.follower.submit(build, self.clock.now())


Answer = Callable[[Desk, Ask, str], Awaitable[Any]]
"""A reply. The third argument: who writes, empty where nothing is written."""


async def register(desk: Desk, ask: Ask, by: str) -> Any:
    def build(registry: Registry) -> dict[str, Any]:
        new_subject(ask.place["subject"])
        subject = subject_of(registry, ask.place["subject"])
        return {**read_registration(registry, subject, ask, desk.limit), "by": by}

    row: Version = await desk.submit(build)
    return show_registered(row, wide=ask.wide)


async def tag(desk: Desk, ask: Ask, by: str) -> Any:
    """A new version like one that is there, with other tags, metadata or rules."""
    row: Version = await desk.submit(
        lambda registry: {**read_tagging(find_row(registry, ask, deleted=False), ask), "by": by}
    )
    return show_registered(row, wide=ask.wide)


async def look_up(desk: Desk, ask: Ask, _: str) -> Any:
    registry = desk.follower.registry
    subject, deleted = subject_of(registry, ask.place["subject"]), ask.flag("deleted")
    value = ask.value()
    rows = registry.versions(subject, deleted=deleted)
    if not rows:
        raise codes.no_subject(ask.place["subject"])
    read = read_schema(registry, subject, ask, value, desk.limit)
    if read["text"] is None:
        raise codes.invalid("there is no text")
    wanted = fill(registry, {**read, "subject": subject})
    for row in reversed(rows):
        if row.content == wanted:
            return show_row(row, wide=ask.wide)
    for row in reversed(rows):
        if _bare(wanted, read).same_schema(row.content):
            return show_row(row, wide=ask.wide)
    raise codes.no_schema()


async def compare_one(desk: Desk, ask: Ask, _: str) -> Any:
    registry = desk.follower.registry
    version = parse_version(ask.place["version"])
    subject = subject_of(registry, ask.place["subject"])
    row = registry.version(subject, version)
    if row is None and version != LATEST:
        raise codes.no_version(version)
    return await _compare(desk, ask, subject, [] if row is None else [row])


async def compare_all(desk: Desk, ask: Ask, _: str) -> Any:
    subject = subject_of(desk.follower.registry, ask.place["subject"])
    return await _compare(desk, ask, subject, desk.follower.registry.versions(subject))


async def delete_subject(desk: Desk, ask: Ask, by: str) -> Any:
    return await desk.submit(
        lambda registry: {
            "do": "subject.delete",
            "by": by,
            "subject": subject_of(registry, ask.place["subject"]),
            "permanent": ask.flag("permanent"),
        }
    )


async def delete_version(desk: Desk, ask: Ask, by: str) -> Any:
    number = parse_version(ask.place["version"])
    return await desk.submit(
        lambda registry: {
            "do": "version.delete",
            "by": by,
            "subject": subject_of(registry, ask.place["subject"]),
            "version": number,
            "permanent": ask.flag("permanent"),
        }
    )


async def set_config(desk: Desk, ask: Ask, by: str) -> Any:
    subject, config = scope(ask.place.get("subject")), read_config(ask)
    made = await desk.submit(lambda _: {"do": "config.set", "by": by, "subject": subject, "config": config})
    return show_config_request(made)


async def drop_config(desk: Desk, ask: Ask, by: str) -> Any:
    subject = scope(ask.place.get("subject"))
    return show_config(await desk.submit(lambda _: {"do": "config.drop", "by": by, "subject": subject}))


async def set_mode(desk: Desk, ask: Ask, by: str) -> Any:
    subject = scope(ask.place.get("subject"))
    mode, force = read_mode(ask, subject), ask.flag("force")
    request = {"do": "mode.set", "by": by, "subject": subject, "mode": mode, "force": force}
    return {"mode": await desk.submit(lambda _: request)}


async def drop_mode(desk: Desk, ask: Ask, by: str) -> Any:
    subject = scope(ask.place.get("subject"))
    return {
        "mode": await desk.submit(
            lambda _: {"do": "mode.drop", "by": by, "subject": subject, "recursive": ask.flag("recursive")}
        )
    }


async def drop_context(desk: Desk, ask: Ask, _: str) -> Any:
    """There is one context, and the hub's own subjects are in it."""
    name = ask.place["context"].strip(":")
    if name in {"", "."} and desk.follower.registry.subjects():
        raise codes.context_not_empty(".")
    return None


async def _compare(desk: Desk, ask: Ask, subject: str, rows: list[Version]) -> Any:
    verbose = ask.flag("verbose")
    try:
        judgement = await _judge(desk, ask, subject, rows)
    except Refused as refusal:
        if not verbose or refusal.code != INVALID:
            raise
        judgement = Judgement(compatible=False, messages=(refusal.message,))
    shown: dict[str, Any] = {"is_compatible": judgement.compatible}
    return shown | ({"messages": list(judgement.messages)} if verbose else {})


async def _judge(desk: Desk, ask: Ask, subject: str, rows: list[Version]) -> Judgement:
    registry = desk.follower.registry
    request = {**read_schema(registry, subject, ask, ask.value(), desk.limit), "subject": subject}
    content = fill(registry, request)
    return await desk.follower.bench.judge(make_case(registry, subject, content, rows, force=False))


def _bare(content: Content, read: dict[str, Any]) -> Content:
    """Without the metadata and rules that were filled in."""
    return replace(
        content,
        metadata=content.metadata if read["metadata"] else None,
        rules=content.rules if read["rules"] else None,
    )
