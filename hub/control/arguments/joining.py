"""Arguments of decisions on who asks to join. Rule: see `hub.control.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import Field, model_validator

from hub.control.fields import Args, Code, Fingerprint, Key, Name, Options, Sha256, Url


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


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "join.approve": JoinApprove,
    "join.reject": JoinReject,
}
