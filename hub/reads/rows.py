"""Shapes of what `/api/v1` answers. Rule: member names are camelCase, times are RFC 3339 text or null, money is text.

They are `TypedDict`s so that the OpenAPI document says them and the type checker holds the queries to them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from typing_extensions import TypedDict

T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    """One page of a listing. `next` is the cursor for `after`; null on the last page."""

    items: list[T]
    next: str | None


class HubRow(TypedDict):
    name: str
    version: str
    keyId: str
    publicKey: str
    position: int


class ChangeAnswer(TypedDict):
    position: int
    id: str
    repeated: bool
    result: dict[str, Any]


class InstitutionRow(TypedDict):
    code: str
    name: str
    parent: str | None


class UnitRow(TypedDict):
    institution: str
    code: str
    name: str
    parent: str | None


class TreeRow(TypedDict):
    """One line of the tree of institutions, units and systems, in the order in which a tree is read. `kind`:
    institution, unit or system; `depth` from 0; `institution`: itself, or the one that it belongs to."""

    kind: str
    institution: str
    code: str
    name: str | None
    depth: int
    suspended: bool


class KeyRow(TypedDict):
    keyId: str
    notBefore: str
    notAfter: str | None
    valid: bool


class SystemRow(TypedDict):
    code: str
    institution: str
    unit: str | None
    clientId: str
    suspended: bool
    epoch: int
    url: str | None
    options: dict[str, str]
    keys: list[KeyRow]
    grants: list[str]


class ProbeStep(TypedDict):
    """`ok` null: not reached. `remedy`: of the step that failed."""

    step: str
    ok: bool | None
    seen: str
    remedy: str


class ProbeRow(TypedDict):
    """A connection test. `failed`: the step that failed; null: all went well."""

    system: str
    requestId: str
    milliseconds: int
    failed: str | None
    steps: list[ProbeStep]


class ApiRow(TypedDict):
    code: str
    adapter: str
    exchange: str
    direction: str
    contract: str
    dedupe: str
    windowMs: int
    fields: list[str]
    assurance: str
    sealed: str
    provider: str | None
    holding: str | None
    institution: str | None
    requestContract: str
    timeoutMs: int


class GrantRow(TypedDict):
    system: str
    code: str
    active: bool
    trial: bool
    options: dict[str, str]


class SubscriptionRow(TypedDict):
    id: str
    system: str
    code: str | None
    contract: str | None
    institution: str | None
    ordered: bool
    paused: bool
    url: str | None
    options: dict[str, str]
    collect: bool
    topic: str | None
    waiting: int | None
    oldestAt: str | None


class DeviceRow(TypedDict):
    id: str
    institution: str
    adapter: str
    code: str | None
    serial: str
    zone: str | None
    networks: list[str]
    hasSecretPath: bool
    suspended: bool
    options: dict[str, str]


class OperatorRow(TypedDict):
    keyId: str
    name: str
    person: str
    roles: list[str]
    suspended: bool
    addedBy: str | None


class ChangeRow(TypedDict):
    """One record of the control log. `operator`: the name; null when the signature was nobody's. `touched`: names of
    what it made or changed."""

    position: int
    id: str
    at: str | None
    kind: str
    operator: str | None
    keyId: str
    accepted: bool
    repeated: bool
    code: str | None
    detail: str | None
    touched: list[str]


class AuditRow(TypedDict):
    """One read of personal data: who, what, of which object, how many bodies were opened."""

    position: int
    at: str | None
    operator: str | None
    keyId: str
    what: str
    of: str
    count: int


class MessageRow(TypedDict):
    id: str
    requestId: str
    kind: str
    system: str | None
    institution: str | None
    code: str | None
    contract: str | None
    state: str
    detail: str | None
    parent: str | None
    place: str | None
    time: str | None
    updated: str | None


class EventRow(TypedDict):
    at: str | None
    state: str
    detail: str | None


class PullRow(TypedDict):
    """A pull. `provider`: the system that was asked, or "(hub)"; `code`: of its failure; `bound`: what ties the answer to
    the request, its `signature` or the `exchange` in which it came back."""

    provider: str
    code: str | None
    bound: str | None
    askedAt: str | None
    endedAt: str | None
    lateAt: str | None
    answerDigest: str | None


class MessageDetail(MessageRow):
    events: list[EventRow]
    evidence: dict[str, str]
    pull: PullRow | None


class TraceStep(TypedDict):
    what: str
    count: int
    states: dict[str, int]


class DeadLetterRow(TypedDict):
    id: str
    stage: str
    code: str
    happened: str
    remedy: str
    reason: str
    row: int | None
    state: str
    place: str
    at: str | None


class DeadLetterGroup(TypedDict):
    """Dead letters that are alike. `system`: the sender of what came in, the receiver of what goes out."""

    stage: str
    code: str
    system: str | None
    reason: str
    count: int
    happened: str
    remedy: str


class DeadLetterDetail(DeadLetterRow):
    message: str | None
    messageCode: str | None
    system: str | None
    origin: str | None


class Trace(TypedDict):
    message: MessageDetail
    steps: list[TraceStep]
    records: list[dict[str, Any]]
    deadLetters: list[DeadLetterRow]


class RunRow(TypedDict):
    code: str
    institution: str
    period: str
    paid: str
    ruleSet: str
    ruleVersion: str
    state: str
    digest: str | None
    counts: dict[str, Any]
    totals: dict[str, Any]
    openedBy: str
    openedAt: str | None
    computedAt: str | None
    approvedBy: str | None
    approverAddedByOpener: bool | None
    approvedAt: str | None
    deliveredAt: str | None


class DeliveryRow(TypedDict):
    id: str
    requestId: str
    subscription: str
    system: str
    state: str
    attempts: int
    lastCode: str | None
    nextAt: str | None
    updated: str | None


class RunDetail(RunRow):
    deliveries: list[DeliveryRow]


class SignalPage(TypedDict):
    """Opened pay signals. `erased`: ids of those whose secret is gone."""

    run: str
    items: list[dict[str, Any]]
    erased: list[str]
    next: str | None


class Explanation(TypedDict):
    run: str
    signals: list[dict[str, Any]]


class Check(TypedDict):
    """One equality that must hold."""

    name: str
    expected: Any
    actual: Any
    ok: bool


class Reconciliation(TypedDict):
    reconciled: bool
    checks: list[Check]
    admitted: dict[str, int]
    records: dict[str, int]
    deadLetters: dict[str, int]
    refused: dict[str, int]
    runs: list[dict[str, Any]]
    deliveries: dict[str, int]


def moment(ms: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if ms is None:
        return None
    seconds, rest = divmod(int(ms), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
