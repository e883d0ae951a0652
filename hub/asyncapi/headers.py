"""What each header of a record means, for readers of the log outside this code. Rule: a header that the hub writes stands
here, and a test finds those that do not; nothing personal is ever in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MEANINGS: Final[Mapping[str, str]] = {
    "ce_specversion": "Version of CloudEvents; the record is an event in binary mode",
    "ce_id": "Id of the record: SHA-256 in 64 hex digits; the same event always has the same id",
    "ce_source": "Who made it: system/<code> or stage/<name>",
    "ce_type": "inbox, outbox, receipt and so on, or the name of the contract",
    "ce_time": "When the message that it descends from was admitted, milliseconds since 1970 as text",
    "ce_requestschema": "Of a pull: the contract of its question, as ce_dataschema is that of its answer",
    "ce_dataschema": "Contract that the opened body keeps: urn:amana:contract:<name>:<version>",
    "content-type": "Media type of the opened body",
    "ce_system": "Code of the system concerned: the sender, of an outbox the receiver",
    "ce_institution": "Code of its institution",
    "ce_code": "API code that it came or goes under",
    "ce_assurance": "How sure the hub is who sent it: signed, device, file or polled",
    "ce_controlpos": "Position of the control log whose configuration the gateway saw",
    "ce_occurrence": "0, 1, ...: repeats of the same bytes that are no duplicates by their code's rule",
    "ce_digest": "sha256:<hex> of the received envelope",
    "ce_commitment": "Salted commitment to the plain body, hex",
    "ce_secretid": "Id of the secret that opens the body; erasing it makes the body unreadable for ever",
    "ce_parent": "Id of the record that it was made from, or digest of their sorted ids",
    "ce_origin": "<topic>/<partition>/<offset> of the admitted message that it descends from",
    "ce_derived": "<topic>/<partition>/<offset>/<n>: what a stage made it from; readers keep it as watermark",
    "ce_stage": "<name>/<version> of the stage that made it",
    "ce_period": "YYYY-MM that the fact belongs to",
    "ce_run": "Code of the pay run",
    "ce_rows": "Admitted rows of a message that is deduplicated by row: all, or 0,2,5",
    "ce_requestid": "32 hex digits: the id that the outside knows",
    "ce_device": "Registry id of the device, never its serial",
    "ce_flags": "Flags of the device's clock in the punches of a message and how often: clock-ahead=3; on the first of them",
    "ce_feed": "Id of the folder or poll that it came through",
    "ce_form": "How the received bytes verified: json, json-compact, xml, xml-declared or xml-stripped",
    "ce_claim": "<json or xml>,<n>: the last n bytes of the body were uploaded before and claimed",
    "ce_checked": "no: encrypted for its recipient, so that no contract was checked",
    "ce_bound": "What ties an answer to its request: signature or exchange",
    "ce_attempt": "Number of the attempt: of a delivery, or of the append of an admission",
    "ce_after": "End of the partition when the admission was reserved: a first attempt would lie behind it",
    "ce_topic": "Of a receipt: the topic of its reader that the message was written to",
    "ce_partition": "Of a receipt: the partition of that topic",
    "ce_offset": "Of a receipt: the offset in that partition",
    "ce_collect": "1: the receiver is not called, it reads its outbox",
    "ce_confirmation": "Of a receipt: id of the confirmation that it was made of",
    "ce_content": "Of a late answer: keyed digest of what it says, equal for a repeat",
    "ce_detail": "Which member or rule was refused; never a value",
    "ce_errorcode": "Stable code of the failure",
    "ce_httpstatus": "HTTP status of an answer",
    "ce_nextat": "When the next attempt is due, milliseconds since 1970",
    "ce_notice": "What its sender was told of its contract's state",
    "ce_ordered": "1: later messages of the same key wait for this one",
    "ce_outcome": "What came of an attempt: an event of the table of states",
    "ce_provider": "Code of the system that was asked",
    "ce_reason": "Stable code or slug of the cause",
    "ce_requestdigest": "Digest of the bytes of the request",
    "ce_row": "Row of the message that it is about; empty for the whole message",
    "ce_sequence": "Number of the message among those of its key and subscription",
    "ce_setaside": "The rule of its contract that wants it kept as a dead letter",
    "ce_state": "State of the message after it",
    "ce_subscription": "Id of the subscription",
}

ALWAYS: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type")


def header_schema() -> dict[str, Any]:
    """JSON Schema of the headers of every record. All are text in UTF-8."""
    return {
        "type": "object",
        "required": list(ALWAYS),
        "properties": {name: {"type": "string", "description": text} for name, text in sorted(MEANINGS.items())},
    }
