"""Leave to write to topics that subscribers read themselves, as operators read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from hub.topics import subscriber

if TYPE_CHECKING:
    from hub.control.objects import TopicLeave
    from hub.control.view import View


class LeaveRow(TypedDict):
    """`topic`: without the prefix that all topics of the hub have. `state`: waits, open or ended."""

    id: str
    subscription: str
    system: str
    topic: str
    state: str
    reason: str
    openedBy: str
    signedBy: str | None
    endedBy: str | None


def list_leaves(view: View) -> list[LeaveRow]:
    """Newest first."""
    return [_row(view, one) for one in reversed(view.leaves())]


def _row(view: View, leave: TopicLeave) -> LeaveRow:
    subscription = view.subscription(leave.subscription)
    system = "" if subscription is None else subscription.system
    return {
        "id": leave.id,
        "subscription": leave.subscription,
        "system": system,
        "topic": subscriber(system) if system else "",
        "state": "ended" if leave.closed is not None else "waits" if leave.signed is None else "open",
        "reason": leave.reason,
        "openedBy": leave.opened.person,
        "signedBy": None if leave.signed is None else leave.signed.person,
        "endedBy": None if leave.closed is None else leave.closed.person,
    }
