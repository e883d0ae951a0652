"""One hub per data directory.

Rule: the lock is a `flock` on a file that the parent opens and every child inherits, so it is free only when the last
process of the hub is gone, however it went. Nothing has to be cleaned up after a power cut.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from hub.errors import ConfigError

FILE: Final = "hub.lock"
PATIENCE: Final = 5.0
"""Seconds to wait for the processes of a hub that was killed a moment ago."""


def lock_directory(data: Path, patience: float = PATIENCE) -> int:
    """A descriptor that holds the lock until it, and every copy of it, is closed. Makes the directory (mode 0700) if it
    is missing. Raises `ConfigError` AMANA-CONF-005."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(data / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError("AMANA-CONF-005", error.strerror or "not usable") from None
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(handle)
                raise ConfigError("AMANA-CONF-005", "another hub runs on it") from None
            time.sleep(0.05)  # flock cannot wait with a deadline
        else:
            return handle
