"""Requests that an operator signs: changes (the body of a POST) and reads (one header).

Rule: what is signed names who, what and when; a signature for one target is worth nothing for another, and for a read
nothing a second time.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from hub.control.objects import Operator
from hub.control.view import View
from hub.errors import BadMessage
from hub.records import Ms
from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow, PrivateKey

SCHEME: Final = "Amana "
MAX_HEADER: Final = 8192
READ_FRESH_MS: Final = 60_000
READS_REMEMBERED: Final = 100_000


class ReadData(BaseModel):
    """What an operator signs to read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    operator: str
    method: str
    target: str
    at: int
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


def sign_change(operator: PrivateKey, kind: str, args: Mapping[str, Any], now: Ms, nonce: str | None = None) -> bytes:
    """Envelope of a change. Keep it and send the same bytes again after a lost answer: it takes effect once."""
    data = {
        "operator": operator.public.key_id,
        "change": kind,
        "args": dict(args),
        "nonce": nonce or secrets.token_hex(16),
        "at": int(now),
    }
    return envelope.seal(envelope.render_data(data), operator)


def sign_read(operator: PrivateKey, method: str, target: str, now: Ms) -> str:
    """Value of the `Authorization` header. `target`: path and query as sent."""
    data = {
        "operator": operator.public.key_id,
        "method": method,
        "target": target,
        "at": int(now),
        "nonce": secrets.token_hex(16),
    }
    return SCHEME + base64.b64encode(envelope.seal(envelope.render_data(data), operator)).decode()


def body_target(target: str, body: bytes) -> str:
    """The target of a read that asks its question in a body: what is signed covers the body too."""
    return f"{target}#sha256:{hashlib.sha256(body).hexdigest()}"


class ReadsSeen:
    """The signed reads of one process that could still be sent again. Only what an operator signed gets in, each for two
    minutes at most; when it is full, reads are refused rather than forgotten."""

    def __init__(self, limit: int = READS_REMEMBERED) -> None:
        self._limit = limit
        self._until: dict[tuple[str, str], int] = {}
        self._swept = 0

    def take(self, operator: str, nonce: str, at: Ms, now: Ms) -> None:
        """Remember this read. Raises `BadMessage` AMANA-OPER-005 when it was taken before."""
        if now - self._swept > READ_FRESH_MS or len(self._until) >= self._limit:
            self._until = {name: until for name, until in self._until.items() if until >= now}
            self._swept = now
        if (operator, nonce) in self._until:
            raise BadMessage("AMANA-OPER-005")
        if len(self._until) >= self._limit:
            raise BadMessage("AMANA-OPER-005", "too many reads within two minutes to tell them apart")
        self._until[operator, nonce] = at + READ_FRESH_MS


def verify_read(header: str | None, method: str, target: str, view: View, now: Ms, seen: ReadsSeen) -> Operator:
    """The active operator who signed this very read, once. Raises `BadMessage` AMANA-OPER-001 (not signed by one, or for
    something else), AMANA-OPER-003 (not within a minute of `now`) or AMANA-OPER-005 (sent before)."""
    if header is None or not header.startswith(SCHEME) or len(header) > MAX_HEADER:
        raise BadMessage("AMANA-OPER-001", "no signed request in Authorization")
    try:
        frame = envelope.frame(base64.b64decode(header.removeprefix(SCHEME), validate=True))
        raw = jsontext.member(frame.data, "operator")
        claimed = None if raw is None else jsontext.parse(raw)
        operator = view.operator(claimed) if isinstance(claimed, str) else None
        if operator is None or operator.suspended:
            raise BadMessage("AMANA-OPER-001", "no such active operator")
        envelope.verify(frame, KeyRing([KeyWindow(operator.key, 0, None)]), 0)
        data = ReadData.model_validate(jsontext.parse(frame.data))
    except (ValidationError, ValueError):
        raise BadMessage("AMANA-OPER-001", "the signed request does not hold") from None
    if (data.method, data.target) != (method, target):
        raise BadMessage("AMANA-OPER-001", "signed for another request")
    if abs(now - data.at) > READ_FRESH_MS:
        raise BadMessage("AMANA-OPER-003")
    seen.take(operator.key_id, data.nonce, Ms(data.at), now)
    return operator
