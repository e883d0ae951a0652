"""The secrets that polls refer to: `<AMANA_CREDENTIALS>/<feed>/<name>`, a file each of mode 0600.

Rule: read when they are used and kept nowhere; they are in no setting, no record and no error text.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from hub.errors import Halt

MAX_SECRET: Final = 8192


class Credentials:
    """The secrets of one feed below `root`."""

    def __init__(self, root: Path, feed: str) -> None:
        self._folder = root / feed

    def reveal(self, name: str) -> str:
        """The text of a secret, without the line break at its end. Raises `Halt` AMANA-FEED-004."""
        path = self._folder / name
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise Halt("AMANA-FEED-004", f"credential {name}: readable by others")
            text = path.read_text("utf-8")
        except OSError as error:
            raise Halt("AMANA-FEED-004", f"credential {name}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Halt("AMANA-FEED-004", f"credential {name}: not text") from None
        secret = text.rstrip("\r\n")
        if not secret or len(secret) > MAX_SECRET or not secret.isprintable():
            raise Halt("AMANA-FEED-004", f"credential {name}: empty, too long or more than one line")
        return secret
