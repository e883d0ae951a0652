"""`amana folder` and `amana poll`: what nobody pushes.

Rule: a folder is named, not a path: it lies below `AMANA_FOLDERS` on the worker's machine. Secrets of a poll are files
there too, and no command takes one.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.options import pairs
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

folders = group("Folders that are watched for files.")
polls = group("Interfaces that the hub asks.")

COLUMNS = (
    Column("id", "id"),
    Column("adapter", lambda row: f"{row['adapter']}/{row['part']}"),
    Column("system", "system"),
    Column("code", "code"),
    Column("place", lambda row: row["place"] or row["url"]),
    Column("taken", "taken", right=True),
    Column("refused", "refused", right=True),
    Column("last", "lastAt"),
    Column("state", lambda row: "suspended" if row["suspended"] else row["problem"] or "active"),
)

System = Annotated[str, typer.Option(help="Code of the system that it speaks for.")]
Code = Annotated[str, typer.Option(help="Code under which its messages are admitted.")]
FeedId = Annotated[str | None, typer.Option("--id", help="Id to give it; made up otherwise.")]
DeviceId = Annotated[str | None, typer.Option(help="Id of the device whose times it carries.")]
OptionPairs = Annotated[list[str] | None, typer.Option("--option", help="Option for the adapter, name=value.")]


@command(folders, "add")
def add_folder(
    session: Session,
    system: System,
    code: Code,
    name: Annotated[str, typer.Option(help="Name of the folder in the adapter's manifest.")],
    place: Annotated[str | None, typer.Option(help="Folder below AMANA_FOLDERS; its id otherwise.")] = None,
    device: DeviceId = None,
    feed_id: FeedId = None,
    option: OptionPairs = None,
) -> None:
    """Watch a folder: each whole file becomes a message, then lies in done/ or refused/."""
    answer = _add(session, "folder", system, code, name, device, feed_id, option, {"place": place})
    if not session.as_json:
        session.remark(f"Files go into {answer['result']['place']} below AMANA_FOLDERS (<data>/folders).")


@command(polls, "add")
def add_poll(
    session: Session,
    system: System,
    code: Code,
    name: Annotated[str, typer.Option(help="Name of the poll in the adapter's manifest.")],
    url: Annotated[
        str, typer.Option(help="Address that its requests are below; its host must be in AMANA_OUTBOUND_HOSTS.")
    ],
    device: DeviceId = None,
    feed_id: FeedId = None,
    option: OptionPairs = None,
) -> None:
    """Ask an interface again and again, from where the last answer ended."""
    answer = _add(session, "poll", system, code, name, device, feed_id, option, {"url": url})
    if not session.as_json:
        session.remark(
            f"Its secrets go into AMANA_CREDENTIALS (<data>/credentials), folder {answer['result']['id']}, a file each of mode 0600."
        )


def _add(
    session: Session,
    kind: str,
    system: str,
    code: str,
    name: str,
    device: str | None,
    feed_id: str | None,
    option: list[str] | None,
    where: dict[str, Any],
) -> dict[str, Any]:
    arguments = {
        "kind": kind,
        "system": system,
        "code": code,
        "part": name,
        "device": device,
        "id": feed_id,
        "options": pairs(option),
        **where,
    }
    answer = session.client.change("feed.add", arguments)
    session.result(answer, f"{kind} {answer['result']['id']} added")
    return answer


@command(folders, "list")
def list_folders(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List watched folders, what came through them, and what holds them up."""
    page = session.client.get(target("feeds", kind="folder", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no folder yet: add one with `amana folder add`")


@command(polls, "list")
def list_polls(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List polls, what came through them, and what holds them up."""
    page = session.client.get(target("feeds", kind="poll", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no poll yet: add one with `amana poll add`")


@command(folders, "suspend")
def suspend_folder(session: Session, feed_id: Annotated[str, typer.Argument(help="Id of the folder.")]) -> None:
    """Leave a folder alone; files stay where they are."""
    session.result(session.client.change("feed.suspend", {"id": feed_id}), f"folder {feed_id} suspended")


@command(polls, "suspend")
def suspend_poll(session: Session, feed_id: Annotated[str, typer.Argument(help="Id of the poll.")]) -> None:
    """Ask no more; the cursor stays."""
    session.result(session.client.change("feed.suspend", {"id": feed_id}), f"poll {feed_id} suspended")


@command(folders, "resume")
def resume_folder(session: Session, feed_id: Annotated[str, typer.Argument(help="Id of the folder.")]) -> None:
    """Watch a folder again."""
    session.result(session.client.change("feed.resume", {"id": feed_id}), f"folder {feed_id} resumed")


@command(polls, "resume")
def resume_poll(session: Session, feed_id: Annotated[str, typer.Argument(help="Id of the poll.")]) -> None:
    """Ask again, from the cursor on."""
    session.result(session.client.change("feed.resume", {"id": feed_id}), f"poll {feed_id} resumed")
