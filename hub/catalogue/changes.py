"""Codes of operators and of the changes that they sign."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-OPER-001": Code(
        401,
        "operator",
        "The request is not signed by an active operator",
        "a request signed with a registered operator key",
        "Use --operator with a registered key",
    ),
    "AMANA-OPER-002": Code(
        409,
        "operator",
        "Maker and checker are the same",
        "a second operator, another person with another key",
        "Let a second operator approve",
    ),
    "AMANA-OPER-003": Code(
        401,
        "operator",
        "The signed request is too old or from the future",
        "a change signed within five minutes of the hub's clock, a read within one",
        "Correct the clock and sign again",
    ),
    "AMANA-OPER-004": Code(
        403,
        "operator",
        "The operator has no role for this change",
        "a signature by an operator with the role",
        "Let an operator with the role sign it",
    ),
    "AMANA-OPER-005": Code(
        401,
        "operator",
        "The signed read was sent before",
        "a signature of its own for every read",
        "Sign again; if nobody sent it twice, somebody has copied it on the way",
    ),
    "AMANA-CHANGE-001": Code(
        422,
        "operator",
        "The change is not well formed",
        "the arguments that the change needs",
        "Correct the argument named in the detail",
    ),
    "AMANA-CHANGE-002": Code(
        404,
        "operator",
        "The change names something that does not exist",
        "an existing object",
        "Add it first, or correct the name",
    ),
    "AMANA-CHANGE-003": Code(
        409,
        "operator",
        "The change conflicts with what exists",
        "a new name, or a state that allows the change",
        "Look at the object with the list command",
    ),
    "AMANA-CHANGE-004": Code(
        409,
        "operator",
        "What is approved is not what was computed",
        "the digest that the run shows",
        "Show the run again and approve its digest",
    ),
}
