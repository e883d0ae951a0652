"""The payloads of this system, in its own spelling.

Rule: strict on what is used; say here which members are ignored and why.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Words


class Row(BaseModel):
    """One employee as this system sends it. Members that it may add are ignored."""

    model_config = ConfigDict(extra="allow")

    number: Annotated[str, Field(max_length=40)]
    full_name: Words
    department: Words


class Employees(BaseModel):
    """One message."""

    model_config = ConfigDict(extra="forbid")

    rows: Annotated[list[Row], Field(max_length=1000)]
