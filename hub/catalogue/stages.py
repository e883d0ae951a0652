"""Codes of the log, the store and the stages."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-ERASED-001": Code(
        410, "hub", "The body was erased", "a body within retention", "Nothing to do: erasure is final"
    ),
    "AMANA-SEAL-001": Code(
        500,
        "hub",
        "A body does not open under its own secret",
        "an untouched log",
        "Stop, compare with a backup, and report a tampered log",
    ),
    "AMANA-LOG-001": Code(
        500,
        "hub",
        "A stored batch is damaged",
        "a batch whose checksum holds",
        "Restore from a backup; see the guide on restoring",
    ),
    "AMANA-TRANS-001": Code(
        422,
        "sender",
        "A row could not be translated",
        "a row that its adapter can read",
        "Correct the row in the source system and send it again",
    ),
    "AMANA-TRANS-002": Code(
        422,
        "hub",
        "A translated record breaks its canonical contract",
        "a record valid under its contract",
        "Correct the adapter, or the row that it met",
    ),
    "AMANA-TRANS-003": Code(
        500,
        "hub",
        "An adapter failed on a message",
        "a translation or a refusal",
        "Report it to the adapter's owner with the record id",
    ),
    "AMANA-TRANS-004": Code(
        403,
        "sender",
        "A record is about an institution that its sender does not answer for",
        "records about the institution of the sender",
        "Send them from a system of that institution, or correct the row",
    ),
    "AMANA-TRANS-005": Code(
        500,
        "hub",
        "The message killed the worker that translated it",
        "an adapter that comes back from every message",
        "Report it to the adapter's owner with the record id; the message is kept",
    ),
    "AMANA-BRAKE-001": Code(
        500,
        "hub",
        "Too many messages failed on the hub's side, their partition is read no more",
        "fewer failures than the brake's limit",
        "Find the common cause, then restart the worker: the partition goes on where it was",
    ),
    "AMANA-BRAKE-002": Code(
        422,
        "sender",
        "Too many messages of one system fail",
        "messages that their adapter can read",
        "Show its dead letters to the institution; everybody else goes on meanwhile",
    ),
    "AMANA-FENCE-001": Code(
        500,
        "hub",
        "Another worker owns this partition now",
        "one owner at a time",
        "Nothing to do: this worker steps back",
    ),
    "AMANA-STORE-001": Code(
        503,
        "hub",
        "The store could not be read or written",
        "a writable store",
        "Free its disk or its lock, then go on",
    ),
    "AMANA-STORE-002": Code(
        500,
        "operator",
        "The store has a revision that this version does not know",
        "a store made by this version or an older one",
        "Run the version that made it, or restore a backup",
    ),
    "AMANA-STORE-003": Code(
        503,
        "hub",
        "Rows that a decision was made from were changed by another worker",
        "rows as they were read",
        "Nothing to do: it is decided again from the rows as they are now",
    ),
    "AMANA-STORE-004": Code(
        503,
        "hub",
        "The index has not read yet what lay in the log when an operator's order came",
        "an index that has",
        "Nothing to do: the order is carried out as soon as it has; if it stays so, see which stage halted",
    ),
    "AMANA-RUN-001": Code(
        503,
        "hub",
        "A run, or what goes out, waits for what came before it",
        "every stage past the run's cut-off, or past the message",
        "Wait; if it stays, look at the stages with amana doctor",
    ),
    "AMANA-RUN-002": Code(
        422,
        "operator",
        "The run's rule set cannot be used",
        "a rule set and version that the hub has, and a score rule set that the institution may use; drafts only where "
        "AMANA_UNSAFE_ALLOW_DRAFT_RULES is set",
        "See amana pay rules and open the run again",
    ),
}
