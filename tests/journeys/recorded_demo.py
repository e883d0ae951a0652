"""`amana demo`, and beside it a file with every secret that it was told: what must be found nowhere.

    python -m tests.journeys.recorded_demo SECRETS --employees 60 --data DIR --report FILE

Rule: the demo itself is not changed; what onboarding and the senders get is written down on its way.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hub.cli.main import run
from hub.cli.terminal import Terminal
from hub.client.connection import Connection
from hub.demo import acts
from hub.demo.onboarding import Onboarded, onboard
from signing.jsontext import render


def main_with(secrets: Path, words: list[str]) -> int:
    """Run the demo; client secrets, secret paths of devices and tokens are written down."""
    found: dict[str, list[str]] = {"client secret": [], "secret path": [], "token": []}
    fetch = Connection._fetch_token

    def write(kind: str, secret: str) -> None:
        if secret and secret not in found[kind]:
            found[kind].append(secret)
            secrets.write_bytes(render(found))

    def onboard_and_record(*arguments: Any) -> Onboarded:
        onboarded = onboard(*arguments)
        for credentials in onboarded.systems.values():
            write("client secret", credentials.client_secret)
        for prefix in onboarded.prefixes.values():
            write("secret path", prefix.removeprefix("/"))
        return onboarded

    def fetch_and_record(connection: Connection) -> tuple[str, bool]:
        token, fresh = fetch(connection)
        write("token", token)
        return token, fresh

    with (
        patch.object(acts, "onboard", onboard_and_record),
        patch.object(Connection, "_fetch_token", fetch_and_record),
    ):
        return run(["demo", *words], Terminal())


if __name__ == "__main__":
    sys.exit(main_with(Path(sys.argv[1]), sys.argv[2:]))
