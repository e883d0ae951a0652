"""Errors of the hub: the type is the reaction, the code is stable, the text is for people.

Rule: no payload, identifier or secret in any of them. Every code stands in `CODES`; `docs/errors.md` is generated
from it and a test fails when a code used in the source is missing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fault = Literal["sender", "receiver", "hub", "operator", "network"]


@dataclass(frozen=True, slots=True)
class Code:
    """What a stable code means: HTTP status where it answers a request, whose fault, and the three texts."""

    status: int
    fault: Fault
    happened: str
    expected: str
    remedy: str


class HubError(Exception):
    """Base: carries a stable code and a detail without personal data."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(self.text())

    @property
    def spec(self) -> Code:
        return CODES[self.code]

    def text(self) -> str:
        """One line: code, what happened, the detail, what was expected, what to do."""
        spec = CODES.get(self.code)
        if spec is None:
            return f"{self.code}: {self.detail}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.code}: {spec.happened}{detail}. Expected: {spec.expected}. {spec.remedy}."


class ConfigError(HubError):
    """Refuse to start."""


class BadMessage(HubError):
    """This message cannot be taken: refuse it at the gateway, dead-letter it in a stage, go on."""


class TryAgain(HubError):
    """Nothing is wrong with the message: repeat after `after` seconds."""

    def __init__(self, code: str, detail: str = "", *, after: float = 1.0) -> None:
        self.after = after
        super().__init__(code, detail)


class Halt(HubError):
    """Stop this stage and do not advance: going on would do harm."""


def _c(status: int, fault: Fault, happened: str, expected: str, remedy: str) -> Code:
    return Code(status, fault, happened, expected, remedy)


CODES: dict[str, Code] = {
    # admission, in the order of the checks
    "AMANA-SIZE-001": _c(
        413, "sender", "The body is too large", "at most the size limit of the hub", "Send fewer rows in one message"
    ),
    "AMANA-AUTH-001": _c(
        401,
        "sender",
        "The access token is missing or not valid",
        "a token from /oauth/token",
        "Fetch a token and send it as 'Authorization: Bearer'",
    ),
    "AMANA-AUTH-002": _c(
        401, "sender", "The access token has expired", "a token younger than its expires_in", "Fetch a new token"
    ),
    "AMANA-AUTH-003": _c(
        403, "operator", "The system is suspended", "an active system", "Ask the hub's operator why it is suspended"
    ),
    "AMANA-AUTH-004": _c(
        401,
        "sender",
        "Client id or secret is wrong",
        "the credentials printed when the system was added",
        "Check them; ask for new ones if they are lost",
    ),
    "AMANA-AUTH-005": _c(
        429,
        "sender",
        "Too many failed attempts from this address",
        "fewer failures",
        "Wait for the time in Retry-After, then use correct credentials",
    ),
    "AMANA-FRM-001": _c(
        400,
        "sender",
        "The envelope is not framed as expected",
        'exactly {"data":{...},"signature":"..."}',
        "Check how the connector builds the envelope",
    ),
    "AMANA-SIG-001": _c(
        401,
        "sender",
        "Signature Verification Failed",
        "a signature over the exact bytes of data by a registered key",
        "Sign the bytes that are sent, with the registered key",
    ),
    "AMANA-SIG-002": _c(
        401,
        "sender",
        "The system has no valid key",
        "a registered key within its validity",
        "Register a public key for the system",
    ),
    "AMANA-SIG-003": _c(
        401,
        "sender",
        "Signed with a key that is revoked or outside its validity",
        "a registered key within its validity",
        "Sign with the current key",
    ),
    "AMANA-JSON-001": _c(
        400,
        "sender",
        "data is not strict JSON",
        "UTF-8 JSON without duplicate members, infinities or trailing bytes",
        "Correct the serialiser of the connector",
    ),
    "AMANA-JSON-002": _c(
        400,
        "sender",
        "A member of data is missing or has the wrong type",
        "pushCode and esbBody",
        "Fill the member named in the detail",
    ),
    "AMANA-CODE-001": _c(
        404,
        "sender",
        "The code is not known here",
        "a code from the list of services",
        "Check the code, or ask the operator to add it",
    ),
    "AMANA-GRANT-001": _c(
        403,
        "operator",
        "The system has no grant for this code",
        "a grant for system and code",
        "Ask the hub's operator for the grant",
    ),
    "AMANA-CONTRACT-001": _c(
        422,
        "sender",
        "The body breaks the wire contract of its code",
        "a body valid under the contract",
        "Correct the members named in the detail",
    ),
    "AMANA-BUS-001": _c(
        503, "hub", "The message could not be stored", "a writable log", "Send again after the time in Retry-After"
    ),
    "AMANA-DUP-001": _c(
        409,
        "sender",
        "This request id was used for another body",
        "a request id of its own for every message, kept for repeats of the same body only",
        "Send what is new under a new request id; send the earlier body again if its receipt is what you miss",
    ),
    "AMANA-DEVICE-001": _c(
        403,
        "operator",
        "The device is not known here, or not from this network or path",
        "a registered serial from its network or secret path",
        "Register the device, or correct its server address",
    ),
    "AMANA-DEVICE-002": _c(
        400,
        "sender",
        "The device sent something that its protocol does not have",
        "a request of its push protocol",
        "Check model and firmware against the adapter's page",
    ),
    "AMANA-HTTP-001": _c(
        405,
        "sender",
        "The method is not allowed here",
        "a method that this path takes",
        "Use the method that the detail and the Allow header name",
    ),
    "AMANA-HTTP-002": _c(415, "sender", "The content type is not supported", "application/json", "Send JSON"),
    "AMANA-HTTP-003": _c(404, "sender", "There is nothing at this path", "a path of the API", "See /api/openapi.json"),
    "AMANA-HTTP-004": _c(
        400,
        "sender",
        "A parameter of the request is not usable",
        "parameters as the API describes them",
        "Correct the parameter named in the detail; see /api/openapi.json",
    ),
    "AMANA-HTTP-005": _c(
        408,
        "network",
        "The body did not arrive in time",
        "the whole body within twenty seconds of its head",
        "Send it again on a new connection; send fewer rows in one message over a slow line",
    ),
    "AMANA-HTTP-006": _c(
        431,
        "sender",
        "The head of the request is too large",
        "a request line and headers of at most 16 KiB",
        "Send fewer and shorter headers",
    ),
    "AMANA-HTTP-007": _c(
        404,
        "sender",
        "The engine has nothing at this path",
        "POST /esb/push-request with a token from POST /oauth/token",
        "Push messages there; requests that the hub passes on to another system and waits for are not offered",
    ),
    "AMANA-READ-001": _c(
        404,
        "operator",
        "There is no such object",
        "the name of an object that exists",
        "Look it up with the list command",
    ),
    "AMANA-HUB-001": _c(
        500,
        "hub",
        "The hub could not handle the request",
        "no internal error",
        "Report the request id to the operator; the log has the cause",
    ),
    # operators and changes
    "AMANA-OPER-001": _c(
        401,
        "operator",
        "The request is not signed by an active operator",
        "a request signed with a registered operator key",
        "Use --operator with a registered key",
    ),
    "AMANA-OPER-002": _c(
        409,
        "operator",
        "Maker and checker are the same",
        "a second operator, another person with another key",
        "Let a second operator approve",
    ),
    "AMANA-OPER-003": _c(
        401,
        "operator",
        "The signed request is too old or from the future",
        "a change signed within five minutes of the hub's clock, a read within one",
        "Correct the clock and sign again",
    ),
    "AMANA-OPER-004": _c(
        403,
        "operator",
        "The operator has no role for this change",
        "a signature by an operator with the role",
        "Let an operator with the role sign it",
    ),
    "AMANA-OPER-005": _c(
        401,
        "operator",
        "The signed read was sent before",
        "a signature of its own for every read",
        "Sign again; if nobody sent it twice, somebody has copied it on the way",
    ),
    "AMANA-CHANGE-001": _c(
        422,
        "operator",
        "The change is not well formed",
        "the arguments that the change needs",
        "Correct the argument named in the detail",
    ),
    "AMANA-CHANGE-002": _c(
        404,
        "operator",
        "The change names something that does not exist",
        "an existing object",
        "Add it first, or correct the name",
    ),
    "AMANA-CHANGE-003": _c(
        409,
        "operator",
        "The change conflicts with what exists",
        "a new name, or a state that allows the change",
        "Look at the object with the list command",
    ),
    "AMANA-CHANGE-004": _c(
        409,
        "operator",
        "What is approved is not what was computed",
        "the digest that the run shows",
        "Show the run again and approve its digest",
    ),
    # stages
    "AMANA-ERASED-001": _c(
        410, "hub", "The body was erased", "a body within retention", "Nothing to do: erasure is final"
    ),
    "AMANA-SEAL-001": _c(
        500,
        "hub",
        "A body does not open under its own secret",
        "an untouched log",
        "Stop, compare with a backup, and report a tampered log",
    ),
    "AMANA-LOG-001": _c(
        500,
        "hub",
        "A stored batch is damaged",
        "a batch whose checksum holds",
        "Restore from a backup; see the guide on restoring",
    ),
    "AMANA-TRANS-001": _c(
        422,
        "sender",
        "A row could not be translated",
        "a row that its adapter can read",
        "Correct the row in the source system and send it again",
    ),
    "AMANA-TRANS-002": _c(
        422,
        "hub",
        "A translated record breaks its canonical contract",
        "a record valid under its contract",
        "Correct the adapter, or the row that it met",
    ),
    "AMANA-TRANS-003": _c(
        500,
        "hub",
        "An adapter failed on a message",
        "a translation or a refusal",
        "Report it to the adapter's owner with the record id",
    ),
    "AMANA-TRANS-004": _c(
        403,
        "sender",
        "A record is about an institution that its sender does not answer for",
        "records about the institution of the sender",
        "Send them from a system of that institution, or correct the row",
    ),
    "AMANA-TRANS-005": _c(
        500,
        "hub",
        "The message killed the worker that translated it",
        "an adapter that comes back from every message",
        "Report it to the adapter's owner with the record id; the message is kept",
    ),
    "AMANA-BRAKE-001": _c(
        500,
        "hub",
        "Too many messages failed on the hub's side, their partition is read no more",
        "fewer failures than the brake's limit",
        "Find the common cause, then restart the worker: the partition goes on where it was",
    ),
    "AMANA-BRAKE-002": _c(
        422,
        "sender",
        "Too many messages of one system fail",
        "messages that their adapter can read",
        "Show its dead letters to the institution; everybody else goes on meanwhile",
    ),
    "AMANA-FENCE-001": _c(
        500,
        "hub",
        "Another worker owns this partition now",
        "one owner at a time",
        "Nothing to do: this worker steps back",
    ),
    "AMANA-STORE-001": _c(
        503,
        "hub",
        "The store could not be read or written",
        "a writable store",
        "Free its disk or its lock, then go on",
    ),
    "AMANA-STORE-002": _c(
        500,
        "operator",
        "The store has a revision that this version does not know",
        "a store made by this version or an older one",
        "Run the version that made it, or restore a backup",
    ),
    "AMANA-RUN-001": _c(
        503,
        "hub",
        "A run waits for what came before it",
        "every stage past the run's cut-off",
        "Wait; if it stays, look at the stages with amana doctor",
    ),
    "AMANA-RUN-002": _c(
        422,
        "operator",
        "The run's rule set cannot be used",
        "a rule set and version that the hub has",
        "See amana pay rules and open the run again",
    ),
    # delivery
    "AMANA-OUT-001": _c(
        502,
        "receiver",
        "The receiver answered with a signed failure",
        "a signed success",
        "Look at the receiver's message, then retry or discard",
    ),
    "AMANA-OUT-002": _c(
        502,
        "receiver",
        "The receiver's answer is not validly signed",
        "an answer signed with its registered key",
        "Ask the receiver whether it has the message, then confirm or retry",
    ),
    "AMANA-OUT-003": _c(
        504,
        "network",
        "The receiver did not answer in time, for the last time",
        "an answer within the deadline",
        "Check the receiver, then retry the dead letter",
    ),
    "AMANA-OUT-004": _c(
        403,
        "operator",
        "The address of the receiver is not allowed",
        "a host on the allow-list",
        "Add the host to the setting, or correct the address",
    ),
    # start
    "AMANA-CONF-001": _c(
        500,
        "operator",
        "A setting is not usable",
        "a value as the settings page says",
        "Correct the setting named in the detail",
    ),
    "AMANA-CONF-002": _c(
        500,
        "operator",
        "A topic exists with another number of partitions",
        "the number it was made with",
        "Set the number back; it is fixed for the life of a topic",
    ),
    "AMANA-CONF-003": _c(
        500,
        "operator",
        "The database does not keep its durability settings",
        "WAL and synchronous=FULL",
        "Check the file system and the SQLite library",
    ),
    "AMANA-CONF-004": _c(
        500,
        "operator",
        "A key file is missing or readable by others",
        "a key file of mode 0600",
        "Restore the key, or correct its mode",
    ),
    "AMANA-CONF-005": _c(
        500,
        "operator",
        "The data directory is in use or not usable",
        "a writable directory of its own",
        "Choose another directory or stop the other hub",
    ),
    "AMANA-CONF-006": _c(
        500,
        "operator",
        "The backup cannot be restored",
        "a whole, unchanged file that `amana backup` wrote",
        "Take another copy of the backup",
    ),
}
