"""What a provider's answer proves, and what it comes to.

Rule: pure. Only a valid signature of the provider settles a pull for good, and only for the request that it names, or
that it came back for in the same exchange; a lie, silence and rubbish are failures with a code of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from hub.delivery.states import Event
from hub.errors import BadMessage
from hub.gateway.contracts import breach_of
from hub.pull.envelopes import read_signed
from hub.pull.wrapping import claim_of, read_value
from signing.keys import KeyRing

if TYPE_CHECKING:
    from hub.gateway.bodies import Claim, Claimed
    from hub.gateway.contracts import WireTerms
    from hub.ports import Answer
    from hub.pull.wrapping import Reading
    from hub.records import Ms

Bound = Literal["signature", "exchange", ""]

LONGEST_MESSAGE: Final = 500
BREACHES_SHOWN: Final = 5
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_TIMEOUTS: Final = frozenset({"TimeoutError", "ReadTimeout", "WriteTimeout", "ConnectTimeout", "PoolTimeout"})
_UNREADABLE: Final = frozenset({"answer too large", "answer compressed"})
_BUSY: Final = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a pull. `code` and `detail`: of a failure or a deferral; `said`: the provider's own words on its
    failure; `value`: the body of its answer; `faulty`: it speaks against asking this provider again soon."""

    event: Event
    code: str = ""
    detail: str = ""
    said: str = field(default="", repr=False)
    value: Any = field(default=None, repr=False)
    bound: Bound = ""
    form: str = ""
    faulty: bool = False
    claim: Claim | None = None  # the body was uploaded: read the answer again with the bytes


def failure(code: str, detail: str = "", *, faulty: bool = False) -> Finding:
    """A failure that no signature of the provider proves."""
    return Finding(Event.FAIL, code, detail, faulty=faulty)


def read_answer(
    answer: Answer, ring: KeyRing, name: str, reading: Reading, now: Ms, claimed: Claimed | None = None
) -> Finding:
    """What `answer` to the request called `name` comes to. `claimed`: the bytes that it claims, once they are found."""
    if answer.status is None:
        return read_silence(answer)
    said = read_signed(answer.body, ring, now)
    if said is None:
        if answer.status >= 300:  # a redirect is not followed
            faulty = answer.status < 400 or answer.status >= 500 or answer.status in _BUSY
            return failure("AMANA-PULL-004", f"status {answer.status}", faulty=faulty)
        return failure("AMANA-PULL-005", _describe(answer), faulty=True)
    members, form = said
    named = members.get("requestId")
    if named is not None and named != name:
        return failure("AMANA-PULL-005", "it names another request", faulty=True)
    bound: Bound = "exchange" if named is None else "signature"
    success = members.get("success")
    if success is False:
        words = plain_words(members.get("message"))
        return Finding(Event.FAIL, "AMANA-PULL-008", said=words, bound=bound, form=form)
    if success is not True:
        return failure("AMANA-PULL-005", "success is neither true nor false", faulty=True)
    if named is None and answer.status >= 400:  # what no request names must at least fit the exchange
        return failure("AMANA-PULL-004", f"status {answer.status}", faulty=answer.status >= 500)
    if members.get("esbBody") is None:
        return Finding(Event.DEFER, "AMANA-PULL-010", bound=bound, form=form)
    try:
        claim = claim_of(members["esbBody"], claimed)
        if claim is not None:
            return Finding(Event.ANSWER, bound=bound, form=form, claim=claim)
        value = read_value(members["esbBody"], form, reading, claimed)
    except BadMessage as unreadable:
        return Finding(Event.FAIL, "AMANA-PULL-007", unreadable.code, bound=bound, form=form)
    code, broken = breaches(value, reading.terms)
    if code:
        return Finding(Event.FAIL, "AMANA-PULL-007", broken, bound=bound, form=form)
    return Finding(Event.ANSWER, value=value, bound=bound, form=form)


def read_silence(answer: Answer) -> Finding:
    """What it means that no answer came."""
    if answer.reason in _UNREADABLE:
        return failure("AMANA-PULL-006", answer.reason.removeprefix("answer "), faulty=True)
    if not answer.reached:
        return failure("AMANA-PULL-001", faulty=True)
    return failure("AMANA-PULL-002" if answer.reason in _TIMEOUTS else "AMANA-PULL-003", faulty=True)


def breaches(value: Any, terms: WireTerms) -> tuple[str, str]:
    """(code, which rules) a value breaks, without anything of the value; two empty texts when it breaks none."""
    return breach_of(value, terms, ("WRITE", "READ"), BREACHES_SHOWN)


def plain_words(message: Any) -> str:
    """Somebody else's words on one line, without control characters, of bounded length."""
    return _CONTROL.sub(" ", message).strip()[:LONGEST_MESSAGE] if isinstance(message, str) else ""


def _describe(answer: Answer) -> str:
    """Which kind of thing came instead of an envelope."""
    if not answer.body:
        return "it is empty"
    if answer.body.lstrip()[:1] == b"<" and b"<esbresponse" not in answer.body[:200]:
        return "it is a page, not an envelope"
    return ""
