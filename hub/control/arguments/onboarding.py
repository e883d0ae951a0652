"""Arguments of changes to institutions, units, systems and their keys. Rule: see `hub.control.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from hub.control.fields import Args, Code, Key, Name, Sha256, SystemOptions, Url


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


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "institution.add": InstitutionAdd,
    "unit.add": UnitAdd,
    "system.add": SystemAdd,
    "system.suspend": SystemNamed,
    "system.resume": SystemNamed,
    "system.rotate-key": SystemRotateKey,
    "system.revoke-key": SystemRevokeKey,
    "system.rotate-secret": SystemRotateSecret,
}
