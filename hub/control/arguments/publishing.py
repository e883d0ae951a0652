"""Arguments of changes to who is written to a topic of its own. Rule: see `hub.control.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.control.fields import Args, Code, Name


class TopicOpen(Args):
    subscription: Code
    reason: Name


class TopicSign(Args):
    """`subscription`: the one that the leave is for, so that whoever signs has seen it."""

    leave: Code
    subscription: Code


class TopicClose(Args):
    subscription: Code
    reason: Name


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "topic.open": TopicOpen,
    "topic.sign": TopicSign,
    "topic.close": TopicClose,
}
