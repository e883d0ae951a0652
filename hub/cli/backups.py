"""`amana backup` and `amana restore`: what is not derived, in one file; restoring applies erasures again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Session


def register(app: typer.Typer) -> None:
    command(app, "backup")(backup)
    command(app, "restore")(restore)


def backup(session: Session, file: Annotated[Path, typer.Argument(help="File to write; never overwritten.")]) -> None:
    """Back up the log, the secrets and the keys of a hub, running or not."""
    from hub.backup import backup as write_backup
    from hub.errors import ConfigError
    from hub.keys import directory

    if session.settings.keys != directory(session.data):
        raise ConfigError("AMANA-CONF-001", "AMANA_KEYS: a backup holds the keys of the data directory, and no others")
    write_backup(session.data, file)
    session.result({"file": str(file)}, f"{file} written: it holds private keys, keep it safe")


def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(help="File that `amana backup` wrote.")],
    erasures: Annotated[
        Path | None,
        typer.Option(
            help="Data directory, or bus.db, of the hub it is of as it was last: what it erased stays erased."
        ),
    ] = None,
) -> None:
    """Restore a backup into an empty data directory; erasures made since are applied again."""
    from hub.backup import restore as read_backup

    restored = read_backup(file, session.data, erasures)
    if not restored.erasures_known:
        session.remark(
            "amana: warning: the hub that this backup is of was not found, so messages that were erased since can be "
            "read again; erase them again before you serve it, or restore with --erasures"
        )
    session.result(
        {"data": str(session.data), "erased": restored.erased, "erasuresKnown": restored.erasures_known},
        f"restored to {session.data}: start it with `amana serve`, then `amana reconcile`",
    )
