"""The steps of the kit as data: what to do, what is expected, how to mend the usual mistake.

Rule: every text is for the engineer of a connector; nothing here decides. Ids are stable: reports name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Group = Literal["sending", "receiving"]

PUSH: Final = "TRIAL-PUSH"
ECHO: Final = "TRIAL-ECHO"
NUMBERS: Final = "TRIAL-NUMBERS"
TAMPERED: Final = "TRIAL-TAMPERED"
SEALED: Final = "TRIAL-SEALED"
LATE: Final = "TRIAL-LATE"
RESULT: Final = "TRIAL-RESULT"
PUSH_CODES: Final = (PUSH, SEALED, RESULT)
PULL_CODES: Final = (ECHO, NUMBERS, TAMPERED, LATE)

NAME: Final = "Émilie Ñandú 李小龍 Wa‘afa"
"""The name of the step `names`: accents, another script, a typographic quote; in NFC."""

VALUES: Final[dict[str, Any]] = {
    "whole": 9_007_199_254_740_991,  # 2^53 - 1: the last integer that every client keeps
    "amount": "12345678901234567.89",
    "rate": "0.10",
    "number": "000123",
}
"""What the answer to `TRIAL-NUMBERS` holds, and what must come back unchanged."""

TRUE_AMOUNT: Final = "1000000.00"
FALSE_AMOUNT: Final = "9000000.00"
"""What the answer to `TRIAL-TAMPERED` says before and after it was damaged on its way. Of the same length."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a connector must get right."""

    id: str
    group: Group
    title: str
    do: str
    expected: str


STEPS: Final = (
    Step(
        "token",
        "sending",
        "Fetch a token",
        "POST /oauth/token with client_id, client_secret and grant_type=client_credentials, as form fields "
        "(urlencoded or multipart), in a Basic header, or both",
        "HTTP 200 with access_token",
    ),
    Step(
        "push-json",
        "sending",
        "Push in JSON",
        f'push any object under {PUSH} to /esb/push-request, such as {{"name":"A"}}, Content-Type application/json',
        "a signed receipt",
    ),
    Step(
        "push-xml",
        "sending",
        "Push in XML",
        f"the same under {PUSH} with Content-Type application/xml",
        "a signed receipt in XML",
    ),
    Step(
        "names",
        "sending",
        "Keep names",
        f"push under {PUSH} with the member name exactly: {NAME}",
        "the name arrives letter by letter, in UTF-8",
    ),
    Step(
        "duplicate",
        "sending",
        "Take a duplicate for a success",
        f"push the very same body under {PUSH} a second time",
        'the receipt says "duplicate": true; your connector calls that a success and stops repeating',
    ),
    Step(
        "pull-json",
        "sending",
        "Pull in JSON",
        f"ask for {ECHO} at /esb/request with any object as esbBody",
        "a signed answer with the same object",
    ),
    Step(
        "pull-xml",
        "sending",
        "Pull in XML",
        f"the same for {ECHO} with Content-Type application/xml",
        "a signed answer in XML with the same elements",
    ),
    Step(
        "numbers",
        "sending",
        "Keep numbers",
        f'pull {NUMBERS}, then push under {RESULT} what you received: {{"step":"numbers","received":<the esbBody>}}',
        "every member comes back as it was: the integer to its last digit, decimals and leading zeros as text",
    ),
    Step(
        "tampered",
        "sending",
        "Refuse a tampered answer",
        f"pull {TAMPERED}: its answer was changed after signing. Push what your connector concluded under {RESULT}: "
        '{"step":"tampered","refused":true} if it refused the answer, false if it believed it',
        "your connector verifies the signature and refuses the answer",
    ),
    Step(
        "encrypted",
        "sending",
        "Encrypt a body for the hub",
        f"push an object under {SEALED}, its esbBody encrypted for the hub's public key: "
        '{"ephemeralKey","iv","encryptedData"}',
        "the hub's key opens the body",
    ),
    Step(
        "time-out",
        "sending",
        "Survive a provider that is late",
        f"pull {LATE}: its provider does not answer in time",
        "your connector ends with a time-out of its own, or waits for the hub's signed failure",
    ),
    Step(
        "receive-push-json",
        "receiving",
        "Take a push in JSON",
        "answer the hub's push at your address",
        "HTTP 200 with a signed success:true",
    ),
    Step(
        "receive-push-xml",
        "receiving",
        "Take a push in XML",
        "answer the hub's push, Content-Type application/xml, in XML",
        "HTTP 200 with a signed success true in XML",
    ),
    Step(
        "receive-again",
        "receiving",
        "Take the same push twice",
        "answer a push whose requestId you have seen before",
        "HTTP 200 with a signed success:true, and nothing done twice",
    ),
    Step(
        "receive-pull-json",
        "receiving",
        "Answer a pull in JSON",
        "answer the hub's request with a body",
        "HTTP 200 with a signed success:true and an esbBody",
    ),
    Step(
        "receive-pull-xml",
        "receiving",
        "Answer a pull in XML",
        "the same, Content-Type application/xml, in XML",
        "HTTP 200 with a signed success true and an esbBody in XML",
    ),
    Step(
        "receive-tampered",
        "receiving",
        "Refuse a tampered push",
        "refuse a push that was changed after signing",
        "HTTP 401 with a signed success:false and the message Signature Verification Failed",
    ),
)

BY_ID: Final = {step.id: step for step in STEPS}
