"""How subjects and versions are written in paths and bodies.

Rule: there is one context, the default one. `:.:s` is the subject `s`, `:.__GLOBAL:` is everything at once; a subject in
another context is not found, and cannot be written.
"""

from __future__ import annotations

import re
from typing import Final

from hub.registry.codes import bad_subject, bad_version, no_subject

GLOBAL: Final = ""
"""Stands for all subjects where a configuration or mode is not one subject's own."""

OWN: Final = "amana."
"""Prefix of the hub's own subjects."""

MOST_CHARACTERS: Final = 512
LATEST: Final = -1
_LARGEST: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,10}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RESERVED: Final = frozenset({"__GLOBAL", "__EMPTY"})
_DEFAULT: Final = ":.:"
_ALL: Final = ":*:"
_WHOLE: Final = frozenset({":.__GLOBAL:", "__GLOBAL", _DEFAULT})


def parse_subject(text: str) -> str | None:
    """The subject that a name stands for; None for a name that no subject can have here."""
    name = text.removeprefix(_DEFAULT)
    if not name or len(name) > MOST_CHARACTERS or name in _RESERVED or name.startswith(":.") or _CONTROL.search(name):
        return None
    return name


def existing_subject(text: str) -> str:
    """For reading: a name that no subject can have is of none. Raises 40401."""
    found = parse_subject(text)
    if found is None:
        raise no_subject(text)
    return found


def new_subject(text: str) -> str:
    """For writing. Raises 42208."""
    found = parse_subject(text)
    if found is None:
        raise bad_subject(text)
    return found


def scope(text: str | None) -> str:
    """Whose configuration or mode: a subject's, or `GLOBAL`. Raises 42208."""
    return GLOBAL if text is None or text in _WHOLE else new_subject(text)


def prefix(text: str) -> str:
    """A prefix of subjects, without its context."""
    return text.removeprefix(_ALL).removeprefix(_DEFAULT)


def parse_version(text: str) -> int:
    """A version number, or `LATEST`. Raises 42202."""
    if text in {"latest", "-1"}:
        return LATEST
    number = int(text) if _DIGITS.fullmatch(text) else 0
    if not 1 <= number <= _LARGEST:
        raise bad_version(text[:40])
    return number


def is_own(subject: str) -> bool:
    """Whether a subject is the hub's."""
    return subject.startswith(OWN)
