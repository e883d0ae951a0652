"""`amana join`: an institution asks to be let in; an administrator compares, approves or rejects.

Rule: the private key and the client secret are made on the applicant's machine and stay there, in files of mode 0600;
what an administrator signs is read from the applicant's own signed bytes, verified here, never from what a hub says.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.asking import Asking, kept, made, request_file
from hub.cli.command import command, group
from hub.cli.failures import FAILED, USAGE, CommandError
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Joining: ask to be let in, and let in.")

COLUMNS = (
    Column("request", lambda row: row["id"][:16]),
    Column("state", "state"),
    Column("institution", "institution"),
    Column("name", "name"),
    Column("system", "system"),
    Column("codes", "codes"),
    Column("expires", "expires"),
    Column("to look at", lambda row: len(row["findings"]), right=True),
)
DECIDED = (
    Column("request", lambda row: row["id"][:16]),
    Column("state", "state"),
    Column("institution", "institution"),
    Column("system", "system"),
    Column("codes", "codes"),
    Column("by", "operator"),
    Column("at", "decided"),
    Column("reason", "reason"),
)

IdArgument = Annotated[str, typer.Argument(help="Id of the request, or how it begins.")]


@command(app, "request")
def request(
    session: Session,
    institution: Annotated[str, typer.Option(help="Code of your institution: the one it has, or wants to have.")],
    name: Annotated[str, typer.Option(help="Name of your institution.")],
    system: Annotated[str, typer.Option(help="Code that your system is to have, unique in the hub.")],
    contact: Annotated[str, typer.Option(help="Who may be called: a person, a number.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for the key, the secret and the request.")],
    codes: Annotated[str, typer.Option(help="Codes that you want to use, with commas (`amana services list`).")] = "",
    unit: Annotated[str | None, typer.Option(help="Code of the unit that the system belongs to.")] = None,
    unit_name: Annotated[str | None, typer.Option("--unit-name", help="Its name, if the hub does not know it.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Where the hub may call your system.")] = None,
    format_: Annotated[str, typer.Option("--format", help="What your system takes there: json or xml.")] = "json",
    key: Annotated[Path | None, typer.Option("--key", help="A private key that you have; else one is made.")] = None,
    curve: Annotated[str, typer.Option(help="Curve of a key that is made.")] = "secp256r1",
) -> None:
    """Ask a hub to let your system in. Makes a key and a client secret here; neither travels."""
    file = request_file(out, system)
    if file.is_file():
        session.remark(f"{file} exists: that very request is sent again")
        asking = kept(file)
    else:
        members = {
            "institution": institution,
            "name": name,
            "unit": unit,
            "unitName": unit_name,
            "system": system,
            "contact": contact,
            "codes": [code for code in (part.strip() for part in codes.split(",")) if code],
            "url": endpoint,
            "format": None if format_ == "json" else format_,
        }
        asking = made(out, system, members, key, curve)
    _send(session, asking)


def _send(session: Session, asking: Asking) -> None:
    from hub.control.client import Refused
    from hub.joining.request import fingerprint

    try:
        with session.stranger() as client:
            state = client.tell("/api/v1/join", asking.envelope)
    except Refused as refused:
        if refused.status < 500 and refused.status != 429:  # it never can be taken: make way for a corrected one
            asking.forget()
        raise
    shown = {"id": state["id"], "state": state["state"], "expires": state["expires"]}
    shown |= {"fingerprint": fingerprint(asking.key_id), "keyId": asking.key_id}
    shown |= {name: str(path) for name, path in asking.files.items()}
    if session.as_json:
        session.print_json(shown)
        return
    session.facts(shown, title=f"asked to join: the request is {state['state']}")
    session.say()
    session.say("What happens next:")
    session.say("1. The hub's operator calls you and asks for the fingerprint above. Read it out; say nothing else.")
    hub = f"--url {session.url}" if session.url else f"--data {session.data}"
    session.say(f"2. Look what became of it: amana join status {hub} {state['id']}")
    session.say("3. Once it is approved you have a client id; the secret and the key are in the files above.")


@command(app, "status")
def status(
    session: Session,
    name: Annotated[str, typer.Argument(help="Id of the request, as `amana join request` printed it.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write client id and the hub's public key to this directory.")
    ] = None,
) -> None:
    """Show what became of a request."""
    from hub.joining.request import fingerprint

    with session.stranger() as client:
        state = client.public(target("join", name))
    if out is not None and state["state"] == "approved":
        out.mkdir(parents=True, exist_ok=True)
        (out / "client-id.txt").write_text(state["clientId"] + "\n")
        (out / "hub.pub.pem").write_text(state["hubPublicKey"])
    if session.as_json:
        session.print_json(state)
        return
    session.say(f"the request is {state['state']}" + (f": {state['reason']}" if state["reason"] else ""))
    if state["state"] == "waiting":
        session.say(f"it ends at       {state['expires']}")
    if state["state"] == "approved":
        session.say(f"client id        {state['clientId']}")
        session.say(f"codes            {', '.join(state['codes']) or 'none'}")
        session.say(f"the hub's key    {fingerprint(state['hubKeyId'])}")
        session.say("Compare the hub's key with what its operator reads out; every answer is verified with it.")


@command(app, "list")
def show_all(
    session: Session,
    decided: Annotated[bool, typer.Option("--decided", help="Those that are approved or rejected.")] = False,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List requests that wait, oldest first."""
    page = session.client.get(target("joins", decided="true" if decided else None, limit=limit, after=after))
    session.listing(page, DECIDED if decided else COLUMNS, empty="nobody has asked" if decided else "nobody waits")


@command(app, "show")
def show(session: Session, name: IdArgument) -> None:
    """Show a request, whom to call, and what to look at. The read is recorded."""
    found = _find(session, name)
    found.pop("request")
    session.facts(found)


@command(app, "approve")
def approve(
    session: Session,
    name: IdArgument,
    fingerprint: Annotated[str, typer.Option(help="Of the key, as the applicant reads it out by telephone.")],
    codes: Annotated[str | None, typer.Option(help="Grant only these, with commas; else all that it asks for.")] = None,
    parent: Annotated[str | None, typer.Option(help="Institution that a new one is part of.")] = None,
) -> None:
    """Let an applicant in: institution, unit, system with its key, grants, as one signed change."""
    from hub.errors import BadMessage
    from hub.joining.request import parse_fingerprint, read_request

    found = _find(session, name)
    if found["request"] is None:
        raise CommandError(
            f"the request is {found['state']}: there is nothing to approve", "see `amana join list --decided`"
        )
    asked = read_request(found["request"].encode())
    if asked.id != found["id"]:
        raise BadMessage("AMANA-JOIN-005", "the hub shows another request under this id")
    try:
        read_out = parse_fingerprint(fingerprint)
    except ValueError as error:
        raise CommandError(str(error), "let the applicant read out all of it", status=USAGE) from error
    if not asked.key.key_id.startswith(read_out):
        raise BadMessage("AMANA-JOIN-006")
    args = _arguments(session, asked, read_out, codes, parent)
    answer = session.client.change("join.approve", args)
    result = answer["result"]
    granted = ", ".join(result["codes"]) or "no code"
    session.result(answer, f"system {result['system']} let in, client id {result['clientId']}, granted {granted}")
    outgoing = {row["code"] for row in _all(session, "apis") if row["direction"] == "out"}
    for code in outgoing.intersection(result["codes"]):
        session.remark(f"{code} reaches it once you add a subscription: `amana subscription add`")


def _arguments(session: Session, asked: Any, read_out: str, codes: str | None, parent: str | None) -> dict[str, Any]:
    """Of the change, from the bytes that the applicant signed; names only for what the hub does not know yet."""
    said = asked.said
    chosen = list(said.codes) if codes is None else [part.strip() for part in codes.split(",") if part.strip()]
    beyond = [code for code in chosen if code not in said.codes]
    if beyond:
        raise CommandError(
            f"the applicant did not ask for {', '.join(beyond)}", "grant it afterwards with `amana grant add`"
        )
    institutions = {row["code"] for row in _all(session, "institutions")}
    units = {row["code"] for row in _all(session, "units", institution=said.institution)}
    args = {
        "request": asked.id,
        "fingerprint": read_out,
        "institution": said.institution,
        "institutionName": None if said.institution in institutions else said.name,
        "parent": parent,
        "unit": said.unit,
        "unitName": None if said.unit in units else said.unit_name,
        "system": said.system,
        "clientId": secrets.token_hex(16),
        "secretSha256": said.secret_sha256,
        "publicKey": said.public_key,
        "url": said.url,
        "options": asked.options,
        "codes": chosen,
    }
    return {member: value for member, value in args.items() if value is not None}


@command(app, "reject")
def reject(
    session: Session,
    name: IdArgument,
    reason: Annotated[str, typer.Option(help="Told to the applicant, and to everybody who knows the request's id.")],
) -> None:
    """Refuse an applicant."""
    found = _row(session, name)
    answer = session.client.change("join.reject", {"request": found["id"], "reason": reason})
    session.result(answer, f"request {found['id'][:16]} rejected")


def _all(session: Session, *path: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = session.client.get(target(*path, **query, limit=1000, after=after))
        rows += page["items"]
        after = page["next"]
        if after is None:
            return rows


def _row(session: Session, name: str) -> dict[str, Any]:
    """The one request whose id begins so."""
    if len(name) == hashlib.sha256().digest_size * 2:
        return {"id": name}
    found = [row for row in _all(session, "joins") if row["id"].startswith(name)]
    if len(found) != 1 or len(name) < 4:
        many = f"{len(found)} requests begin" if found else "no request that waits begins"
        raise CommandError(f"{many} with {name}", "see `amana join list --json` for whole ids", status=FAILED)
    return found[0]


def _find(session: Session, name: str) -> dict[str, Any]:
    return session.client.get(target("joins", _row(session, name)["id"]))
