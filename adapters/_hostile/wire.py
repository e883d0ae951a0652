"""The hostile adapter's wire form: rows of whatever."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Anything(BaseModel):
    """Rows that nobody looks at."""

    rows: list[dict[str, Any]]
