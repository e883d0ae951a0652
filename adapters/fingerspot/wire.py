"""Fingerspot's scans: the answer of get_attlog, and the notice of a webhook.

Rule: strict on what is used, blind to the rest. The time of a row is `scan` or `scan_date`; codes come as numbers or texts.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=300)]
Code = Annotated[int, Field(ge=0, le=9_999_999_999)] | Text


class Scan(BaseModel):
    """One scan."""

    model_config = ConfigDict(extra="allow")

    pin: Code
    scan: Text | None = None
    scan_date: Text | None = None
    verify: Code | None = None
    status_scan: Code | None = None


class ScanLog(BaseModel):
    """The answer of get_attlog."""

    model_config = ConfigDict(extra="allow")

    data: Annotated[list[Scan], Field(max_length=100_000)]


class ScanNotice(BaseModel):
    """What the cloud sends for one scan."""

    model_config = ConfigDict(extra="allow")

    cloud_id: Text
    data: Scan
