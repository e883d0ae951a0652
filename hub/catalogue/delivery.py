"""Codes of delivery to the receivers."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-OUT-001": Code(
        502,
        "receiver",
        "The receiver answered with a signed failure",
        "a signed success",
        "Look at the receiver's message, then retry or discard",
    ),
    "AMANA-OUT-002": Code(
        502,
        "receiver",
        "The receiver's answer is not validly signed",
        "an answer signed with its registered key",
        "Ask the receiver whether it has the message, then confirm or retry",
    ),
    "AMANA-OUT-003": Code(
        504,
        "network",
        "The receiver did not answer in time, for the last time",
        "an answer within the deadline",
        "Check the receiver, then retry the dead letter",
    ),
    "AMANA-OUT-004": Code(
        403,
        "operator",
        "The address of the receiver is not allowed",
        "a host on the allow-list",
        "Add the host to the setting, or correct the address",
    ),
    "AMANA-OUT-005": Code(
        422,
        "receiver",
        "The message cannot be written in the receiver's format",
        "element names, texts and numbers that XML holds and every client reads alike",
        "Register the receiver for JSON, or have the code's contract use other names, and text for such numbers",
    ),
    "AMANA-OUT-006": Code(
        422,
        "receiver",
        "The receiver wants encrypted bodies and has no key for them",
        "a valid key of the receiver on P-256, P-384 or secp256k1",
        "Register such a key with amana system rotate-key, then retry",
    ),
    "AMANA-OUT-007": Code(
        500,
        "hub",
        "The message breaks its own contract and was not sent",
        "a body that keeps the contract version that its record names",
        "Look at it with amana dead-letter show; correct what made it, have it made again, then discard this one",
    ),
    "AMANA-OUT-009": Code(
        422,
        "hub",
        "The message has no schema by which readers of a topic could read it",
        "a JSON contract that the registry has",
        "End the topic with amana topic close, then retry: the system is called instead",
    ),
    "AMANA-OUT-008": Code(
        409,
        "receiver",
        "A file of that name lies in the receiver's folder, with other content",
        "a name that is free, or the same file",
        "Find out which of the two is right; take the other one away, then retry, or let the folder have {run} in it",
    ),
}
