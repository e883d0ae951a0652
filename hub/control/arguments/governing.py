"""Arguments of changes to people, the hub's own key, pay runs and erasures. Rule: see `hub.control.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from hub.control.fields import Args, Code, Digest, Key, Month, Name, Sha256
from hub.control.objects import Role


class FirstOperator(Args):
    name: Name
    person: Name
    public_key: Key


class HubStart(Args):
    hub_public_key: Key
    operator: FirstOperator | None = None


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


class MessageErase(Args):
    ids: Annotated[list[Sha256], Field(min_length=1, max_length=1000)]
    reason: Name


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "hub.start": HubStart,
    "operator.add": OperatorAdd,
    "operator.suspend": OperatorNamed,
    "run.open": RunOpen,
    "run.approve": RunApprove,
    "message.erase": MessageErase,
}
