"""Many commands run in one process: none of them keeps a connection."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from hub.cli.command import command, group
from hub.cli.terminal import Session, Terminal
from hub.control.client import HubClient
from signing.keyfiles import write_key
from signing.keys import generate


@pytest.mark.parametrize("fails", [False, True])
def test_a_command_gives_its_connection_back(fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client that a command made is closed when it ends, well or not."""
    closed: list[HubClient] = []
    made: list[HubClient] = []

    def close(client: HubClient) -> None:
        closed.append(client)

    monkeypatch.setattr(HubClient, "close", close)
    write_key(tmp_path / "operator.pem", generate())
    app = group("For this test.")

    @command(app, "other")
    def other(session: Session) -> None:
        """Asks nobody."""

    @command(app, "ask")
    def ask(session: Session) -> None:
        """Makes a client."""
        made.append(session.client)
        if fails:
            raise LookupError

    words = ["ask", "--url", "http://hub.example", "--operator", str(tmp_path / "operator.pem")]
    terminal = Terminal(io.StringIO(), io.StringIO())
    app(["other"], standalone_mode=False, obj=terminal)
    if fails:
        with pytest.raises(LookupError):
            app(words, standalone_mode=False, obj=terminal)
    else:
        app(words, standalone_mode=False, obj=terminal)
    assert len(made) == 1
    assert closed == made
