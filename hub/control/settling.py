"""Decisions on messages that do not go on by themselves: deliveries that are dead or unproven, other dead letters.

Rule: each dead letter is decided on once. Whether it is still open is no state of the directory: the hub looks when it
is asked, and records which delivery it found (`hub.delivery.settlements.find`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing
from hub.control.objects import Settlement, StuckDelivery, Verdict
from hub.control.view import View
from hub.errors import BadMessage

DELIVERY: Final = "delivery"
"""The hub's member of a control record: `{"letter", "key", "attempts", "headers"}`."""


def _decide(
    view: View, letter: str, verdict: Verdict, delivery: StuckDelivery | None, reason: str, now: Circumstances
) -> Decision:
    operator = existing(now.operator, "operator")
    if view.settlement(letter) is not None:
        raise BadMessage("AMANA-CHANGE-003", "an operator has decided on this already")
    made = Settlement(letter, verdict, delivery, reason, operator.key_id, now.position, now.at)
    return Decision({"deadLetter": letter, "decided": verdict}, (Put("settlements", letter, made),))


def _on_delivery(verdict: Verdict) -> Decide:
    def decide(view: View, args: arguments.DeliveryNamed, now: Circumstances) -> Decision:
        match now.hub.get(DELIVERY):
            case {"letter": str(letter), "key": str(key), "attempts": int(attempts), "headers": dict(headers)}:
                found = StuckDelivery(args.id, key, attempts, {str(k): str(v) for k, v in headers.items()})
                return _decide(view, letter, verdict, found, args.reason, now)
        raise BadMessage("AMANA-CHANGE-002", "delivery")

    return decide


def discard_letter(view: View, args: arguments.DeadLetterNamed, now: Circumstances) -> Decision:
    return _decide(view, args.id, "discard", None, args.reason, now)


_VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

DECISIONS: Final[Mapping[str, Decide]] = {f"delivery.{verdict}": _on_delivery(verdict) for verdict in _VERDICTS} | {
    "dead-letter.discard": discard_letter
}


def settlement_of(view: View, result: Mapping[str, Any]) -> Settlement:
    """The settlement that an accepted change of these made, by the result of its outcome."""
    made = view.settlement(result["deadLetter"])
    if made is None:
        raise LookupError(result["deadLetter"])
    return made
