"""`amana send`: a reference sender for institutions: token, signature, push, and the hub's signed answer verified."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.failures import USAGE, CommandError
from hub.cli.terminal import Session

if TYPE_CHECKING:
    from hub.client import Sender
    from signing.keys import PublicKey

SECRET_VARIABLE = "AMANA_CLIENT_SECRET"
DEFAULT_URL = "http://127.0.0.1:8460"


def register(app: typer.Typer) -> None:
    command(app, "send")(send)


def send(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="JSON files, one message each.")],
    key: Annotated[Path, typer.Option("--key", help="Private key of the sending system (mode 0600).")],
    client_id: Annotated[str, typer.Option("--client-id", help="As `amana system add` printed it.")],
    code: Annotated[str, typer.Option("--code", help="Code of the exchange.")],
    secret: Annotated[
        str | None,
        typer.Option("--client-secret", help="Seen by others in the process list: better a file or the variable."),
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option("--client-secret-file", help=f"File with the secret; else ${SECRET_VARIABLE}.")
    ] = None,
    hub_key: Annotated[
        Path | None, typer.Option("--hub-key", help="The hub's public key; fetched from the hub otherwise.")
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option("--receipts", help="Directory to keep the signed answers in.")
    ] = None,
) -> None:
    """Sign and push JSON files; repeats what got no answer, and sending a file again is harmless."""
    from hub.cli.operator_key import read_private_key
    from hub.client import SendingError

    private = read_private_key(key)
    bodies = [(path, path.read_bytes()) for path in files]
    url = session.url or _address(session)
    if receipts is not None:
        receipts.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with _sender(session, url, client_id, _secret(secret, secret_file), private, hub_key) as sender:
        for path, body in _progress(session, bodies):
            try:
                receipt = sender.push(code, body)
            except SendingError as error:
                rows.append(
                    {
                        "file": str(path),
                        "ok": False,
                        "error": error.happened,
                        "remedy": None if error.code else error.remedy,
                    }
                )
                continue
            rows.append(
                {
                    "file": str(path),
                    "ok": True,
                    "requestId": receipt.request_id,
                    "digest": receipt.digest,
                    "receivedAt": receipt.received_at,
                    "duplicate": receipt.duplicate,
                }
            )
            if receipts is not None:
                (receipts / f"{receipt.request_id}.json").write_bytes(receipt.answer)
    _report(session, rows)


def _report(session: Session, rows: list[dict[str, Any]]) -> None:
    failed = [row for row in rows if not row["ok"]]
    if session.as_json:
        session.print_json({"sent": len(rows) - len(failed), "failed": len(failed), "messages": rows})
    else:
        for row in rows:
            if row["ok"]:
                session.say(f"{row['file']}: {'had already' if row['duplicate'] else 'received'}, {row['requestId']}")
        for row in failed:
            # what the hub says with a code ends with its own remedy
            remedy = f"\n  do:       {row['remedy']}" if row["remedy"] else ""
            session.remark(f"{row['file']}: {row['error']}{remedy}")
        if len(rows) > 1:
            session.say(f"{len(rows) - len(failed)} of {len(rows)} held by the hub")
    if failed:
        raise typer.Exit(1)


def _sender(session: Session, url: str, client_id: str, secret: str, private: Any, hub_key: Path | None) -> Sender:
    from hub.cli.operator_key import read_public_key
    from hub.client import Sender

    public = read_public_key(hub_key) if hub_key else _fetch_hub_key(session, url)
    return Sender(url, client_id, secret, private, public)


def _fetch_hub_key(session: Session, url: str) -> PublicKey:
    """Trust on first use: say which key it is, so that it can be compared with what the operator says."""
    from hub.control.client import HubClient
    from signing.keys import load_public

    with HubClient(None, url) as client:
        public = load_public(client.public("/api/v1/hub")["publicKey"])
    session.remark(f"the hub's key is {public.key_id}; name it with --hub-key to be sure of it")
    return public


def _address(session: Session) -> str:
    """Address that the hub of the data directory serves at, else the default port."""
    from hub.serve.listening import read_address

    return (read_address(session.data) if session.data.is_dir() else None) or DEFAULT_URL


def _secret(given: str | None, file: Path | None) -> str:
    if given:
        return given
    if file is not None:
        return file.read_text().strip()
    found = os.environ.get(SECRET_VARIABLE)
    if not found:
        raise CommandError(
            "the client secret is missing",
            f"name its file with --client-secret-file, or set {SECRET_VARIABLE}",
            status=USAGE,
        )
    return found


def _progress(session: Session, bodies: list[tuple[Path, bytes]]) -> Any:
    """The bodies, with a bar on a terminal when there are many."""
    if len(bodies) < 3 or not session.terminal.err.isatty():
        with nullcontext():
            yield from bodies
        return
    from rich.progress import track

    yield from track(bodies, description="sending", console=session.side)
