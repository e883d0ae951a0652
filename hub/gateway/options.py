"""Options of adapters in changes: only such as the adapter of the code has.

Rule: asked here, once, before the change is signed into the log. The fold itself knows no adapter, so that a hub with another
set of adapters folds the same directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.errors import BadMessage
from hub.urls import parse_url

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.view import View

_KINDS: Final = frozenset({"grant.add", "grant.options", "feed.add"})
_OF_POLLS: Final = frozenset({"page", "windowSeconds"})
"""What the hub itself reads of a poll's options."""


def check_options(kind: str, args: Mapping[str, Any], view: View, adapters: Mapping[str, Adapter]) -> None:
    """Raises `BadMessage` AMANA-CHANGE-001 for an option that the adapter does not have: a mistyped one must not pass for
    one that was not given. Of an adapter that is not installed here nothing is known."""
    options, api = args.get("options"), view.api(str(args.get("code")))
    if kind not in _KINDS or not isinstance(options, Mapping) or not options or api is None:
        return
    adapter = adapters.get(api.adapter)
    if adapter is None:
        if api.adapter:
            return
        raise BadMessage("AMANA-CHANGE-001", "options: the code has no adapter that would read them")
    known = set(adapter.manifest.options) | (_OF_POLLS if args.get("kind") == "poll" else set())
    if not known.issuperset(options):
        has = ", ".join(sorted(known)) or "none"
        raise BadMessage("AMANA-CHANGE-001", f"options: {adapter.id} has these: {has}")
    if args.get("kind") == "poll":
        _check_addresses(str(args.get("part")), options, adapter)


def _check_addresses(part: str, options: Mapping[str, Any], adapter: Adapter) -> None:
    """Of a poll some options are addresses; whether the hub may call them is asked when it does, as of every address."""
    names = next((poll.addresses for poll in adapter.manifest.polls if poll.name == part), ())
    for name in names:
        try:
            parse_url(str(options.get(name, "https://host.example/")))
        except ValueError as error:
            raise BadMessage("AMANA-CHANGE-001", f"options: {name}: {error}") from None
