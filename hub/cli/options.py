"""Reading of option values that several commands share. Rule: a value that cannot be read is a usage error."""

from __future__ import annotations

from collections.abc import Sequence

from hub.cli.failures import USAGE, CommandError


def pairs(values: Sequence[str] | None) -> dict[str, str]:
    """`--option name=value`, any number of times."""
    found: dict[str, str] = {}
    for value in values or ():
        name, separator, text = value.partition("=")
        if not separator or not name:
            raise CommandError(f"the option {name!r} has no value", "write --option name=value", status=USAGE)
        found[name] = text
    return found
