"""`amana serve`, `amana demo` and `amana version`.

Rule: `serve` turns this process into the supervisor, so that the parent of the hub's processes stays small.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Session


def register(app: typer.Typer) -> None:
    command(app, "serve")(serve)
    command(app, "demo")(demo)
    command(app, "version")(version)


def serve(
    session: Session,
    host: Annotated[str | None, typer.Option(help="Address to listen on; AMANA_HOST, else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; AMANA_PORT, else 8460. 0 takes any free one.")] = None,
    role: Annotated[str | None, typer.Option(help="Roles to run, comma-separated: gateway,worker.")] = None,
    single_process: Annotated[bool, typer.Option("--single-process", help="All roles in one process.")] = False,
    lifeline: Annotated[int | None, typer.Option(hidden=True, help="Descriptor; end-of-file there stops it.")] = None,
) -> None:
    """Run the hub until it is told to stop; ready when /readyz answers 200."""
    settings = session.settings
    args = [sys.executable, "-m", "hub.serve.supervisor", "--data", str(settings.data)]
    args += ["--host", host or settings.host, "--port", str(settings.port if port is None else port)]
    if role is not None:
        args += ["--role", role]
    if single_process:
        args += ["--single-process"]
    if settings.worker_port is not None:
        args += ["--worker-port", str(settings.worker_port)]
    if lifeline is not None:
        args += ["--lifeline", str(lifeline)]
    session.terminal.out.flush()
    session.terminal.err.flush()
    os.execv(sys.executable, args)  # noqa: S606  # no shell, and our own interpreter


def demo(
    session: Session,
    preset: Annotated[str, typer.Option(help="Which made-up unit.")] = "kementerian",
    employees: Annotated[int, typer.Option(min=1, max=100_000, help="Number of employees.")] = 250,
    month: Annotated[str, typer.Option(help="Month that is earned, YYYY-MM.")] = "2026-10",
    seed: Annotated[int, typer.Option(help="Same seed, same totals.")] = 7,
    report: Annotated[Path | None, typer.Option(help="Write the totals to this file, as JSON.")] = None,
    keep_serving: Annotated[bool, typer.Option("--keep-serving", help="Leave the hub running at the end.")] = False,
) -> None:
    """One month over real HTTP with real signatures, from onboarding to a paid and reconciled run."""
    from hub.demo.run import check_month, main

    try:
        check_month(month)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--month'") from None
    status = main(
        preset=preset,
        employees=employees,
        month=month,
        seed=seed,
        data=session.data_option,
        report=report,
        keep_serving=keep_serving,
    )
    if status:
        raise typer.Exit(status)


def installed_version() -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of

    try:
        return of("amana-hub")
    except PackageNotFoundError:
        return "0"


def version(session: Session) -> None:
    """Print the version."""
    session.result({"version": installed_version()}, f"amana {installed_version()}")
