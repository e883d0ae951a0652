"""`python -m hub.serve.probe [--data DIR] [--ready]`: exit status 0 when the processes of this directory answer.

For whoever watches from beside: a container's health check, a systemd timer. Rule: asks over the local sockets, so it needs
neither port nor certificate nor setting; a role without a socket does not run here and is not asked.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.metrics import sharing
from hub.rundir import run_directory
from hub.serve import listening
from hub.serve.readiness import is_alive, is_ready


def probe(data: Path, *, ready: bool = False) -> list[str]:
    """What does not answer, in words; nothing: all do. `ready`: the gateway has to be ready, not only alive."""
    directory = run_directory(data)
    wrong: list[str] = []
    gateway, worker = ((directory / name).exists() for name in (listening.SOCKET, sharing.SOCKET))
    if gateway and not (is_ready(data) if ready else is_alive(data)):
        wrong.append("the gateway is not ready" if ready else "the gateway does not answer")
    if worker:
        found = asyncio.run(sharing.ask_worker(data))
        if found is None or dict(found.numbers).get(("amana_up",)) != 1:
            wrong.append("the worker does not answer")
    return wrong if gateway or worker else ["nothing runs on this directory"]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hub.serve.probe")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AMANA_DATA") or "amana-data"))
    parser.add_argument("--ready", action="store_true")
    given = parser.parse_args(argv)
    wrong = ["there is no such directory"] if not given.data.is_dir() else probe(given.data, ready=given.ready)
    for text in wrong:
        sys.stderr.write(f"amana: {text}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
