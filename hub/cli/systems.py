"""`amana system`: the systems of institutions, their credentials and keys.

Rule: a client secret is made here, printed once, and only its SHA-256 goes to the hub; a private key never does.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.operator_key import MadeKey, kept_if_taken, make_key, read_public_key
from hub.cli.options import pairs
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

if TYPE_CHECKING:
    from signing.keys import PublicKey

app = group("Systems of institutions: credentials and keys.")

CodeArgument = Annotated[str, typer.Argument(help="Code of the system.")]
PublicKeyOption = Annotated[
    Path | None, typer.Option("--public-key", help="Public key of the system: PEM, DER or base64.")
]
GenerateOption = Annotated[
    Path | None,
    typer.Option("--generate-key", help="Make a key pair in this directory instead, for you to hand over."),
]
CurveOption = Annotated[str, typer.Option("--curve", help="Curve of a generated key: secp256r1 or secp256k1.")]
RsaOption = Annotated[
    bool, typer.Option("--allow-rsa", help="Take an RSA key (2048 bits or more), of an old system that has no other.")
]

COLUMNS = (
    Column("code", "code"),
    Column("institution", "institution"),
    Column("unit", "unit"),
    Column("client id", "clientId"),
    Column("keys", lambda row: sum(1 for key in row["keys"] if key["valid"]), right=True),
    Column("state", lambda row: "suspended" if row["suspended"] else "active"),
    Column("url", "url"),
)

STEPS = (
    Column("step", "step"),
    Column("", lambda row: {True: "ok", False: "FAILED", None: "not reached"}[row["ok"]]),
    Column("seen", lambda row: row["seen"] or None),
    Column("do", lambda row: row["remedy"] or None),
)


@command(app, "add")
def add(
    session: Session,
    institution: Annotated[str, typer.Option(help="Code of its institution.")],
    code: Annotated[str, typer.Option(help="Code of the system, unique in the hub.")],
    unit: Annotated[str | None, typer.Option(help="Unit of the institution that it belongs to.")] = None,
    public_key: PublicKeyOption = None,
    generate_key: GenerateOption = None,
    curve: CurveOption = "secp256r1",
    allow_rsa: RsaOption = False,
    callback: Annotated[
        str | None, typer.Option("--endpoint", help="Where the hub delivers to, for a system that receives.")
    ] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="Adapter option, name=value.")] = None,
) -> None:
    """Add a system; prints its client id and secret once."""
    key, made = _public_key(code, public_key, generate_key, curve)
    client_id = secrets.token_hex(16)
    secret = secrets.token_urlsafe(32)
    args = {
        "code": code,
        "institution": institution,
        "unit": unit,
        "clientId": client_id,
        "secretSha256": hashlib.sha256(secret.encode()).hexdigest(),
        "publicKey": key.pem(),
        "allowRsa": allow_rsa,
        "url": callback,
        "options": pairs(option),
    }
    with kept_if_taken(made):
        answer = session.client.change("system.add", args)
    shown: dict[str, Any] = {"code": code, "clientId": client_id, "clientSecret": secret}
    if made is not None:
        shown["privateKeyFile"] = str(made.file)
    if session.as_json:
        session.print_json(answer | shown)
        return
    session.say(f"system {code} added")
    session.say(f"client id      {client_id}")
    session.say(f"client secret  {secret}")
    if made is not None:
        session.say(f"private key    {made.file}")
    session.remark("The secret is shown this once: the hub keeps only its SHA-256. Hand it over safely.")


@command(app, "list")
def show_all(
    session: Session,
    institution: Annotated[str | None, typer.Option(help="Only systems of this institution.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List systems."""
    page = session.client.get(target("systems", institution=institution, limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no system yet: add one with `amana system add`")


@command(app, "show")
def show(session: Session, code: CodeArgument) -> None:
    """Show one system, its keys and grants."""
    session.facts(session.client.get(target("systems", code)))


@command(app, "test")
def show_test(
    session: Session,
    code: CodeArgument,
    subscription: Annotated[
        str | None, typer.Option(help="Test the address of this subscription instead of the system's own.")
    ] = None,
) -> None:
    """Have the hub call a system, and show how far it got."""
    found = session.client.order(target("systems", code, "test", subscription=subscription))
    if session.as_json:
        session.print_json(found)
    else:
        session.table(found["steps"], STEPS, empty="")
        well = f"system {code} answered as it should"
        session.say(
            f"{'failed at ' + found['failed'] if found['failed'] else well} after {found['milliseconds']} ms, request {found['requestId']}"
        )
    if found["failed"]:
        raise typer.Exit(1)


@command(app, "suspend")
def suspend(session: Session, code: CodeArgument) -> None:
    """Refuse a system from now on, whatever token it holds."""
    answer = session.client.change("system.suspend", {"system": code})
    session.result(answer, f"system {code} suspended: its tokens are dead")


@command(app, "resume")
def resume(session: Session, code: CodeArgument) -> None:
    """Take a suspended system back."""
    answer = session.client.change("system.resume", {"system": code})
    session.result(answer, f"system {code} active again")


@command(app, "rotate-key")
def rotate_key(
    session: Session,
    code: CodeArgument,
    public_key: PublicKeyOption = None,
    generate_key: GenerateOption = None,
    curve: CurveOption = "secp256r1",
    allow_rsa: RsaOption = False,
    overlap: Annotated[
        int, typer.Option("--overlap-hours", min=0, help="How long the old keys stay valid beside the new one.")
    ] = 24,
) -> None:
    """Register a new key; the old ones end after the overlap."""
    key, made = _public_key(code, public_key, generate_key, curve)
    args = {"system": code, "publicKey": key.pem(), "allowRsa": allow_rsa, "overlapSeconds": overlap * 3600}
    with kept_if_taken(made):
        answer = session.client.change("system.rotate-key", args)
    text = f"system {code} has a new key; older keys end in {overlap} h"
    session.result(answer, text if made is None else f"{text}\nprivate key    {made.file}")


@command(app, "revoke-key")
def revoke_key(
    session: Session,
    code: CodeArgument,
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `amana system show` prints it.")],
) -> None:
    """End a key at once."""
    answer = session.client.change("system.revoke-key", {"system": code, "keyId": key_id})
    session.result(answer, f"key {key_id} of system {code} revoked")


@command(app, "rotate-secret")
def rotate_secret(session: Session, code: CodeArgument) -> None:
    """Make a new client secret, printed once; the old one and its tokens are dead."""
    secret = secrets.token_urlsafe(32)
    args = {"system": code, "secretSha256": hashlib.sha256(secret.encode()).hexdigest()}
    answer = session.client.change("system.rotate-secret", args)
    session.result(answer | {"clientSecret": secret}, f"client secret  {secret}")
    session.remark("The secret is shown this once: the hub keeps only its SHA-256. Hand it over safely.")


def _public_key(
    code: str, public_key: Path | None, generate: Path | None, curve: str
) -> tuple[PublicKey, MadeKey | None]:
    """The public key, and the pair when it was made here."""
    if (public_key is None) == (generate is None):
        raise CommandError(
            "a system needs one public key", "name it with --public-key, or make one with --generate-key", status=USAGE
        )
    if public_key is not None:
        return read_public_key(public_key), None
    assert generate is not None
    made = make_key(generate / f"{code}.pem", curve)
    return made.public, made
