"""Arguments of changes to the contracts that are in force: their states, which one a code has, waivers.

Rule: see `hub.control.arguments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import StringConstraints, model_validator

from hub.control.fields import Args, Code, Contract, Date, Name, Pinned, Sha256
from hub.control.objects import ContractPhase

Subject = Annotated[str, StringConstraints(pattern=r"\A[^\x00-\x1f\x7f-\x9f]{1,512}\Z")]


class ContractStateSet(Args):
    """`until`: the last day of one that is deprecated. `instead`: what senders and receivers are to use."""

    contract: Pinned
    state: ContractPhase
    until: Date | None = None
    instead: Contract | None = None
    reason: Name

    @model_validator(mode="after")
    def _ends_are_announced(self) -> ContractStateSet:
        if (self.state == "deprecated") != (self.until is not None):
            raise ValueError("a last day goes with deprecated, and with nothing else")
        if self.instead is not None and self.state not in {"deprecated", "retired"}:
            raise ValueError("what to use instead goes with deprecated and retired")
        return self


class ApiContract(Args):
    """The contract version that a code has from now on."""

    code: Code
    contract: Contract | None = None
    request_contract: Contract | None = None

    @model_validator(mode="after")
    def _something(self) -> ApiContract:
        if self.contract is None and self.request_contract is None:
            raise ValueError("contract or requestContract")
        return self


class WaiverOpen(Args):
    """`digest`: SHA-256 of the schema that may break, as `amana contract check` prints it."""

    subject: Subject
    digest: Sha256
    until: Date
    reason: Name


class WaiverSign(Args):
    waiver: Code
    digest: Sha256


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "contract.state": ContractStateSet,
    "api.contract": ApiContract,
    "waiver.open": WaiverOpen,
    "waiver.sign": WaiverSign,
}
