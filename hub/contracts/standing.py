"""What the state of a contract's version means for a message under it.

Rule: read from the directory as of one position, so the same for every process and for ever. A draft is for trials, a
deprecated version is taken with a notice, a retired one is refused with what to use instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hub.contracts.names import pin
from hub.errors import BadMessage

if TYPE_CHECKING:
    from hub.control.view import View


def check_standing(view: View, contracts: Iterable[str], *, trial: bool) -> str:
    """The notice that goes with messages under these contracts; "" when there is nothing to say. Raises `BadMessage`
    AMANA-CONTRACT-002 (retired) or AMANA-CONTRACT-003 (a draft, and no trial)."""
    notices: list[str] = []
    for name in contracts:
        found = view.contract_state(pin(name))
        if found is None or found.state == "active":
            continue
        instead = f"; use {found.instead}" if found.instead else ""
        if found.state == "retired":
            raise BadMessage("AMANA-CONTRACT-002", found.contract + instead)
        if found.state == "draft":
            if not trial:
                raise BadMessage("AMANA-CONTRACT-003", found.contract)
            notices.append(f"{found.contract} is a draft")
        else:
            notices.append(f"{found.contract} is deprecated, its last day is {found.until}{instead}")
    return ", ".join(notices)
