"""Decisions on feeds: folders that are watched, interfaces that are asked.

Rule: a feed speaks for a system of the directory, under a code that the system is granted when a message comes; a folder
belongs to one feed for ever, so that no file is anybody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing, new
from hub.control.objects import Feed
from hub.control.view import View
from hub.errors import BadMessage


def add_feed(view: View, args: arguments.FeedAdd, _: Circumstances) -> Decision:
    system = existing(view.system(args.system), "system")
    api = existing(view.api(args.code), "code")
    if api.direction != "in" or api.sealed != "no":
        raise BadMessage("AMANA-CHANGE-003", "the code is not one that the hub takes in and reads")
    if args.device is not None and existing(view.device_by_id(args.device), "device").institution != system.institution:
        raise BadMessage("AMANA-CHANGE-003", "the device stands in another institution than the system")
    id_ = args.id or f"{args.kind}-{len(view.feeds()) + 1}"
    new(view.feed(id_), "feed")
    place = None if args.kind == "poll" else (args.place or id_)
    if place is not None and any(feed.place is not None and _meet(feed.place, place) for feed in view.feeds()):
        raise BadMessage("AMANA-CHANGE-003", "the folder, or one around or in it, belongs to another feed")
    value = Feed(
        id=id_,
        kind=args.kind,
        adapter=api.adapter,
        system=args.system,
        code=args.code,
        part=args.part,
        device=args.device,
        place=place,
        url=args.url,
        options=dict(args.options),
        suspended=False,
    )
    return Decision({"id": id_, "place": place}, (Put("feeds", id_, value),))


def _meet(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _suspended(view: View, args: arguments.FeedNamed, *, suspended: bool) -> Decision:
    found = existing(view.feed(args.id), "feed")
    if found.suspended == suspended:
        raise BadMessage("AMANA-CHANGE-003", "the feed is suspended" if suspended else "the feed is active")
    return Decision({"id": args.id}, (Put("feeds", args.id, replace(found, suspended=suspended)),))


def suspend_feed(view: View, args: arguments.FeedNamed, _: Circumstances) -> Decision:
    return _suspended(view, args, suspended=True)


def resume_feed(view: View, args: arguments.FeedNamed, _: Circumstances) -> Decision:
    return _suspended(view, args, suspended=False)


DECISIONS: Final[Mapping[str, Decide]] = {
    "feed.add": add_feed,
    "feed.suspend": suspend_feed,
    "feed.resume": resume_feed,
}
