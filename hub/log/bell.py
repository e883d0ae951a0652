"""The doorbell: wakes whoever waits for the end of the log, in this process and in others.

Rule: nobody polls and no ring is lost. A waiter listens before it looks at the ends; each listening loop has a UNIX
datagram socket in the run directory, and a writer sends one datagram to every socket there after its commit: the numbers
of the partitions that grew, so that only who waits for one of them wakes. An empty datagram wakes everybody. A socket that
is full wakes everybody too, and a dead one is removed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.errors import TryAgain

_PREFIX = "bell-"
_MOST_PARTS = 64  # in one datagram; more wake everybody
_FULL = 4  # datagrams found waiting at once may mean that others were dropped: no system queues fewer


@dataclass(slots=True, eq=False)
class _Ear:
    """The listening end of one event loop."""

    loop: asyncio.AbstractEventLoop
    socket: socket.socket
    path: str
    waiting: dict[asyncio.Event, frozenset[int]] = field(default_factory=dict)

    def wake(self, parts: frozenset[int]) -> None:
        """Wake who waits for one of `parts`; an empty set wakes everybody."""
        for event, wanted in self.waiting.items():
            if not parts or not wanted.isdisjoint(parts):
                event.set()

    def heard(self) -> None:
        heard: set[int] = set()
        everybody = False
        datagrams = 0
        try:
            while True:
                parts = _parse(self.socket.recv(4 * _MOST_PARTS))
                everybody |= not parts
                heard |= parts
                datagrams += 1
        except BlockingIOError:
            pass
        if datagrams:
            self.wake(frozenset() if everybody or datagrams >= _FULL else frozenset(heard))

    def close(self) -> None:
        self.socket.close()
        Path(self.path).unlink(missing_ok=True)


class Bell:
    """The bell of one log in this process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ears: dict[asyncio.AbstractEventLoop, _Ear] = {}
        self._lock = threading.Lock()
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._closed = False

    @contextmanager
    def listening(self, parts: Collection[int]) -> Iterator[asyncio.Event]:
        """An event that is set by every ring for one of `parts` from now on. Raises `TryAgain` when the log is
        closed."""
        ear = self._ear(asyncio.get_running_loop())
        event = asyncio.Event()
        if not ear.waiting:
            ear.loop.add_reader(ear.socket, ear.heard)
        ear.waiting[event] = frozenset(parts)
        try:
            yield event
        finally:
            del ear.waiting[event]
            if not ear.waiting and ear.socket.fileno() >= 0:
                ear.loop.remove_reader(ear.socket)

    def ring(self, parts: Collection[int] = ()) -> None:
        """Wake every waiter for one of `parts` (none: every waiter). From any thread; does not block."""
        grown = frozenset(parts)
        text = struct.pack(f"={len(grown)}I", *grown) if len(grown) <= _MOST_PARTS else b""
        with self._lock:
            own = {ear.path for ear in self._ears.values()}
            ears = [ear for ear in self._ears.values() if ear.waiting]
        for ear in ears:
            _call(ear.loop, ear.wake, grown)
        try:
            with os.scandir(self._directory) as entries:
                paths = [entry.path for entry in entries if entry.name.startswith(_PREFIX) and entry.path not in own]
        except FileNotFoundError:
            return  # where there is no directory, nobody listens
        for path in paths:
            self._send(path, text)

    def close(self) -> None:
        """Wake own waiters for the last time and remove the sockets."""
        with self._lock:
            self._closed = True
            ears = list(self._ears.values())
            self._ears.clear()
            self._sender.close()
        for ear in ears:
            if ear.loop is _running_loop():
                _stop(ear)
            elif not _call(ear.loop, _stop, ear):
                ear.close()

    def _send(self, path: str, text: bytes) -> None:
        try:
            self._sender.sendto(text, path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)  # its process died
        except OSError:
            pass  # its queue is full, so it will wake for everything; or it closed between listing and sending

    def _ear(self, loop: asyncio.AbstractEventLoop) -> _Ear:
        with self._lock:
            if self._closed:
                raise TryAgain("AMANA-BUS-001", "the log is closed")
            for other in [other for other in self._ears if other.is_closed()]:
                self._ears.pop(other).close()
            ear = self._ears.get(loop)
            if ear is None:
                path = str(self._directory / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}")
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                listener.setblocking(False)
                listener.bind(path)
                ear = self._ears[loop] = _Ear(loop, listener, path)
            return ear


def _parse(text: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"={len(text) // 4}I", text[: len(text) // 4 * 4]))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _stop(ear: _Ear) -> None:
    ear.loop.remove_reader(ear.socket)
    ear.close()
    ear.wake(frozenset())


def _call(loop: asyncio.AbstractEventLoop, function: object, *arguments: object) -> bool:
    """Call in a loop's own thread; False when the loop is closed."""
    try:
        loop.call_soon_threadsafe(function, *arguments)  # type: ignore[arg-type]
    except RuntimeError:
        if not loop.is_closed():
            raise
        return False
    return True
