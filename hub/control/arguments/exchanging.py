"""Arguments of changes to what is exchanged: codes, grants, subscriptions, devices. Rule: see `hub.control.arguments`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from hub.control.fields import Args, Code, Contract, Name, Network, Options, Sha256, Url, Zone
from hub.control.objects import ANY, RESERVED, Assurance, Direction, Holding, Sealed
from hub.ports import DedupeRule

_FOLDER: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)*"
)


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


class GrantAdd(Args):
    """`trial`: drafts of the contract are taken from this system too. `options`: of the adapter, for its pushes."""

    system: Code
    code: Code
    trial: bool = False
    options: Options = Field(default_factory=dict)


class GrantOptions(Args):
    """`options` take the place of those that the grant had."""

    system: Code
    code: Code
    options: Options


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
        folder = self.options.get("folder")
        if self.collect and self.url is not None:
            raise ValueError("what is collected has no address")
        if folder is not None and (self.collect or self.url is not None):
            raise ValueError("what goes into a folder has no address and is not collected")
        if folder is not None and not _FOLDER.fullmatch(folder.replace("{run}", "run")):
            raise ValueError("a folder is a path below AMANA_FOLDERS_OUT, of letters, digits, dots and hyphens")
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
    files_only: bool = Field(default=False, alias="filesOnly")
    """It is read from files that somebody brings: no request is taken from it."""

    @model_validator(mode="after")
    def _has_a_source(self) -> DeviceAdd:
        reached = self.secret_path_sha256 is not None or bool(self.networks)
        if reached == self.files_only:
            raise ValueError("a network or a secret path, or filesOnly without both")
        return self


class DeviceNamed(Args):
    id: Code


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "api.add": ApiAdd,
    "grant.add": GrantAdd,
    "grant.revoke": GrantNamed,
    "grant.options": GrantOptions,
    "subscription.add": SubscriptionAdd,
    "subscription.pause": SubscriptionNamed,
    "subscription.resume": SubscriptionNamed,
    "device.add": DeviceAdd,
    "device.suspend": DeviceNamed,
}
