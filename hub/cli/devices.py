"""`amana device`: attendance devices, which can sign nothing and are known by serial and network or secret path.

Rule: a secret path is printed once and only its SHA-256 goes to the hub; serials are shown to operators only.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.options import pairs
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Attendance devices.")

COLUMNS = (
    Column("id", "id"),
    Column("institution", "institution"),
    Column("adapter", "adapter"),
    Column("serial", "serial"),
    Column("zone", "zone"),
    Column("networks", "networks"),
    Column("secret path", "hasSecretPath"),
    Column("state", lambda row: "suspended" if row["suspended"] else "active"),
)


@command(app, "add")
def add(
    session: Session,
    institution: Annotated[str, typer.Option(help="Code of the institution where it stands.")],
    adapter: Annotated[str, typer.Option(help="Id of the adapter that speaks to it.")],
    serial: Annotated[str, typer.Option(help="Serial number as the device sends it.")],
    code: Annotated[str | None, typer.Option(help="Code under which its messages are admitted.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of its clock, such as Asia/Jakarta or +07:00.")] = None,
    network: Annotated[
        list[str] | None, typer.Option("--network", help="Source network, such as 10.1.2.0/24; may be repeated.")
    ] = None,
    secret_path: Annotated[
        bool, typer.Option("--secret-path", help="Make a secret path for its server address; printed once.")
    ] = False,
    files_only: Annotated[
        bool, typer.Option("--files-only", help="It is only read from files, such as of a USB stick.")
    ] = False,
    device_id: Annotated[str | None, typer.Option("--id", help="Id to give it; made up otherwise.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="Option for the adapter, name=value.")] = None,
) -> None:
    """Register a device; it must come from a network or over a secret path, unless it is only read from files."""
    path = secrets.token_urlsafe(24) if secret_path else None
    answer = session.client.change(
        "device.add",
        {
            "id": device_id,
            "institution": institution,
            "adapter": adapter,
            "serial": serial,
            "code": code,
            "zone": zone,
            "networks": network or [],
            "secretPathSha256": hashlib.sha256(path.encode()).hexdigest() if path else None,
            "options": pairs(option),
            **({"filesOnly": True} if files_only else {}),
        },
    )
    name = answer["result"]["id"]
    if session.as_json:
        session.print_json(answer | {"secretPath": path})
        return
    session.say(f"device {name} added")
    if path is not None:
        session.say(f"secret path  {path}")
        session.remark(
            "Shown this once. Server address of the device: http://<host>:<port>/<secret path>, in front of /iclock."
        )


@command(app, "list")
def show_all(
    session: Session,
    institution: Annotated[str | None, typer.Option(help="Only devices of this institution.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List devices."""
    page = session.client.get(target("devices", institution=institution, limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no device yet: add one with `amana device add`")


@command(app, "suspend")
def suspend(session: Session, device_id: Annotated[str, typer.Argument(help="Id of the device.")]) -> None:
    """Refuse a device from now on."""
    answer = session.client.change("device.suspend", {"id": device_id})
    session.result(answer, f"device {device_id} suspended")
