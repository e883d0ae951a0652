"""The changes that an operator may sign, and the arguments that each takes.

Rule: every argument is here, typed and bounded; nothing is filled in from outside (a manifest, a clock, a zone
database), so the same record means the same to every reader for ever. Member names are camelCase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from hub.control.fields import (
    PATTERNS,
    Args,
    Code,
    Contract,
    Digest,
    Fingerprint,
    Key,
    Month,
    Name,
    Network,
    Nonce,
    Options,
    Sha256,
    SystemOptions,
    Url,
    Zone,
)
from hub.control.objects import ANY, RESERVED, Assurance, Direction, Holding, Role, Sealed
from hub.control.wording import say
from hub.errors import BadMessage
from hub.ports import DedupeRule

MAX_CHANGE_BYTES: Final = 262_144
FRESH_MS: Final = 300_000
"""How far the time in a signed request may lie from the hub's."""


class FirstOperator(Args):
    name: Name
    person: Name
    public_key: Key


class HubStart(Args):
    hub_public_key: Key
    operator: FirstOperator | None = None


class InstitutionAdd(Args):
    code: Code
    name: Name
    parent: Code | None = None


class UnitAdd(Args):
    institution: Code
    code: Code
    name: Name
    parent: Code | None = None


class SystemAdd(Args):
    institution: Code
    unit: Code | None = None
    code: Code
    client_id: Code
    secret_sha256: Sha256 = Field(alias="secretSha256")
    public_key: Key | None = None
    allow_rsa: bool = False
    url: Url | None = None
    options: SystemOptions = Field(default_factory=dict)


class SystemNamed(Args):
    system: Code


class SystemRotateSecret(Args):
    system: Code
    secret_sha256: Sha256 = Field(alias="secretSha256")


class SystemRotateKey(Args):
    system: Code
    public_key: Key
    allow_rsa: bool = False
    overlap_seconds: int = Field(ge=0, le=366 * 86_400)


class SystemRevokeKey(Args):
    system: Code
    key_id: Sha256


class ApiAdd(Args):
    code: Code
    adapter: Code | None = None
    exchange: Code | None = None
    direction: Direction = "in"
    contract: Contract | None = None  # default: the wire contract of the exchange, else any
    dedupe: DedupeRule = "window"
    window_ms: int = Field(default=86_400_000, ge=0, le=366 * 86_400_000)
    fields: Annotated[list[Name], Field(default_factory=list, max_length=16)]
    assurance: Assurance = "signed"
    sealed: Sealed = "no"
    provider: Code | None = None
    holding: Holding | None = None
    institution: Code | None = None
    request_contract: Contract = ANY
    timeout_ms: int = Field(default=10_000, ge=100, le=60_000)

    @model_validator(mode="after")
    def _natural_key_has_fields(self) -> ApiAdd:
        if (self.dedupe == "natural-key") != bool(self.fields):
            raise ValueError("fields go with the natural key")
        return self

    @model_validator(mode="after")
    def _not_reserved(self) -> ApiAdd:
        if self.code in RESERVED:
            raise ValueError("a code that the hub answers itself")
        return self

    @model_validator(mode="after")
    def _fits_direction(self) -> ApiAdd:
        adapted = self.direction in {"in", "out"}
        if adapted != (self.adapter is not None) or adapted != (self.exchange is not None):
            raise ValueError("an adapter and its exchange go with the directions in and out")
        asked = (self.provider is not None) + (self.holding is not None)
        if asked != (self.direction == "pull"):
            raise ValueError("a pull needs a provider or a holding, and nothing else has one")
        if self.institution is not None and self.holding is None:
            raise ValueError("an institution goes with a holding")
        if self.sealed == "recipient" and (adapted or self.holding is not None):
            raise ValueError("what the hub has to read cannot be sealed for somebody else")
        return self


class GrantNamed(Args):
    system: Code
    code: Code


class SubscriptionAdd(Args):
    system: Code
    code: Code | None = None
    contract: Contract | None = None
    id: Code | None = None
    ordered: bool = True
    url: Url | None = None
    institution: Code | None = None
    options: Options = Field(default_factory=dict)
    collect: bool = False

    @model_validator(mode="after")
    def _one_topic(self) -> SubscriptionAdd:
        if (self.code is None) == (self.contract is None):
            raise ValueError("either code or contract")
        return self

    @model_validator(mode="after")
    def _called_or_collected(self) -> SubscriptionAdd:
        if self.collect and self.url is not None:
            raise ValueError("what is collected has no address")
        return self


class SubscriptionNamed(Args):
    id: Code


class DeviceAdd(Args):
    adapter: Code
    serial: Code
    institution: Code
    id: Code | None = None
    code: Code | None = None
    zone: Zone | None = None
    secret_path_sha256: Sha256 | None = Field(default=None, alias="secretPathSha256")
    networks: Annotated[list[Network], Field(default_factory=list, max_length=64)]
    options: Options = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_source(self) -> DeviceAdd:
        if self.secret_path_sha256 is None and not self.networks:
            raise ValueError("a network or a secret path")
        return self


class DeviceNamed(Args):
    id: Code


class OperatorAdd(Args):
    name: Name
    person: Name
    public_key: Key
    roles: list[Role] = Field(default_factory=lambda: list[Role](("admin",)), min_length=1, max_length=3)


class OperatorNamed(Args):
    key_id: Sha256


class RunOpen(Args):
    institution: Code
    period: Month
    paid: Month
    rule_set: Code
    rule_version: Code

    @model_validator(mode="after")
    def _paid_after_earned(self) -> RunOpen:
        if self.paid < self.period:
            raise ValueError("paid before it is earned")
        return self


class RunApprove(Args):
    run: Annotated[str, StringConstraints(max_length=100)]
    digest: Digest


class DeliveryNamed(Args):
    """A decision on a delivery that does not go on by itself. `id`: of the outgoing message."""

    id: Sha256
    reason: Name


class DeadLetterNamed(Args):
    """`id`: of a dead letter of a stage before delivery."""

    id: Sha256
    reason: Name


class MessageErase(Args):
    ids: Annotated[list[Sha256], Field(min_length=1, max_length=1000)]
    reason: Name


class JoinApprove(Args):
    """All that letting an applicant in does. `request`: SHA-256 of what it signed; `fingerprint`: the key id, or how it
    begins, as the applicant read it out; `institution_name`: set when the institution is new, and `unit_name` likewise."""

    request: Sha256
    fingerprint: Fingerprint
    institution: Code
    institution_name: Name | None = None
    parent: Code | None = None
    unit: Code | None = None
    unit_name: Name | None = None
    system: Code
    client_id: Code
    secret_sha256: Sha256 = Field(alias="secretSha256")
    public_key: Key
    url: Url | None = None
    options: Options = Field(default_factory=dict)
    codes: list[Code] = Field(default_factory=list, max_length=64)

    @model_validator(mode="after")
    def _names_what_is_new(self) -> JoinApprove:
        if self.parent is not None and self.institution_name is None:
            raise ValueError("a parent goes with a new institution")
        if self.unit_name is not None and self.unit is None:
            raise ValueError("the name of a unit goes with its code")
        if len(set(self.codes)) != len(self.codes):
            raise ValueError("a code twice")
        return self


class JoinReject(Args):
    request: Sha256
    reason: Name


Kind = Literal[
    "hub.start",
    "institution.add",
    "unit.add",
    "join.approve",
    "join.reject",
    "system.add",
    "system.suspend",
    "system.resume",
    "system.rotate-key",
    "system.revoke-key",
    "system.rotate-secret",
    "api.add",
    "grant.add",
    "grant.revoke",
    "subscription.add",
    "subscription.pause",
    "subscription.resume",
    "device.add",
    "device.suspend",
    "operator.add",
    "operator.suspend",
    "run.open",
    "run.approve",
    "message.erase",
    "delivery.retry",
    "delivery.confirm",
    "delivery.skip",
    "delivery.discard",
    "dead-letter.discard",
]

ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "hub.start": HubStart,
    "institution.add": InstitutionAdd,
    "unit.add": UnitAdd,
    "join.approve": JoinApprove,
    "join.reject": JoinReject,
    "system.add": SystemAdd,
    "system.suspend": SystemNamed,
    "system.resume": SystemNamed,
    "system.rotate-key": SystemRotateKey,
    "system.revoke-key": SystemRevokeKey,
    "system.rotate-secret": SystemRotateSecret,
    "api.add": ApiAdd,
    "grant.add": GrantNamed,
    "grant.revoke": GrantNamed,
    "subscription.add": SubscriptionAdd,
    "subscription.pause": SubscriptionNamed,
    "subscription.resume": SubscriptionNamed,
    "device.add": DeviceAdd,
    "device.suspend": DeviceNamed,
    "operator.add": OperatorAdd,
    "operator.suspend": OperatorNamed,
    "run.open": RunOpen,
    "run.approve": RunApprove,
    "message.erase": MessageErase,
    "delivery.retry": DeliveryNamed,
    "delivery.confirm": DeliveryNamed,
    "delivery.skip": DeliveryNamed,
    "delivery.discard": DeliveryNamed,
    "dead-letter.discard": DeadLetterNamed,
}


class ChangeData(BaseModel):
    """What an operator signs: who, which change, its arguments, once (nonce), when."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, regex_engine="python-re")

    operator: Sha256
    change: Annotated[str, StringConstraints(max_length=64)]
    args: dict[str, Any]
    nonce: Nonce
    at: int


def parse_data(data: object) -> ChangeData:
    """The signed part of a change. Raises `BadMessage` (AMANA-CHANGE-001)."""
    try:
        return ChangeData.model_validate(data)
    except ValidationError as error:
        raise BadMessage("AMANA-CHANGE-001", describe(error)) from None


def parse_args(kind: str, args: Mapping[str, Any]) -> Args:
    """Arguments of a change of this kind. Raises `BadMessage` (AMANA-CHANGE-001) naming the member and the rule,
    never the value."""
    model = ARGUMENTS.get(kind)
    if model is None:
        raise BadMessage("AMANA-CHANGE-001", "change: not a change that the hub has")
    try:
        return model.model_validate(args)
    except ValidationError as error:
        raise BadMessage("AMANA-CHANGE-001", describe(error)) from None


_MEMBER = re.compile(r"[A-Za-z0-9]{1,64}")


def describe(error: ValidationError) -> str:
    """The first breach: member and rule, without the value and without a name that we did not choose."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "extra_forbidden":
        return "a member that is not known here"
    path = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or _MEMBER.fullmatch(part))
    rule = say(first, PATTERNS)
    return f"{path}: {rule}" if path else rule
