"""What a connector's answer to a request of the kit is worth. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.conformance.events import Probed

EXPECTED: Final = "Signature Verification Failed"


class Judged(NamedTuple):
    """Whether the answer is right, what was seen, how to mend it."""

    right: bool
    seen: str
    mend: str = ""


def judge(event: Probed) -> Judged:
    """The verdict on one probe."""
    if event.status is None:
        return Judged(False, f"no answer ({event.reason})", "start your connector; check the address and its firewall")
    tampered = event.step == "receive-tampered"
    if not event.signed:
        return _unsigned(event, tampered=tampered)
    if tampered:
        return _tampered(event)
    wanted = "xml" if event.step.endswith("xml") else "json"
    if event.success is not True:
        return Judged(False, "a signed success:false", "the hub's signature was good: take the message")
    if event.status != 200:
        return Judged(False, f"a signed success with HTTP {event.status}", "answer a success with HTTP 200")
    if event.media != wanted:
        return Judged(
            False,
            f"the answer is not in {wanted.upper()}",
            f"answer in the format of the request: application/{wanted}",
        )
    if event.names == "other":
        return Judged(False, "the answer names another requestId", "name the requestId of the request, or none")
    if "pull" in event.step and not event.has_body:
        return Judged(
            False,
            "a success without esbBody, which means: the answer follows later",
            "put the answer's body into esbBody; to answer later, send it to /esb/async with the requestId",
        )
    note = "" if event.names == "this" else "; it names no requestId, so it counts only within its own exchange"
    return Judged(True, f"a signed success{note}")


def _unsigned(event: Probed, *, tampered: bool) -> Judged:
    if event.diagnosis is not None:
        return Judged(False, event.diagnosis.seen, event.diagnosis.mend)
    wanted = "success:false" if tampered else "success:true"
    return Judged(
        False,
        f"HTTP {event.status} without a validly signed envelope",
        f'answer {{"data":{{...}},"signature":"..."}} with {wanted}, signed with your key; an unsigned answer proves nothing',
    )


def _tampered(event: Probed) -> Judged:
    if event.success is not False:
        return Judged(
            False,
            "your connector took a push that was changed after signing",
            "verify the signature over the received bytes of data before you use anything of it",
        )
    if event.status != 401:
        return Judged(False, f"it was refused with HTTP {event.status}", "answer HTTP 401")
    if EXPECTED.lower() not in event.message.lower():
        return Judged(False, "it was refused with another message", f'say "{EXPECTED}" in message')
    return Judged(True, "it was refused with 401 and a signed failure")
