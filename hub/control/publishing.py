"""Decisions on topics that subscribers read themselves: one operator asks, a second person signs, either ends it.

Rule: what is written there is in clear and out of the hub's reach, so nobody gives it leave alone, and a leave that is not
signed changes nothing. Whether this hub has a Kafka, and the registry the schema, the API asks before: neither is state of the
directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing
from hub.control.governing import same_person
from hub.control.objects import ANY, Signature, Subscription, TopicLeave
from hub.control.view import View
from hub.errors import BadMessage

FOLDER: Final = "folder"
ENCRYPT: Final = "encrypt"


def open_topic(view: View, args: arguments.TopicOpen, now: Circumstances) -> Decision:
    subscription = existing(view.subscription(args.subscription), "subscription")
    _fits(view, subscription)
    if subscription.leave is not None:
        raise BadMessage("AMANA-CHANGE-003", "the subscription is written to a topic")
    waiting = [leave for leave in view.leaves() if leave.subscription == subscription.id and not _over(leave)]
    if waiting:
        raise BadMessage("AMANA-CHANGE-003", f"{waiting[0].id} of the same subscription waits for a signature")
    id_ = f"topic-{now.position}"
    value = TopicLeave(id_, subscription.id, args.reason, _signature(now))
    return Decision(
        {"leave": id_, "subscription": subscription.id, "system": subscription.system}, (Put("leaves", id_, value),)
    )


def sign_topic(view: View, args: arguments.TopicSign, now: Circumstances) -> Decision:
    leave = existing(view.leave(args.leave), "leave")
    mine = _signature(now)
    if mine.operator == leave.opened.operator:
        raise BadMessage("AMANA-OPER-002", "the key that asked for the topic")
    if same_person(mine.person, leave.opened.person):
        raise BadMessage("AMANA-OPER-002", "the person who asked for the topic")
    if _over(leave):
        raise BadMessage("AMANA-CHANGE-003", "the leave is signed or ended")
    if args.subscription != leave.subscription:
        raise BadMessage("AMANA-CHANGE-004", "the leave is for another subscription")
    subscription = existing(view.subscription(leave.subscription), "subscription")
    _fits(view, subscription)
    puts = (
        Put("leaves", leave.id, replace(leave, signed=mine)),
        Put("subscriptions", subscription.id, replace(subscription, leave=leave.id)),
    )
    return Decision({"leave": leave.id, "subscription": subscription.id, "system": subscription.system}, puts)


def close_topic(view: View, args: arguments.TopicClose, now: Circumstances) -> Decision:
    """Ends a leave, or what was asked for. From now on the system is called again."""
    subscription = existing(view.subscription(args.subscription), "subscription")
    open_ = [leave for leave in view.leaves() if leave.subscription == subscription.id and leave.closed is None]
    if not open_:
        raise BadMessage("AMANA-CHANGE-003", "the subscription is not written to a topic")
    puts = [Put("leaves", leave.id, replace(leave, closed=_signature(now))) for leave in open_]
    if subscription.leave is not None:
        puts.append(Put("subscriptions", subscription.id, replace(subscription, leave=None)))
    return Decision({"subscription": subscription.id, "leave": open_[-1].id}, tuple(puts))


def _over(leave: TopicLeave) -> bool:
    return leave.signed is not None or leave.closed is not None


def _signature(now: Circumstances) -> Signature:
    operator = existing(now.operator, "operator")
    return Signature(operator.key_id, operator.person, now.position, now.at)


def _fits(view: View, subscription: Subscription) -> None:
    """Raises AMANA-TOPIC-002 for what has no place in a topic in clear."""
    system = existing(view.system(subscription.system), "system")
    api = None if subscription.code is None else view.api(subscription.code)
    if subscription.collect:
        raise BadMessage("AMANA-TOPIC-002", "the subscription is collected")
    if FOLDER in subscription.options:
        raise BadMessage("AMANA-TOPIC-002", "the subscription goes into a folder")
    if system.options.get(ENCRYPT) == "yes":
        raise BadMessage("AMANA-TOPIC-002", "the system wants its bodies encrypted")
    if api is not None and api.sealed == "recipient":
        raise BadMessage("AMANA-TOPIC-002", "the code is encrypted for its recipient")
    if api is not None and api.contract == ANY:
        raise BadMessage("AMANA-TOPIC-002", "the code has no contract")


DECISIONS: Final[Mapping[str, Decide]] = {
    "topic.open": open_topic,
    "topic.sign": sign_topic,
    "topic.close": close_topic,
}
