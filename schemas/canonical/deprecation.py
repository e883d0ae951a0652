"""What the hub announces about its contracts to the systems that use them: contract.notice.

Rule: a notice is about a version of a contract and the codes that name it; no person is in it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.canonical.text import Canonical, Code, Date, Instant

PinnedText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,600}$")]
"""A contract as a code names it: `employee:1`, `wire:<adapter>.<exchange>:1`, `subject:<name>:<version>`."""


class ContractNotice(Canonical):
    """One announcement, sent once to each system that sends or receives the version. The latest about a version counts."""

    contract: PinnedText = Field(title="Contract", description="The version that it is about, <name>:<version>.")
    state: Literal["active", "deprecated", "retired"] = Field(
        title="State",
        description="deprecated: taken until its last day; retired: refused; active: the announcement is withdrawn.",
    )
    last_day: Date | None = Field(
        title="Last day",
        description="Until when it is taken, to the end of the day everywhere; null if not deprecated.",
    )
    instead: PinnedText | None = Field(title="Instead", description="What to use instead; null if nothing was named.")
    codes: list[Code] = Field(
        max_length=1000, title="Codes", description="API codes of the receiver of this notice that name the version."
    )
    announced_at: Instant = Field(title="Announced at", description="When the hub took the decision.")
