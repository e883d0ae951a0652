"""How a version of a contract is named: `<name>:<version>`, such as `employee:1`, `wire:<adapter>.<exchange>:1` or
`subject:payroll-value:3` (version 3 of a subject of the registry).

Rule: a name without a version means the one that is installed, which for wire formats is always 1.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.control.objects import ANY
from schemas.contracts import CONTRACTS

URN: Final = "urn:amana:contract:"
WIRE: Final = "wire:"
SUBJECT: Final = "subject:"
OWN: Final = "amana."
"""Prefix of the registry's subjects that are the hub's own contracts."""


class Pinned(NamedTuple):
    """A contract as a code names it. `version` None: the one that is installed."""

    name: str
    version: int | None


def parse_pinned(text: str) -> Pinned:
    """The parts of a name."""
    name, _, version = text.rpartition(":")
    if name and version.isascii() and version.isdigit():
        return Pinned(name, int(version))
    return Pinned(text, None)


def pin(text: str) -> str:
    """The name with its version; "" for bodies that nobody checks."""
    name, version = parse_pinned(text)
    if name in {ANY, ""}:
        return ""
    if version is None:
        version = CONTRACTS[name].version if name in CONTRACTS else 1
    return f"{name}:{version}"


def pin_of(dataschema: str) -> str:
    """The same from the header of a record."""
    return pin(dataschema.removeprefix(URN))


def subject_of(text: str) -> str:
    """The subject of the registry that holds a contract."""
    name, version = parse_pinned(text)
    if name.startswith(SUBJECT):
        return name.removeprefix(SUBJECT)
    if name.startswith(WIRE):
        return OWN + name.replace(":", ".")
    return f"{OWN}{name}.v{version or (CONTRACTS[name].version if name in CONTRACTS else 1)}"


def pins_of(subject: str, versions: list[int]) -> dict[int, str]:
    """The contracts that the versions of a subject are, by version."""
    if subject.startswith(OWN + "wire."):
        return {n: f"{WIRE}{subject.removeprefix(OWN + 'wire.')}:1" for n in versions}
    if subject.startswith(OWN):
        name, _, number = subject.removeprefix(OWN).rpartition(".v")
        return dict.fromkeys(versions, f"{name}:{number}")
    return {n: f"{SUBJECT}{subject}:{n}" for n in versions}
