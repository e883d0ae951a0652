"""The sockets that the gateway accepts on, bound by the parent and inherited by its children.

Rule: a gateway that is started again takes up the same sockets, so callers wait in the backlog and are not refused. The
local socket is for its owner only (mode 0600).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from hub.errors import ConfigError
from hub.rundir import run_directory

SOCKET: Final = "api.sock"
ADDRESS: Final = "address"
"""File in the run directory: the base URL on which the hub listens (the port may have been left to the system)."""

BACKLOG: Final = 2048


def bind_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises `ConfigError` AMANA-CONF-001."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        raise ConfigError("AMANA-CONF-001", f"host and port: {error.strerror}") from None
    return made


def bind_local(data: Path) -> socket.socket:
    """The listening socket `api.sock`. The caller holds the directory's lock, so one that is there is a dead one's."""
    path = run_directory(data) / SOCKET
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
    finally:
        os.umask(before)
    made.listen(BACKLOG)
    return made


def write_address(data: Path, tcp: socket.socket, *, secured: bool) -> str:
    """Leave the base URL where local programs find it, and return it."""
    host, port = tcp.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"{'https' if secured else 'http'}://{shown}:{port}"
    path = run_directory(data) / ADDRESS
    partial = path.with_suffix(".new")
    partial.write_text(url + "\n", "utf-8")
    partial.replace(path)
    return url


def read_address(data: Path) -> str | None:
    """The base URL of the hub on `data`, if one has run there. Inverse of `write_address`."""
    try:
        return (run_directory(data) / ADDRESS).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def adopt(descriptors: list[int]) -> list[socket.socket]:
    """Inherited sockets, by descriptor."""
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]
