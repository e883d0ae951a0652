"""The wire form of the two files: their text, to the byte."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

_NIP = "[0-9]{18}"
_DAY = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

MealDays = Annotated[str, Field(pattern=rf"^({_NIP}\t{_DAY}\r\n)+$", max_length=16_777_216)]
OvertimeHours = Annotated[str, Field(pattern=rf"^({_NIP}\t{_DAY}\t([1-9]|1[0-9]|2[0-4])\r\n)+$", max_length=16_777_216)]
