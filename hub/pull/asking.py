"""Reading the small objects that are asked of the hub itself: numbers, texts, lists of texts.

Rule: strict and closed, as the tables of their members say. XML has no numbers and writes a list of one as its element, so
digits and a lone text are taken for what they can only mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hub.errors import BadMessage

_DIGITS: Final = re.compile(r"[0-9]{1,9}")


class Members:
    """The members of one object of the question. `code`: of the refusal when one of them is not as it must be."""

    def __init__(self, value: Any, names: Iterable[str], code: str, where: str = "esbBody") -> None:
        self._code = code
        self._where = where
        if value is None or value == "":
            value = {}
        if not isinstance(value, dict) or not value.keys() <= set(names):
            raise self._refuse("", f"an object with the members {', '.join(names)} expected, each if it is needed")
        self._value: dict[str, Any] = value

    def get(self, name: str) -> Any:
        return self._value.get(name)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self._value.get(name, default)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise self._refuse(name, f"a whole number from {low} to {high} expected")
        return value

    def text(self, name: str, pattern: re.Pattern[str], expected: str) -> str | None:
        """A text that has this form, or nothing."""
        value = self._value.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._refuse(name, f"{expected} expected")
        return value

    def texts(self, name: str, pattern: re.Pattern[str], expected: str, most: int) -> list[str]:
        """Texts that have this form, each once, in order."""
        value = self._value.get(name, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or len(value) > most:
            raise self._refuse(name, f"a list of at most {most} expected")
        if not all(isinstance(text, str) and pattern.fullmatch(text) for text in value):
            raise self._refuse(name, f"{expected} expected")
        return list(dict.fromkeys(value))

    def _refuse(self, name: str, rule: str) -> BadMessage:
        return BadMessage(self._code, f"{self._where}.{name}: {rule}" if name else f"{self._where}: {rule}")
