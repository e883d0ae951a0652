"""The text of an ATTLOG upload, line by line. Read alike when it is admitted and when it is translated.

Rule: row `n` is the `n`-th line that is not blank, in both places, because the hub admits rows by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from . import push3

MIN_COLUMNS: Final = 4
MAX_COLUMNS: Final = 10


def lines(body: bytes) -> Iterator[str]:
    """Lines that are not blank. Bytes that are not ASCII become U+FFFD, so reading never fails.

    Only CR LF and LF end a line: `str.splitlines` would cut at control characters too.
    """
    for line in body.decode("ascii", "replace").replace("\r\n", "\n").split("\n"):
        if line and not line.isspace():
            yield line


def columns(line: str) -> list[str]:
    """Tab-separated columns: PIN, time, status, verify, work code, and up to five that are not used. A line of key=value
    members, which some firmware sends, as the first four of them."""
    if line.startswith(push3.START):
        return push3.columns_of(line)
    return line.split("\t")


def natural_key(serial: str, line: str) -> tuple[str, ...]:
    """What makes a punch the same punch when a device sends it again: serial, PIN, time and status, as it said them.

    A line that cannot be a punch is known by its whole text, so that it is refused once and not at every resend.
    """
    parts = columns(line)
    if len(parts) < MIN_COLUMNS:
        return (serial, "line", line)
    return (serial, parts[0].strip(), parts[1].strip(), parts[2].strip())
