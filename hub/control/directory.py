"""The directory: a pure fold over the control log that decides which changes take effect, the same for everybody.

Rule: `apply` sees only the records before it and the record itself. A refused change stays in the log and has no
effect; a change that comes again (same operator, same nonce) gets its first outcome and has no second effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

from hub.control import contracting, exchanging, feeding, governing, joining, onboarding, publishing, settling
from hub.control.arguments import HubStart
from hub.control.changes import FRESH_MS, ChangeData, parse_args, parse_data
from hub.control.decisions import Circumstances, Decide, Put
from hub.control.objects import (
    Api,
    Approval,
    Device,
    Erasure,
    Grant,
    HubKey,
    Institution,
    Operator,
    RunOrder,
    Subscription,
    System,
    SystemKey,
)
from hub.control.view import EMPTY, Histories, View
from hub.errors import BadMessage
from hub.records import Ms, RecordId
from signing import envelope, jsontext
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow, load_public

__all__ = [
    "Api",
    "Approval",
    "Device",
    "Directory",
    "Erasure",
    "Grant",
    "HubKey",
    "Institution",
    "Operator",
    "Outcome",
    "RunOrder",
    "Subscription",
    "System",
    "SystemKey",
    "View",
    "change_id",
    "render_body",
]

DECISIONS: Final[dict[str, Decide]] = {
    **onboarding.DECISIONS,
    **joining.DECISIONS,
    **exchanging.DECISIONS,
    **contracting.DECISIONS,
    **feeding.DECISIONS,
    **governing.DECISIONS,
    **settling.DECISIONS,
    **publishing.DECISIONS,
}

_ADMINS: Final = frozenset({"admin"})


def change_id(envelope_text: bytes) -> RecordId:
    """Id of a control record: SHA-256 over the request as signed."""
    return RecordId(hashlib.sha256(b"amana:change:1" + envelope_text).hexdigest())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one control record. `repeated`: decided at an earlier position, whose outcome this is."""

    accepted: bool
    code: str = ""  # stable code of the refusal
    detail: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    position: int = EMPTY
    id: str = ""
    kind: str = ""
    operator: str = ""  # key id; empty when the signature did not hold
    at: int = 0  # the hub's time of the record
    repeated: bool = False
    touched: tuple[tuple[str, Any], ...] = field(default=(), repr=False)  # (table, key) of what it changed


@dataclass(frozen=True, slots=True)
class _Signed:
    """A request whose signature holds."""

    data: ChangeData
    digest: bytes  # of the signed bytes
    operator: Operator | None  # None: the self-signed first change


class Directory:
    """Fold over control records; see `hub.control.view.View` for what it answers."""

    def __init__(self) -> None:
        self._histories = Histories()
        self._live = View(self._histories, None)
        self._seen: dict[tuple[str, str], tuple[bytes, Outcome]] = {}
        self._outcomes: dict[int, Outcome] = {}

    @property
    def position(self) -> int:
        """Offset of the last record applied; -1: none."""
        return self._histories.position

    def now(self) -> View:
        """The present. Live: always as of the last record applied."""
        return self._live

    def at(self, position: int) -> View:
        """As of `position`, for ever the same. Raises `LookupError` when the fold is not that far: catch up first."""
        if position > self.position:
            raise LookupError(f"the directory is at {self.position}, not yet at {position}")
        return View(self._histories, position)

    def outcome(self, position: int) -> Outcome:
        """What became of the record at `position`."""
        return self._outcomes[position]

    def outcomes(self, below: int, limit: int) -> list[Outcome]:
        """What became of the last `limit` records below position `below`, newest first."""
        newest = (self._outcomes[p] for p in range(min(below, self.position + 1) - 1, -1, -1) if p in self._outcomes)
        return list(islice(newest, limit))

    def apply(self, position: int, body: bytes, record_id: str) -> Outcome:
        """Take the record at `position` (the next one). `body`: the opened body of the record. Never raises for
        what it says; `ValueError` when records are applied out of order."""
        if position <= self.position:
            raise ValueError(f"position {position} is applied")
        outcome, signed, puts = self._decide(position, body, record_id)
        for put in puts:
            self._histories.put(put.table, put.key, put.value, position)
        self._histories.position = position
        self._outcomes[position] = outcome
        if signed is not None and not outcome.repeated:
            self._seen.setdefault((signed.data.operator, signed.data.nonce), (signed.digest, outcome))
        return outcome

    def judge(self, body: bytes) -> Outcome:
        """What `apply` would answer now, with no effect: for refusing what is not worth a record."""
        return self._decide(self.position + 1, body, "")[0]

    def _decide(self, position: int, body: bytes, record_id: str) -> tuple[Outcome, _Signed | None, tuple[Put, ...]]:
        outcome = Outcome(accepted=False, position=position, id=record_id)
        signed: _Signed | None = None
        try:
            request, at, hub = _parse_body(body)
            outcome = replace(outcome, at=at)
            signed = self._verify(request, hub)
            data = signed.data
            outcome = replace(outcome, kind=data.change, operator=data.operator)
            first = self._first(signed)
            if first is not None:
                return replace(first, repeated=True, touched=()), signed, ()
            self._authorise(signed, at)
            args = parse_args(data.change, data.args)
            decision = DECISIONS[data.change](self._live, args, Circumstances(position, at, signed.operator, hub))
        except BadMessage as refusal:
            return replace(outcome, code=refusal.code, detail=refusal.detail), signed, ()
        touched = tuple((put.table, put.key) for put in decision.puts)
        return replace(outcome, accepted=True, result=decision.result, touched=touched), signed, decision.puts

    def _verify(self, request: bytes, hub: dict[str, Any]) -> _Signed:
        """The signature first, over the bytes as they are; then the meaning."""
        try:
            frame = envelope.frame(request)
            claimed = _text(jsontext.member(frame.data, "operator"))
            operator = self._live.operator(claimed)
            if operator is None and hub.get("start") is True and not self._live.operators():
                key = _first_key(frame.data)
            elif operator is not None:
                key = operator.key
            else:
                raise BadMessage("AMANA-OPER-001", "no such operator")
            envelope.verify(frame, KeyRing([KeyWindow(key, 0, None)]), 0)
            if key.key_id != claimed:
                raise BadMessage("AMANA-OPER-001", "signed by another key than it says")
            parsed = jsontext.parse(frame.data)
        except SigningError as error:
            if error.kind in {"framing", "json"}:
                raise BadMessage("AMANA-CHANGE-001", f"request: {error.kind}") from None
            raise BadMessage("AMANA-OPER-001", error.kind) from None
        return _Signed(parse_data(parsed), hashlib.sha256(frame.data).digest(), operator)

    def _first(self, signed: _Signed) -> Outcome | None:
        """The outcome of this change when it came before."""
        seen = self._seen.get((signed.data.operator, signed.data.nonce))
        if seen is None:
            return None
        if seen[0] != signed.digest:
            raise BadMessage("AMANA-CHANGE-003", "the nonce belongs to another change")
        return seen[1]

    def _authorise(self, signed: _Signed, at: Ms) -> None:
        operator, data = signed.operator, signed.data
        if operator is not None and operator.suspended:
            raise BadMessage("AMANA-OPER-001", "the operator is suspended")
        if abs(at - data.at) > FRESH_MS:
            raise BadMessage("AMANA-OPER-003")
        if operator is None:
            if data.change != "hub.start":
                raise BadMessage("AMANA-OPER-001", "the first change starts the hub")
        elif not governing.ROLES.get(data.change, _ADMINS) & set(operator.roles):
            raise BadMessage("AMANA-OPER-004", data.change if data.change in DECISIONS else "")


def _parse_body(body: bytes) -> tuple[bytes, Ms, dict[str, Any]]:
    """Request text, hub's time, hub's members of a control record."""
    try:
        parsed = jsontext.parse(body)
    except SigningError:
        raise BadMessage("AMANA-CHANGE-001", "not JSON") from None
    match parsed:
        case {"request": str(request), "at": int(at), "hub": dict(hub)} if len(parsed) == 3:
            return request.encode(), Ms(at), hub
    raise BadMessage("AMANA-CHANGE-001", "not a control record")


def render_body(request: bytes, at: Ms, hub: Mapping[str, Any]) -> bytes:
    """Body of a control record. Raises `BadMessage` (AMANA-CHANGE-001) when the request is not UTF-8."""
    try:
        text = request.decode()
    except UnicodeDecodeError:
        raise BadMessage("AMANA-CHANGE-001", "request: not UTF-8") from None
    return jsontext.canonical({"request": text, "at": int(at), "hub": dict(hub)})


def _text(raw: bytes | None) -> str:
    value = None if raw is None else jsontext.parse(raw)
    if not isinstance(value, str):
        raise BadMessage("AMANA-CHANGE-001", "operator: missing")
    return value


def _first_key(data: bytes) -> Any:
    """The key that the very first change brings along, and must be signed with."""
    args = parse_args("hub.start", parse_data(jsontext.parse(data)).args)
    if not isinstance(args, HubStart) or args.operator is None:
        raise BadMessage("AMANA-OPER-001", "the first change brings its operator")
    return load_public(args.operator.public_key)
