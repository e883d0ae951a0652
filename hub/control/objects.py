"""What the directory holds: institutions, systems and their keys, codes, grants, subscriptions, devices, people, runs.

Rule: frozen values. No secret is here, only SHA-256 digests of secrets; key objects take no part in comparison, their
text does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from hub.ports import DedupeRule
from hub.records import Ms
from signing.keys import KeyRing, KeyWindow, PublicKey, load_public

Role = Literal["admin", "payroll", "approver"]
"""admin: every change; payroll: opens runs; approver: approves runs."""

Direction = Literal["in", "out", "pull", "relay"]
"""in: pushed to the hub, translated by an adapter; out: rendered by an adapter, pushed by the hub; pull: asked of a
provider, or of the hub itself; relay: pushed to the hub, passed on as it is to the subscribers of the code."""

Holding = Literal["employees", "signals"]
"""What the hub itself answers for, page by page."""

Sealed = Literal["no", "recipient"]
"""recipient: bodies are encrypted for whom they reach in the end; the hub passes them on unread."""

RESERVED: Final = frozenset({"OUTBOX", "PING"})
"""Codes that the hub answers itself; nobody can register them."""

ANY: Final = "any"
"""The contract of bodies that nobody checks."""

ContractPhase = Literal["draft", "active", "deprecated", "retired"]
"""State of a version of a contract. draft: only for systems whose grant is a trial; active; deprecated: taken, with a
notice of its last day; retired: refused."""

Assurance = Literal["signed", "device", "file", "polled"]


@dataclass(frozen=True, slots=True)
class Institution:
    code: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of an institution: a directorate, a hospital, a school. Its code is unique within the institution."""

    institution: str
    code: str
    name: str
    parent: str | None  # code of the unit that it is part of, in the same institution


@dataclass(frozen=True, slots=True)
class SystemKey:
    """A public key and its validity: from `not_before` on, before `not_after` (None: no end), in ms since 1970."""

    key_id: str
    public_key: str  # as registered: PEM or base64 of DER
    not_before: Ms
    not_after: Ms | None
    allow_rsa: bool = False  # an old system that has nothing else


def ring_of(keys: tuple[SystemKey, ...]) -> KeyRing:
    """The verifying form of registered keys."""
    return KeyRing(KeyWindow(load_public(k.public_key), k.not_before, k.not_after, k.allow_rsa) for k in keys)


@dataclass(frozen=True, slots=True)
class System:
    """A sender or receiver. `epoch` rises with suspend, resume and a new secret: tokens of an older epoch are dead."""

    code: str
    institution: str
    client_id: str
    secret_sha256: str = field(repr=False)  # hex
    keys: tuple[SystemKey, ...]
    suspended: bool
    epoch: int
    url: str | None
    options: Mapping[str, str]  # of the hub's: format, encrypt, answers, claims (`fields`); others are its adapters'
    key_ring: KeyRing = field(compare=False, repr=False)
    unit: str | None = None  # of its institution


@dataclass(frozen=True, slots=True)
class Api:
    """A code: what is exchanged under it, and how repeats are told from new messages. `adapter` and `exchange` are empty
    for `pull` and `relay`. `contract`: of the body that is pushed, or of the answer to a pull."""

    code: str
    adapter: str
    exchange: str
    direction: Direction
    contract: str  # name of the wire contract
    dedupe: DedupeRule
    window_ms: int
    fields: tuple[str, ...] = ()  # of the natural key
    assurance: Assurance = "signed"
    sealed: Sealed = "no"
    provider: str | None = None  # of a pull: code of the system that is asked; None: the hub itself
    holding: Holding | None = None  # of a pull from the hub
    institution: str | None = None  # of a holding: whose records; None: of every institution
    request_contract: str = ANY  # of a pull
    timeout_ms: int = 10_000  # of a pull: for the provider's answer


@dataclass(frozen=True, slots=True)
class Grant:
    """`trial`: drafts of the code's contract are taken from this system too. `options`: of the adapter, for what this
    system pushes under the code."""

    system: str
    code: str
    active: bool
    trial: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContractState:
    """What an operator decided on a version of a contract. `until`: its last day, of one that is deprecated. `told`:
    the subscriptions under which it was announced, one of each system that uses the version."""

    contract: str  # "<name>:<version>"
    state: ContractPhase
    until: str | None
    instead: str | None
    reason: str
    operator: str
    position: int
    at: Ms
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a change, and when."""

    operator: str  # key id
    person: str
    position: int
    at: Ms


@dataclass(frozen=True, slots=True)
class Waiver:
    """Leave to register one breaking schema under a subject. Worth nothing until a second person has signed it."""

    id: str
    subject: str
    digest: str  # SHA-256 (hex) of the schema
    until: str  # last day
    ends: Ms  # when that day is over everywhere
    reason: str
    opened: Signature
    signed: Signature | None

    def covers(self, subject: str, digest: str, now: Ms) -> bool:
        """Whether this schema may be registered there now."""
        return self.signed is not None and now < self.ends and (self.subject, self.digest) == (subject, digest)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets what. `code` names an outgoing code, or `contract` a canonical contract: exactly one is set.
    `institution`: only what is about it; None: of every institution. `url` None: the url of the system."""

    id: str
    system: str
    code: str | None
    contract: str | None
    ordered: bool
    paused: bool
    url: str | None
    institution: str | None
    options: Mapping[str, str]
    collect: bool = False  # the system is not called: it reads its outbox and confirms
    leave: str | None = None  # the system is not called: by this leave, what it gets is written to its topic


@dataclass(frozen=True, slots=True)
class TopicLeave:
    """Leave to write what a subscription gets to a topic of Kafka, opened. Worth nothing until a second person has signed
    it."""

    id: str
    subscription: str
    reason: str
    opened: Signature
    signed: Signature | None = None
    closed: Signature | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A device that can sign nothing: known by serial and by source network or secret path."""

    id: str
    adapter: str
    serial: str = field(repr=False)
    zone: str | None  # IANA name or "+07:00"; None: as the adapter derives it
    secret_path_sha256: str | None = field(repr=False)
    networks: tuple[str, ...]
    institution: str
    suspended: bool
    options: Mapping[str, str]
    code: str | None = None  # API code under which its messages are admitted


FeedKind = Literal["folder", "poll"]
"""folder: files that somebody brings; poll: an interface that the hub asks."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A way in that nobody pushes. `part`: name of the folder or poll in the adapter's manifest; `place`: folder below the
    setting `AMANA_FOLDERS`; `device`: id of the device whose times it carries."""

    id: str
    kind: FeedKind
    adapter: str
    system: str
    code: str
    part: str
    device: str | None
    place: str | None
    url: str | None
    options: Mapping[str, str]
    suspended: bool


@dataclass(frozen=True, slots=True)
class Operator:
    key_id: str
    name: str
    person: str
    roles: tuple[Role, ...]
    suspended: bool
    public_key: str
    key: PublicKey = field(compare=False, repr=False)
    added_by: str | None = None  # key id of who registered this account; None: the first one, who came with the hub


@dataclass(frozen=True, slots=True)
class Approval:
    """The signature of a second person over the digest of a computed run, as a record of the log. `added_by_opener`: who
    opened the run had registered the approver's account; allowed, since a small office has no third administrator, and
    for a checker or an auditor to look at."""

    operator: str
    person: str
    digest: str
    position: int
    at: Ms
    added_by_opener: bool = False


@dataclass(frozen=True, slots=True)
class RunOrder:
    """A run as ordered: what it is about and up to where it looks."""

    code: str
    institution: str
    period: str  # earned, YYYY-MM
    paid: str  # YYYY-MM
    rule_set: str
    rule_version: str
    cutoff: Mapping[str, tuple[int, ...]]  # inbox topic -> end offset of each partition
    opened_by: str  # key id
    opened_person: str
    opened_at: Ms
    position: int
    approved: Approval | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """An order to destroy the secrets of these messages."""

    position: int
    ids: tuple[str, ...]
    reason: str
    operator: str
    at: Ms


@dataclass(frozen=True, slots=True)
class Join:
    """What was decided on a join request. `request`: SHA-256 (hex) of what the applicant signed. The last four are
    empty for one that was rejected."""

    request: str
    approved: bool
    reason: str
    operator: str
    position: int
    at: Ms
    institution: str = ""
    system: str = ""
    client_id: str = ""
    codes: tuple[str, ...] = ()


Verdict = Literal["retry", "confirm", "skip", "discard"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an operator decided on a message that does not go on by itself. `delivery` None: on a dead letter of a
    stage before delivery."""

    letter: str  # id of the dead letter, or the one that an unproven delivery would have
    verdict: Verdict
    delivery: StuckDelivery | None
    reason: str
    operator: str
    position: int
    at: Ms


@dataclass(frozen=True, slots=True)
class StuckDelivery:
    """The delivery as the hub found it when the decision was asked for: enough to record what came of it."""

    message: str
    key: str  # of the outgoing record, hex
    attempts: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HubKey:
    key_id: str
    public_key: str
    not_before: Ms
    not_after: Ms | None
