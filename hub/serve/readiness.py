"""Waiting until a hub on this machine is ready, for whoever started it.

Rule: asks `/readyz` on the local socket; never guesses from time alone.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub.rundir import run_directory
from hub.serve.listening import SOCKET

_REQUEST: Final = b"GET %b HTTP/1.1\r\nhost: amana.local\r\nconnection: close\r\n\r\n"
_PAUSE: Final = 0.05


def is_ready(data: Path, timeout: float = 2.0) -> bool:
    """Whether the hub on `data` answers 200 on `/readyz` now."""
    return _says_yes(data, b"/readyz", timeout)


def is_alive(data: Path, timeout: float = 2.0) -> bool:
    """Whether the gateway on `data` answers 200 on `/healthz` now."""
    return _says_yes(data, b"/healthz", timeout)


def _says_yes(data: Path, path: bytes, timeout: float) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.settimeout(timeout)
            asked.connect(str(run_directory(data) / SOCKET))
            asked.sendall(_REQUEST % path)
            return asked.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def await_ready(data: Path, timeout: float = 60.0, alive: Callable[[], bool] = lambda: True) -> bool:
    """Ask until it is ready, `timeout` seconds are over, or `alive` says that there is nothing to wait for."""
    deadline = time.monotonic() + timeout
    while alive() and time.monotonic() < deadline:
        if is_ready(data):
            return True
        time.sleep(_PAUSE)
    return False
