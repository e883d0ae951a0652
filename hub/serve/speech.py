"""What the serving processes say to the person who started them: a line on standard output, or on standard error.

Rule: whole lines, flushed, because several processes write to the same terminal. Events go to the log instead.
"""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Something that the person wants to know."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Something that went wrong."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
