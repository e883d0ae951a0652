"""The wire form of an ATTLOG upload: text, one punch a line.

Rule: the schema bounds it and no more. Lines are judged one by one (see translate.py), because a device cannot
mend a line and would send a refused upload again for ever.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

AttendanceLog = Annotated[str, Field(max_length=1_048_576, description="PIN, time, status, verify, ... tab separated")]
OperationLog = Annotated[str, Field(max_length=1_048_576, description="OPLOG lines: what was done at the device")]
CommandResults = Annotated[str, Field(max_length=1_048_576, description="ID=..&Return=..&CMD=.. lines")]
