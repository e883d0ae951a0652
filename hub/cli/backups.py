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

    write_backup(session.data, file)
    session.result({"file": str(file)}, f"{file} written: it holds private keys, keep it safe")


def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(help="File that `amana backup` wrote.")],
    erasures: Annotated[
        Path | None,
        typer.Option("--erasures", help="Data directory of the hub as it was last, to apply its erasures again."),
    ] = None,
) -> None:
    """Restore a backup into an empty data directory; erasures made since are applied again."""
    from hub.backup import restore as read_backup

    done = read_backup(file, session.data, erasures)
    session.result(
        {"data": str(session.data), "erased": done.erased, "erasuresKnown": done.erasures_known},
        f"restored to {session.data}, {done.erased} erasures applied again: start it with `amana serve`, then "
        "`amana reconcile`",
    )
    if not done.erasures_known:
        session.remark(
            "amana: warning: nobody could say what was erased since the backup was taken; name the old data directory "
            "with --erasures, or order these erasures again"
        )
