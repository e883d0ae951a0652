"""`amana send`: a reference client for institutions: token, signature, push or pull, and the hub's answer verified.

Rule: on standard output stands what came back (receipts, or the bodies of pull answers), everything else beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.failures import FAILED, USAGE, CommandError
from hub.cli.terminal import Session

if TYPE_CHECKING:
    from hub.client import PullAnswer, Receipt, Sender, SendingError, Tokens
    from signing.keys import PublicKey

SECRET_VARIABLE = "AMANA_CLIENT_SECRET"
DEFAULT_URL = "http://127.0.0.1:8460"
MANY = 3  # files from which a bar is shown

Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    command(app, "send")(send)


def send(
    session: Session,
    key: Annotated[Path, typer.Option("--key", help="Private key of the sending system (mode 0600).")],
    client_id: Annotated[str, typer.Option("--client-id", help="As `amana system add` printed it.")],
    code: Annotated[str, typer.Option("--code", help="Code of the exchange.")],
    files: Annotated[list[Path] | None, typer.Argument(help="JSON files, one message each.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Ask instead of push; a file is the question's body.")] = False,
    user_id: Annotated[str | None, typer.Option("--user-id", help="With --pull: the person who asks.")] = None,
    request_id: Annotated[
        str | None, typer.Option("--request-id", help="With --pull: fetch the answer that was to follow.")
    ] = None,
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
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Seal the bodies for the hub; signed as ever.")] = False,
    no_token_cache: Annotated[
        bool, typer.Option("--no-token-cache", help="Keep no access token between invocations.")
    ] = False,
) -> None:
    """Sign and push JSON files, or pull; repeats what got no answer, and pushing a file again is harmless."""
    from hub.cli.operator_key import read_private_key
    from hub.client import Sender

    _check_usage(files, pull=pull, only_pull=(user_id, request_id))
    private = read_private_key(key)
    bodies: list[tuple[Path | None, bytes | None]] = [(path, path.read_bytes()) for path in files or ()]
    url = session.url or _address(session)
    if receipts is not None:
        receipts.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    tokens = None if no_token_cache else _kept_tokens(url, client_id)
    words = _secret(secret, secret_file)
    public = _hub_key(session, url, hub_key)
    with Sender(
        url, client_id, words, private, public, tokens=tokens, encrypt=encrypt, context=session.trust
    ) as sender:
        for path, body in _progress(session, bodies or [(None, None)], rows):
            if pull:
                row, answer = _pull(sender, code, body, user_id, request_id)
            else:
                assert body is not None
                row, answer = _push(sender, code, body)
            rows.append({"file": str(path) if path else None, **row})
            if receipts is not None and answer is not None and row["requestId"]:
                (receipts / f"{row['requestId']}.json").write_bytes(answer)
    _report(session, rows, pull=pull)


def _check_usage(files: list[Path] | None, *, pull: bool, only_pull: tuple[str | None, ...]) -> None:
    if not pull and any(only_pull):
        raise CommandError("--user-id and --request-id go with --pull", "add --pull", status=USAGE)
    if not pull and not files:
        raise CommandError("there is nothing to push", "name one or more JSON files", status=USAGE)


def _push(sender: Sender, code: str, body: bytes) -> tuple[Row, bytes | None]:
    from hub.client import SendingError

    try:
        receipt: Receipt = sender.push(code, body)
    except SendingError as error:
        return _failure(error), None
    row = {
        "ok": True,
        "requestId": receipt.request_id,
        "digest": receipt.digest,
        "receivedAt": receipt.received_at,
        "duplicate": receipt.duplicate,
    }
    return row, receipt.answer


def _pull(
    sender: Sender, code: str, body: bytes | None, user_id: str | None, request_id: str | None
) -> tuple[Row, bytes | None]:
    from hub.client import SendingError

    try:
        answer: PullAnswer = sender.pull(code, body, user_id=user_id, request_id=request_id)
    except SendingError as error:
        return _failure(error), None
    row = {"ok": True, "requestId": answer.request_id, "deferred": answer.deferred, "body": answer.body}
    return row, answer.answer


def _failure(error: SendingError) -> Row:
    # what the hub says with a code ends with its own remedy
    return {"ok": False, "error": error.happened, "remedy": None if error.code else error.remedy}


def _report(session: Session, rows: list[Row], *, pull: bool) -> None:
    failed = [row for row in rows if not row["ok"]]
    if session.as_json:
        done = "answers" if pull else "messages"
        session.print_json({"sent": len(rows) - len(failed), "failed": len(failed), done: [_json(row) for row in rows]})
    elif len(rows) > 1:
        session.remark(f"{len(rows) - len(failed)} of {len(rows)} {'answered' if pull else 'held by the hub'}")
    if failed:
        raise typer.Exit(FAILED)


def _json(row: Row) -> Row:
    """A row as JSON holds it: the body of an answer as a value."""
    from signing import jsontext

    if "body" not in row:
        return row
    body = row["body"]
    return {name: value for name, value in row.items() if name != "body"} | {
        "esbBody": None if body is None else jsontext.parse(body)
    }


def _show(session: Session, row: Row) -> None:
    """What came of one file, for people and pipes."""
    name = f"{row['file']}: " if row["file"] else ""
    if not row["ok"]:
        remedy = f"\n  do:       {row['remedy']}" if row["remedy"] else ""
        session.remark(f"{name}{row['error']}{remedy}")
    elif "body" not in row:
        session.say(f"{name}{'had already' if row['duplicate'] else 'received'}, {row['requestId']}")
    elif row["deferred"]:
        session.remark(f"{name}the answer follows: ask again with --pull --request-id {row['requestId']}")
    else:
        session.say(row["body"].decode())
        if row["requestId"]:
            session.remark(f"{name}answered, {row['requestId']}")


def _progress(session: Session, bodies: list[Any], rows: list[Row]) -> Iterator[tuple[Path | None, bytes | None]]:
    """The bodies one by one, each shown once its row is there; with a bar on a terminal when there are many."""
    shown = 0

    def show_new() -> None:
        nonlocal shown
        for row in rows[shown:] if not session.as_json else ():
            _show(session, row)
        shown = len(rows)

    if len(bodies) < MANY or not session.terminal.err.isatty():
        for body in bodies:
            yield body
            show_new()
        return
    from rich.progress import track

    yield from track(bodies, description="sending", console=session.side)
    show_new()


def _kept_tokens(url: str, client_id: str) -> Tokens:
    from hub.client import FileTokens
    from hub.client.tokens import cache_file

    return FileTokens(cache_file(url, client_id))


def _hub_key(session: Session, url: str, file: Path | None) -> PublicKey:
    from hub.cli.operator_key import read_public_key

    return read_public_key(file) if file else _fetch_hub_key(session, url)


def _fetch_hub_key(session: Session, url: str) -> PublicKey:
    """Trust on first use: say which key it is, so that it can be compared with what the operator says."""
    from hub.control.client import HubClient
    from signing.keys import load_public

    with HubClient(None, url, context=session.trust) as client:
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
