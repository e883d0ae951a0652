"""To whom a decision on a contract's version is announced: who may use it by the directory, and who did by the index.

Rule: a function of the directory and of the control record; what the index knew was written into that record when the
change was asked for. A system that has no subscription to announcements gets one, which it collects when it has no
address; it is a subscription like any other from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hub.contracts.names import pin
from hub.control.decisions import Put
from hub.control.objects import Subscription
from hub.control.view import View

NOTICE: Final = "contract.notice"
"""The canonical contract of announcements, and what a subscription to them names."""

ANNOUNCED: Final = frozenset({"active", "deprecated", "retired"})
USERS: Final = "users"
"""Member that the hub adds to a change of state: systems that used the version lately, by the index."""

STANDING: Final = "standing"
"""Option of a subscription that the hub made by itself: of announcements that concern its system."""


def codes_of(view: View, contract: str) -> tuple[str, ...]:
    """Codes that name this version, of what they carry or of what is asked."""
    return tuple(api.code for api in view.apis() if contract in {pin(api.contract), pin(api.request_contract)})


def users_of(view: View, contract: str, lately: object) -> tuple[str, ...]:
    """Systems that may send or get the version, and those that the index knew, in the order of their codes."""
    found = set(_listed(lately))
    codes = set(codes_of(view, contract))
    for api in view.apis():
        if api.code in codes and api.provider is not None:
            found.add(api.provider)
    found |= {grant.system for grant in view.grants() if grant.active and grant.code in codes}
    found |= {
        one.system
        for one in view.all_subscriptions()
        if one.code in codes or (one.contract is not None and pin(one.contract) == contract)
    }
    return tuple(sorted(code for code in found if view.system(code) is not None))


def tell(view: View, systems: Iterable[str]) -> tuple[tuple[str, ...], tuple[Put, ...]]:
    """The subscriptions under which these systems are told, and those that have to be made for it. Who asked for
    announcements by a subscription of its own gets every one."""
    present = view.subscriptions(NOTICE)
    by_system: dict[str, Subscription] = {}
    for one in present:
        by_system.setdefault(one.system, one)
    told = [one.id for one in present if STANDING not in one.options]
    made: list[Put] = []
    ids = [one.id for one in present]
    for code in systems:
        known = by_system.get(code)
        if known is not None:
            told.append(known.id)
            continue
        system = view.system(code)
        assert system is not None
        id_ = _free(view, f"{code}.{NOTICE}")
        value = Subscription(id_, code, None, NOTICE, False, False, None, None, {STANDING: "yes"}, not system.url)
        made.append(Put("subscriptions", id_, value))
        ids.append(id_)
        told.append(id_)
    if made:
        made.append(Put("subscribers", NOTICE, tuple(ids)))
    return tuple(dict.fromkeys(told)), tuple(made)


def _free(view: View, id_: str) -> str:
    while view.subscription(id_) is not None:
        id_ += ".hub"
    return id_


def _listed(lately: Any) -> list[str]:
    return [one for one in lately if isinstance(one, str)] if isinstance(lately, list) else []
