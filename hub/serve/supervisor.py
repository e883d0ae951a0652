"""`amana serve`: a light parent with one child per role.

It takes the directory's lock, binds the sockets, lets a first child prepare the directory, starts the roles and starts
again what dies. On SIGTERM or SIGINT the children drain: unready first, then no new connections, then what is in flight
is finished, within `DRAIN` seconds. A second signal ends everything at once. Whoever starts it for a while may hand it the
read end of a pipe: end-of-file there (its starter has died, even by kill -9) is such a signal too.

Rule: imports of the standard library and of small modules only; whoever needs settings, keys or a database is a child.
"""

from __future__ import annotations

import argparse
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from hub.errors import ConfigError
from hub.serve import listening, processes
from hub.serve.lock import lock_directory
from hub.serve.processes import CONFIGURATION, PRIVATE, Child
from hub.serve.speech import complain

ROLES: Final = ("gateway", "worker")
TOGETHER: Final = "together"
"""The role of `--single-process`: all of them in one event loop."""

FIRST: Final = "first"
"""The role of the child that prepares the directory and ends."""

DRAIN: Final = 10.0
PORT: Final = 8460


@dataclass(frozen=True, slots=True)
class Options:
    """What `amana serve` was asked for."""

    data: Path
    host: str = "127.0.0.1"
    port: int = PORT
    roles: tuple[str, ...] = ROLES
    single_process: bool = False
    lifeline: int | None = None  # descriptor
    worker_port: int | None = None  # where a worker without a gateway says how it is; None: on the local socket alone


def serve(options: Options) -> int:
    """Run the hub until it is told to stop; the exit status. Raises `ConfigError` when it cannot start."""
    unknown = [role for role in options.roles if role not in ROLES]
    if unknown or not options.roles:
        raise ConfigError("AMANA-CONF-001", f"role: one or more of {', '.join(ROLES)}")
    os.umask(PRIVATE)
    lock = lock_directory(options.data)
    lifeline, held = os.pipe()
    common = ["--data", str(options.data), "--host", options.host, "--lifeline", str(lifeline)]
    inherited = [lifeline, lock]
    sockets: list[socket.socket] = []
    alone = "gateway" not in options.roles
    if alone:
        sockets = [listening.bind_local(options.data)]
        if options.worker_port is not None:
            sockets.insert(0, listening.bind_tcp(options.host, options.worker_port))
    else:
        sockets = [listening.bind_tcp(options.host, options.port), listening.bind_local(options.data)]
    listen = [f"--listen={made.fileno()}" for made in sockets]
    listening_too = [*inherited, *(made.fileno() for made in sockets)]
    status = processes.run_once(processes.command_of(FIRST, common if alone else [*common, *listen]), listening_too)
    if status != 0:
        return status
    children = []
    for role in (TOGETHER,) if options.single_process else options.roles:
        if alone or role in {"gateway", TOGETHER}:
            children.append(Child(role, processes.command_of(role, [*common, *listen]), listening_too))
        else:
            children.append(Child(role, processes.command_of(role, common), inherited))
    try:
        return _Watch(children, sockets, options.lifeline).run()
    finally:
        os.close(held)


class _Watch:
    """The loop of the parent: wait for a signal or a deadline, then look at every child."""

    def __init__(self, children: Sequence[Child], sockets: Sequence[socket.socket], lifeline: int | None) -> None:
        self._children = children
        self._sockets = sockets
        self._lifeline = lifeline
        self._stop_at: float | None = None  # monotonic; set once draining began
        self._status = 0
        self._signals = 0

    def run(self) -> int:
        wake_up, ring = socket.socketpair()
        ring.setblocking(False)
        wake_up.setblocking(False)
        signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        selector = selectors.DefaultSelector()
        selector.register(wake_up, selectors.EVENT_READ)
        if self._lifeline is not None:
            selector.register(self._lifeline, selectors.EVENT_READ)
        while self._look():
            for key, _ in selector.select(self._timeout()):
                if key.fileobj is wake_up:
                    wake_up.recv(4096)
                elif not os.read(key.fd, 4096):
                    selector.unregister(key.fd)
                    self._signals += 1
        return self._status

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _look(self) -> bool:
        """One round; False when there is nothing left to watch."""
        now = time.monotonic()
        if self._signals and self._stop_at is None:
            self._drain(now)
        if self._stop_at is not None and (self._signals > 1 or now >= self._stop_at):
            for child in self._children:
                child.signal(signal.SIGKILL)
        for child in self._children:
            status = child.reap(now)
            if status == CONFIGURATION and self._stop_at is None:
                self._status = CONFIGURATION
                self._drain(now)
            elif status is not None and self._stop_at is None:
                complain(f"amana: {child.role} ended ({status}), starts again")
        if self._stop_at is not None:
            return any(child.process is not None for child in self._children)
        for child in self._children:
            if child.due is not None and child.due <= now:
                child.start(now)
        return True

    def _drain(self, now: float) -> None:
        self._stop_at = now + DRAIN
        for child in self._children:
            child.signal(signal.SIGTERM)
        for made in self._sockets:
            made.close()

    def _timeout(self) -> float | None:
        if self._stop_at is not None:
            return max(0.0, self._stop_at - time.monotonic())
        return processes.next_due(self._children)


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m hub.serve.supervisor`: what the command line turns itself into, so that the parent stays small."""
    parser = argparse.ArgumentParser(prog="amana serve")
    parser.add_argument("--data", type=Path, default=Path("amana-data"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--role", default=",".join(ROLES))
    parser.add_argument("--single-process", action="store_true")
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--worker-port", type=int)
    given = parser.parse_args(argv)
    roles = tuple(role.strip() for role in given.role.split(",") if role.strip())
    try:
        asked = (given.data, given.host, given.port, roles, given.single_process, given.lifeline, given.worker_port)
        return serve(Options(*asked))
    except ConfigError as error:
        complain(error.text())
        return CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
