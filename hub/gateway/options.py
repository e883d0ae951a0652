"""Options of adapters in changes: only such as the adapter of the code or device has, or the hub itself reads.

Rule: asked here, once, before the change is signed into the log. The fold itself knows no adapter, so that a hub with another
set of adapters folds the same directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.clock import CLOCK_OFFSET, TIME_ZONE
from hub.control.announcing import STANDING
from hub.control.publishing import FOLDER
from hub.errors import BadMessage
from hub.gateway.devices import TRIAL
from hub.urls import parse_url

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.view import View

_OF_THE_HUB: Final[Mapping[str, frozenset[str]]] = {
    "grant.add": frozenset(),
    "grant.options": frozenset(),
    "feed.add": frozenset(),
    "device.add": frozenset(
        {TRIAL, TIME_ZONE, CLOCK_OFFSET}
    ),  # clocks are read by the kit, for every adapter of devices
    "subscription.add": frozenset({FOLDER, STANDING, TRIAL}),
}
"""Kinds of changes whose options are looked at, and what the hub itself reads of them."""

_OF_POLLS: Final = frozenset({"page", "windowSeconds"})
"""The same of a poll's."""


def check_options(kind: str, args: Mapping[str, Any], view: View, adapters: Mapping[str, Adapter]) -> None:
    """Raises `BadMessage` AMANA-CHANGE-001 for an option that the adapter does not have: a mistyped one must not pass for
    one that was not given. Of an adapter that is not installed here nothing is known."""
    options, own = args.get("options"), _OF_THE_HUB.get(kind)
    if own is None or not isinstance(options, Mapping):
        return
    other = options.keys() - own
    name = _adapter_of(kind, args, view) if other else None
    if name is None:
        return
    adapter = adapters.get(name)
    if adapter is None:
        if name:
            return
        raise BadMessage("AMANA-CHANGE-001", "options: the code has no adapter that would read them")
    poll = args.get("kind") == "poll"
    known = own | adapter.manifest.options.keys() | (_OF_POLLS if poll else frozenset())
    if not all(option in known or _is_one_of_many(str(option), known) for option in other):
        has = ", ".join(sorted(known)) or "none"
        raise BadMessage("AMANA-CHANGE-001", f"options: {adapter.id} has these: {has}")
    if poll:
        _check_addresses(str(args.get("part")), options, adapter)


def _adapter_of(kind: str, args: Mapping[str, Any], view: View) -> str | None:
    """Whose options they are; "": nobody's. None: the change names what is not there, and is refused for that."""
    if kind == "device.add":
        return str(args.get("adapter"))
    if kind == "subscription.add" and args.get("code") is None:
        return ""  # of a contract: its records go out as they are
    api = view.api(str(args.get("code")))
    return None if api is None else api.adapter


def _is_one_of_many(option: str, known: Iterable[str]) -> bool:
    """Whether a manifest has an option of which there may be several: `command.<id>`."""
    begins = (name.partition("<")[0] for name in known if name.endswith(">"))
    return any(option.startswith(begin) and len(option) > len(begin) for begin in begins)


def _check_addresses(part: str, options: Mapping[str, Any], adapter: Adapter) -> None:
    """Of a poll some options are addresses; whether the hub may call them is asked when it does, as of every address."""
    names = next((poll.addresses for poll in adapter.manifest.polls if poll.name == part), ())
    for name in names:
        try:
            parse_url(str(options.get(name, "https://host.example/")))
        except ValueError as error:
            raise BadMessage("AMANA-CHANGE-001", f"options: {name}: {error}") from None
