"""The law of numbers, over every adapter whose records are about an employee.

Rule: a number that a spreadsheet destroyed is nobody's. It has lost its last digits, so whoever it would be given to is
somebody else; it is refused with that explanation, never mended and never passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from adapters.kit import attached
from adapters.kit.cases import Case, read_cases
from adapters.kit.errors import AdapterError
from adapters.kit.registry import Adapter
from adapters.kit.values import Canonical, Refused, Translated
from adapters.kit.wire import checkable

NIP: Final = 18
_WORD: Final = "spreadsheet"
_ARCHIVE: Final = b"PK"
"""How an XLSX file begins, in which no text can be exchanged for another: its rows are those of the CSV cases."""


def destroyed(number: str) -> str:
    """What a spreadsheet makes of a number: of eighteen digits the last three are lost, others get an exponent."""
    if len(number) == NIP and number.isdigit():
        return number[:-3] + "000"
    return f"{number[0]}.{number[1:6] or '0'}E+{len(number) - 1}"


def numbers_checked(adapter: Adapter) -> list[str]:
    """In every golden case the number of an employee is destroyed, as a spreadsheet does it: no record is about it, and the
    row, or the message, is refused with that explanation."""
    broken: list[str] = []
    for case in read_cases(adapter):
        if case.request or case.poll or adapter.manifest.exchange(case.target).direction != "in":
            continue
        for number in sorted(_numbers(_translated(adapter, case, case.input)[0])):
            wrong = destroyed(number)
            body = _exchanged(case.input, number, wrong)
            if body is None or adapter.wire_checker(case.target).breaches(checkable(body), 1):
                continue
            items, said = _translated(adapter, case, body)
            if wrong in _numbers(items):
                broken.append(f"{case.name}: a record is about a number that a spreadsheet destroyed")
            elif not any(_WORD in text for text in said or _all(adapter)):
                broken.append(f"{case.name}: a number that a spreadsheet destroyed is refused without saying so")
    return broken


def _translated(adapter: Adapter, case: Case, body: Any) -> tuple[list[Translated], list[str]]:
    """Rows of `body`, and what is said of those that are refused; nothing of a whole message."""
    manifest = adapter.manifest
    try:
        items = list(adapter.translate(case.target, body, case.message))
    except AdapterError:  # such as a total over all numbers, which the damage made wrong, too
        return [], []
    refused = [item for item in items if isinstance(item, Refused)]
    return items, [text for item in refused for text in (item.reason, manifest.reasons.get(item.code, ""))]


def _all(adapter: Adapter) -> list[str]:
    return [*adapter.manifest.reasons.values(), *adapter.manifest.problems.values()]


def _numbers(items: list[Translated]) -> set[str]:
    return {item.value["employeeId"] for item in items if isinstance(item, Canonical) and item.value.get("employeeId")}


def _exchanged(body: Any, number: str, wrong: str) -> Any:
    """`body` with one number for another; None where the text is not there to be exchanged."""
    if isinstance(body, bytes):
        return body.replace(number.encode(), wrong.encode()) if number.encode() in body else None
    if isinstance(body, dict) and "contentBase64" in body:
        content = attached.unwrap(body)
        if content.startswith(_ARCHIVE) or number.encode() not in content:
            return None
        return {**body, **attached.wrap(body["name"], content.replace(number.encode(), wrong.encode()))}
    changed = dict(_replaced(body, number, wrong)) if isinstance(body, dict) else body
    return changed if msgspec.json.encode(changed) != msgspec.json.encode(body) else None


def _replaced(value: dict[str, Any], number: str, wrong: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        yield name, _in(inner, number, wrong)


def _in(value: Any, number: str, wrong: str) -> Any:
    if isinstance(value, dict):
        return dict(_replaced(value, number, wrong))
    if isinstance(value, list):
        return [_in(inner, number, wrong) for inner in value]
    if isinstance(value, str):
        return value.replace(number, wrong)
    return wrong if isinstance(value, int) and not isinstance(value, bool) and str(value) == number else value
