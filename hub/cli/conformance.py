"""`amana conformance`: the kit for an institution that is joining: a trial hub, one page of text, and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.failures import FAILED, CommandError
from hub.cli.terminal import Session

app = group("What a connector gets right and wrong, step by step, against a trial hub.")

FOLDER = Path("amana-conformance")
FolderOption = Annotated[
    Path, typer.Option("--data", help="Directory of the trial: new, or one that the kit made.")
]  # never AMANA_DATA: that names somebody's real hub


@command(app, "serve")
def serve(
    session: Session,
    data: FolderOption = FOLDER,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any free one.")] = 8470,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Your connector's public key; a pair is made otherwise.")
    ] = None,
    connector_url: Annotated[
        str | None, typer.Option("--connector-url", help="Where your connector receives, if it does.")
    ] = None,
) -> None:
    """Start a trial hub and show on one page what your connector gets right. Ctrl-C stops it."""
    from hub.cli.operator_key import read_public_key
    from hub.cli.serving import installed_version
    from hub.conformance.serve import Options, serve
    from hub.urls import parse_url

    if connector_url is not None:
        try:
            parse_url(connector_url)
        except ValueError as error:
            raise CommandError(
                f"--connector-url: {error}", "give an address such as http://127.0.0.1:9000/esb"
            ) from None
    key = None if public_key is None else read_public_key(public_key)

    def say(line: str) -> None:
        session.say(line)
        session.terminal.out.flush()

    serve(Options(data.absolute(), host, port, key, connector_url, installed_version(), session.ca), say)


@command(app, "report")
def report(
    session: Session,
    data: FolderOption = FOLDER,
    out: Annotated[Path, typer.Option("--out", help="Directory for the two files.")] = Path(),
) -> None:
    """Write conformance.json and conformance.md; status 1 while a step is wrong or not tried."""
    import msgspec

    from hub.clock import SystemClock
    from hub.conformance.files import read_result
    from hub.conformance.report import make_report, render_markdown
    from signing.jsontext import render

    trial = read_result(data)
    if trial is None:
        raise CommandError(f"there is no trial in {data}", "begin one with `amana conformance serve`")
    made = make_report(trial, SystemClock().now())
    out.mkdir(parents=True, exist_ok=True)
    (out / "conformance.json").write_bytes(msgspec.json.format(render(made), indent=2) + b"\n")
    (out / "conformance.md").write_text(render_markdown(made), "utf-8")
    words = f"{made['passed']} passed, {made['failed']} failed, {made['notTried']} not tried"
    session.result(made, f"{words}: {out / 'conformance.json'}, {out / 'conformance.md'}")
    if not made["conformant"]:
        raise typer.Exit(FAILED)
