"""One Node process on `driver.cjs`, spoken to in JSON lines, and how the connector gets installed.

Rule: the connector is what `package-lock.json` pins, never changed; a command that gets no answer in time ends the process.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

from signing import jsontext
from signing.keys import PrivateKey, PublicKey

HERE: Final = Path(__file__).parent
INSTALLED: Final = HERE / "node_modules" / ".package-lock.json"
WITHIN: Final = 60.0  # seconds for one command


class MissingError(Exception):
    """The connector is not installed and could not be. Says how to get it."""


class FailedError(Exception):
    """What the connector threw."""


def install() -> None:
    """Have the connector that the lock names. `make test` installs it; this is for whoever runs pytest alone."""
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if INSTALLED.exists() and INSTALLED.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise MissingError("npm is not there: install Node.js 18 or newer with npm")
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise MissingError("`npm ci` in tests/interop failed: it needs the registry once")
        INSTALLED.touch()


class Node:
    """The driver's process."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, str(HERE / "driver.cjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE
        )
        self._count = 0

    def ask(self, do: str, **values: Any) -> Any:
        """Have one command done. Raises `FailedError` with what the connector threw."""
        self._count += 1
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(jsontext.render({"id": self._count, "do": do, **values}) + b"\n")
        self._process.stdin.flush()
        late = threading.Timer(WITHIN, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        assert line, f"the driver ended, or did not answer {do!r} within {WITHIN:.0f} s"
        answer = jsontext.parse(line)
        assert answer["id"] == self._count
        if "error" in answer:
            raise FailedError(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def private_text(key: PrivateKey) -> str:
    """As the connector takes a private key: base64 of PKCS#8 DER without armour."""
    return "".join(line for line in key.pem().decode().splitlines() if not line.startswith("-----"))


def public_text(key: PublicKey) -> str:
    """As both connectors take a public key: base64 of SubjectPublicKeyInfo DER."""
    return b64encode(key.der()).decode()
