"""The wire form: an XML document as text. What its elements hold is a question per row: see translate.py."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

EssDocument = Annotated[
    str,
    Field(pattern=r"^[ \t\r\n]*(<\?xml[^<>]*\?>)?[ \t\r\n]*<Document>", max_length=16_777_216),
]
