"""`amana conformance serve` as a process, its page, and the npm connector at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from signing import jsontext
from signing.keyfiles import read_key
from signing.keys import PublicKey, load_public
from tests.interop.site import Client

WITHIN = 45.0  # seconds for the next line of the terminal


class Trial:
    """A kit that is ready."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "hub.cli.main", "conformance", "serve", "--data", str(folder), "--port", "0"]
        self._process = subprocess.Popen(
            [*command, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"AMANA_BUS": "kafka://x:1"},
        )
        self.printed: list[str] = []
        while not any("Stop with" in line for line in self.printed):
            self.printed.append(self._line())
        self.url = next(line for line in self.printed if "Its page" in line).split()[-1].rstrip("/")
        kept = jsontext.parse((folder / "trial.json").read_bytes())
        self.client = Client("TRIAL-JS", kept["clientId"], kept["clientSecret"], read_key(folder / "connector.pem"))
        self.hub_key: PublicKey = load_public((folder / "hub.pem").read_text())

    def _line(self) -> str:
        assert self._process.stdout is not None
        late = threading.Timer(WITHIN, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        assert line, f"the kit ended, or said nothing for {WITHIN:.0f} s: " + "\n".join(self.printed)
        return line.decode().rstrip("\n")

    def page(self) -> str:
        return httpx.get(f"{self.url}/", trust_env=False).text

    def state(self) -> dict[str, str]:
        """Outcome of each step, as kept on disk."""
        kept = jsontext.parse((self.folder / "result.json").read_bytes())
        return {name: step["outcome"] for name, step in kept["steps"].items()}

    def seen(self, step: str) -> tuple[str, str]:
        """What was seen at a step, and how to mend it."""
        kept: dict[str, Any] = jsontext.parse((self.folder / "result.json").read_bytes())["steps"][step]
        return kept["seen"], kept["mend"]

    def await_printed(self, text: str) -> str:
        """The line of the terminal in which a text comes, now or later."""
        while True:
            line = self._line()
            self.printed.append(line)
            if text in line:
                return line

    def token(self) -> str:
        auth = (self.client.client_id, self.client.client_secret)
        form = {"grant_type": "client_credentials"}
        reply = httpx.post(f"{self.url}/oauth/token", data=form, auth=auth, trust_env=False)
        return str(jsontext.parse(reply.content)["access_token"])

    def post(self, path: str, body: bytes, token: str, media: str = "application/json") -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "content-type": media}
        return httpx.post(f"{self.url}{path}", content=body, headers=headers, trust_env=False)

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return self._process.returncode


@contextmanager
def trial_of(folder: Path, *words: str) -> Iterator[Trial]:
    """A kit, stopped at the end however it goes."""
    trial = Trial(folder, *words)
    try:
        yield trial
    finally:
        trial.stop()
