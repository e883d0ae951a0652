"""Where a hub's sockets live: doorbells of the log and the local API socket.

A UNIX socket path holds about 100 bytes, so a deep data directory gets a short directory of its own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def run_directory(data: Path) -> Path:
    """Directory (mode 0700, made if missing) for the sockets of the hub whose data lies in `data`."""
    data = data.resolve()
    directory = data / "run"
    if len(str(directory)) > 70:
        name = hashlib.sha256(str(data).encode()).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"amana-{os.getuid()}-{name}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise PermissionError("the socket directory belongs to another user")
    return directory
