"""What became of names and numbers on their way through a connector. Pure.

Rule: a verdict names the kind of damage, never the value that came.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from hub.conformance.events import Diagnosis
from hub.conformance.steps import NAME, VALUES

_AS_TEXT: Final = "keep it as text from end to end: parse it with no number type, and print it as it was"


def judge_name(value: Any) -> Diagnosis | None:
    """None when the name is letter by letter the one that was asked for."""
    if value == NAME:
        return None
    if not isinstance(value, str):
        return Diagnosis("name is not text", "send the name as a JSON string")
    if unicodedata.normalize("NFC", value) == NAME:
        return Diagnosis(
            "the accents came apart from their letters (NFD)", "normalise text to NFC, or do not touch it at all"
        )
    if _mojibake(value) == NAME:
        return Diagnosis(
            "UTF-8 was read as Latin-1 and encoded once more",
            "read and write bytes as UTF-8 everywhere; name the charset where your language has a default",
        )
    if "?" in value or "\ufffd" in value:
        return Diagnosis(
            "letters became question marks: text went through a charset that lacks them",
            "use UTF-8 between database, program and HTTP",
        )
    if "\\u" in value:
        return Diagnosis("escapes were escaped again", "serialise once: the body is an object, not a text of JSON")
    return Diagnosis("it is another name than the one asked for", "copy the name from the page")


def _mojibake(value: str) -> str | None:
    for charset in ("latin-1", "cp1252"):
        try:
            return value.encode(charset).decode("utf-8")
        except UnicodeError:
            continue
    return None


def judge_numbers(received: Any) -> Diagnosis | None:
    """None when every member came back as it was. In XML all leaves are text."""
    if not isinstance(received, dict):
        return Diagnosis(
            "the result has no object received", 'push {"step":"numbers","received":<the esbBody that came>}'
        )
    missing = [name for name in VALUES if name not in received]
    if missing:
        return Diagnosis(f"{', '.join(missing)} did not come back", "send every member of the answer's esbBody")
    for name, sent in VALUES.items():
        wrong = _judge_number(name, sent, received[name])
        if wrong is not None:
            return wrong
    return None


def _judge_number(name: str, sent: Any, got: Any) -> Diagnosis | None:
    if isinstance(sent, int):
        if (not isinstance(got, bool) and (got == sent and not isinstance(got, float))) or got == str(sent):
            return None
        if isinstance(got, float) or (isinstance(got, str) and not got.lstrip("-").isdigit()):
            return Diagnosis(
                f"{name}: the integer came back as a floating-point number",
                "read integers into a 64-bit integer type and print them without point or exponent",
            )
        return Diagnosis(f"{name}: the integer changed", "read integers into a 64-bit integer type, never into a float")
    if got == sent:
        return None
    if not isinstance(got, str):
        return Diagnosis(f"{name}: text came back as a number", _AS_TEXT)
    if got.lstrip("0") == sent.lstrip("0") and sent.startswith("0") and not sent.startswith("0."):
        return Diagnosis(f"{name}: leading zeros were lost, so it was read as a number", _AS_TEXT)
    if "." in sent and got.rstrip("0") == sent.rstrip("0"):
        return Diagnosis(f"{name}: trailing zeros were lost, so it was read as a number", _AS_TEXT)
    return Diagnosis(f"{name}: the decimal changed, so it was read as a floating-point number", _AS_TEXT)


def truth(value: Any) -> bool | None:
    """A boolean, also as the text that XML makes of it."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None
