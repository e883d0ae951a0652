"""Codes of contracts in force and of the rules on data."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-CONTRACT-002": Code(
        410,
        "sender",
        "The contract version of the code is retired",
        "a contract version that is active or deprecated",
        "Use what the detail names instead; ask the operator which code has it",
    ),
    "AMANA-CONTRACT-003": Code(
        403,
        "sender",
        "The contract version of the code is a draft",
        "a system whose grant is a trial, or a version that is active",
        "Wait until it is active, or ask the operator for a trial grant",
    ),
    "AMANA-CONTRACT-004": Code(
        409,
        "operator",
        "The new version breaks those who use the present one",
        "a compatible version, a new major subject, or a waiver that a second person has signed",
        "Look who breaks with amana contract check; mend the schema, or open a waiver and have it signed",
    ),
    "AMANA-CONTRACT-005": Code(
        422,
        "operator",
        "What was given is no schema that can be compared",
        "a JSON Schema or an Avro schema, and a subject that is registered",
        "Correct what the detail names",
    ),
    "AMANA-RULE-001": Code(
        422,
        "sender",
        "The body breaks a rule of its contract",
        "a body for which the rule that the detail names holds",
        "Correct what the rule is about and send again",
    ),
    "AMANA-RULE-002": Code(
        422,
        "sender",
        "The message was taken and set aside: its contract's rule wants that",
        "a body for which the rule that the detail names holds",
        "Let the sender correct it and send again, then discard the dead letter",
    ),
    "AMANA-RULE-003": Code(
        422,
        "sender",
        "The message is not passed on: a rule for its receivers does not hold",
        "a body for which the rule that the detail names holds",
        "Let the sender correct it and send again, then discard the dead letter",
    ),
}
