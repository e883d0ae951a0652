"""The wire form of an attlog.dat: text, one punch a line.

Rule: the schema bounds it and no more; lines are judged one by one (translate.py), the columns as a whole (layouts.py).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

AttlogFile = Annotated[str, Field(max_length=16_777_216, description="PIN, time and four columns, tab separated")]
