"""The hub of a demo: `amana serve` as its own process, waited for and stopped by its id.

Rule: it never outlives whoever started it. A lifeline (the read end of a pipe whose other end is here) tells it when this
process is gone, however that ended.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import Final

from hub.errors import ConfigError

BUS: Final = "AMANA_BUS"

READY_WITHIN: Final = 60.0  # seconds
STOP_WITHIN: Final = 15.0


class HubProcess:
    """`amana serve` on a data directory and a free port. `settings`: what it is started with besides."""

    def __init__(self, data: Path, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.data = data
        self._settings = dict(settings)
        self.port = free_port()
        self._bus = {BUS: fresh_bus(os.environ[BUS])} if BUS in os.environ else {}
        self._process: subprocess.Popen[bytes] | None = None
        self._held: int | None = None  # our end of the lifeline

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folders(self) -> Path:
        """Below which the hub watches folders."""
        return Path(os.environ.get("AMANA_FOLDERS") or self.data / "folders")

    @property
    def log(self) -> Path:
        return self.data / "serve.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it is ready. Raises `ConfigError` with where to look when it does not get there."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.touch(mode=0o600)
        allowed = {"AMANA_OUTBOUND_HOSTS": "127.0.0.1", "AMANA_OUTBOUND_PRIVATE": "true"} | self._settings | self._bus
        command = [sys.executable, "-m", "hub.cli.main", "serve", "--data", str(self.data), "--port", str(self.port)]
        self._let_go()
        lifeline, self._held = os.pipe()
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    [*command, "--lifeline", str(lifeline)],
                    env=os.environ | allowed,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    pass_fds=(lifeline,),
                )
        finally:
            os.close(lifeline)
        deadline = monotonic() + READY_WITHIN
        while not self._ready():
            if self._process.poll() is not None or monotonic() > deadline:
                self.stop()
                raise ConfigError("AMANA-CONF-005", f"the hub did not get ready; see {self.log}")
            sleep(0.05)

    def stop(self) -> None:
        """Ask it to drain; insist when it does not."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._let_go()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of what the hub logged."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def wait(self) -> None:
        """Until somebody stops it."""
        assert self._process is not None
        self._process.wait()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def _ready(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def fresh_bus(address: str) -> str:
    """The same Kafka, with a prefix of topics that nobody has used; any other address as it is."""
    if not address.startswith("kafka://"):
        return address
    servers, _, prefix = address.removeprefix("kafka://").partition("/")
    name = f"demo-{secrets.token_hex(4)}"
    return f"kafka://{servers}/{prefix}.{name}" if prefix else f"kafka://{servers}/{name}"


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
