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

FLAGS = (
    Column("device", "device"),
    Column("flag", "flag"),
    Column("punches", "punches", right=True),
    Column("messages", "messages", right=True),
    Column("first day", lambda row: row["first"][:10]),
    Column("last day", lambda row: row["last"][:10]),
    Column("institution", "institution"),
    Column("by", lambda row: "itself" if row["system"] == row["device"] else row["system"]),
)

FLAGGED = (
    Column("time", "time"),
    Column("device", "device"),
    Column("flag", "flag"),
    Column("punches", "punches", right=True),
    Column("message", lambda row: row["message"][:16]),
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


@command(app, "flags")
def flags(
    session: Session,
    device: Annotated[str | None, typer.Option(help="Only of this device, by its id.")] = None,
    flag: Annotated[str | None, typer.Option(help="Only this flag, such as clock-in-future.")] = None,
    institution: Annotated[str | None, typer.Option(help="Only devices of this institution.")] = None,
    system: Annotated[str | None, typer.Option(help="Only what this system brought, such as in files.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First day on which it came (UTC), YYYY-MM-DD.")] = None,
    to: Annotated[str | None, typer.Option(help="Last day on which it came (UTC), YYYY-MM-DD.")] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="The messages, newest first, for `amana message`.")
    ] = False,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """What is odd about the clocks of devices: flags of their punches, how often and between when."""
    chosen = {"device": device, "flag": flag, "institution": institution, "system": system, "from": from_, "to": to}
    path = ("device-flags", "messages") if messages else ("device-flags",)
    page = session.client.get(target(*path, **chosen, limit=limit, after=after))
    session.listing(page, FLAGGED if messages else FLAGS, empty="no clock is flagged")
    if not session.as_json and not messages:
        for name, row in {row["flag"]: row for row in page["items"]}.items():
            session.remark(f"{name}: {row['meaning']}. To do: {row['remedy']}.")


@command(app, "suspend")
def suspend(session: Session, device_id: Annotated[str, typer.Argument(help="Id of the device.")]) -> None:
    """Refuse a device from now on."""
    answer = session.client.change("device.suspend", {"id": device_id})
    session.result(answer, f"device {device_id} suspended")
