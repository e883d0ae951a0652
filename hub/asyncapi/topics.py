"""What each topic holds: title, key, what the opened body is. Rule: one entry for each kind of topic of `hub.topics`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.topics import (
    AUDIT,
    CONFIRMATIONS,
    CONTROL,
    DEADLETTERS,
    INBOX,
    INBOX_RELAY,
    OUTBOX,
    PULLS,
    RECEIPTS,
    RECORDS,
    REFUSALS,
    REGISTRY,
    SIGNALS_HR,
    SIGNALS_PAY,
    SUBSCRIBER,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """`key`: what the key stands for. `body`: what the value is once it is opened. `sealed`: whether it has to be."""

    title: str
    key: str
    body: str
    sealed: bool = True
    contracts: tuple[str, ...] = ()


_SENDER: Final = "HMAC of the sending system; of punches: of serial and PIN of the device"
_PERSON: Final = "HMAC of the employee id; of a whole run: of the institution"

KINDS: Final[dict[str, Kind]] = {
    INBOX_RELAY: Kind("Messages that are passed on as they are", _SENDER, "The received envelope, unchanged"),
    INBOX: Kind("Messages as they were admitted", _SENDER, "The received envelope or upload, unchanged"),
    RECORDS + "attendance.punch": Kind("Canonical punches", "HMAC of serial and PIN of the device", "The contract"),
    RECORDS: Kind("Canonical records of one contract", _PERSON, "The contract"),
    SIGNALS_PAY: Kind("Pay signals and runs", _PERSON, "The contract", contracts=("pay.signal", "pay.run")),
    SIGNALS_HR: Kind("Outcomes of approved runs for HR", _PERSON, "The contract", contracts=("hr.notice",)),
    OUTBOX: Kind("What waits for one system", _PERSON, "The body that the receiver is sent, as its contract says"),
    SUBSCRIBER: Kind(
        "What one system reads itself", _PERSON, "The opened body behind the id of its schema", sealed=False
    ),
    RECEIPTS: Kind("Outcomes of deliveries", "That of the message", "The receiver's signed answer, if there was one"),
    DEADLETTERS: Kind(
        "What a stage or a receiver did not take", "That of the record", "Nothing: it points", sealed=False
    ),
    REFUSALS: Kind("What systems sent that was refused", "HMAC of the system", "The received bytes"),
    PULLS: Kind("Questions of systems and their outcomes", "HMAC of the asking system", "The request, or the answer"),
    CONFIRMATIONS: Kind(
        "What systems have collected", "HMAC of the system", "Request ids, as a list in JSON", sealed=False
    ),
    REGISTRY: Kind(
        "What the schema registry was told, in one order", "That of the registry", "One change of the registry"
    ),
    CONTROL: Kind("Changes of the directory, signed by operators", "HMAC of the operator's key", "The signed change"),
    AUDIT: Kind("Who opened personal data", "HMAC of the operator's key", "Who, what, when, in JSON", sealed=False),
}


def kind_of(topic: str) -> Kind:
    """The entry of a topic: its own, else that of the longest beginning. KeyError for none."""
    if topic in KINDS:
        return KINDS[topic]
    return KINDS[max((name for name in KINDS if name.endswith(".") and topic.startswith(name)), key=len, default=topic)]
