"""Arrays as PostgreSQL writes them, made at once.

Rule: one text per array, whose kind the statement says. The driver's own way takes several times as long: it looks at each
value for its type, and for its place in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, String


def render_values(kind: String | Integer, values: Sequence[Any]) -> str:
    """Texts, or whole numbers, as PostgreSQL writes an array of them."""
    if isinstance(kind, String):
        return render_array(values)
    return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"


def render_array(texts: Sequence[str | None]) -> str:
    """Texts as PostgreSQL writes an array of them. The driver's own way takes several times as long: it looks at each
    value for its type."""
    return "{" + ",".join(["NULL" if text is None else f'"{_escape(text)}"' for text in texts]) + "}"


def _escape(text: str) -> str:
    if '"' in text or "\\" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text
