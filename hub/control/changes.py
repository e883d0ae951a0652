"""The changes that an operator may sign: the signed part, and the arguments of its kind.

Rule: what breaks a rule is named by its member and the rule, never by the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from hub.control.arguments import ARGUMENTS
from hub.control.fields import PATTERNS, Args, Nonce, Sha256
from hub.control.wording import say
from hub.errors import BadMessage

MAX_CHANGE_BYTES: Final = 262_144
FRESH_MS: Final = 300_000
"""How far the time in a signed request may lie from the hub's."""


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
