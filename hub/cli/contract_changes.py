"""`amana contract check`, `use`, `state`, `states` and waivers: who breaks when a contract changes, and who allowed it.

Rule: `check` changes nothing and says with its exit status whether the schema may be registered, so that a build can ask.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.failures import CommandError
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.registered import app
from hub.cli.terminal import Column, Session

GROUP = app
"""The commands of `contracts`, and those of this module."""

BREAKS = 1
"""Exit status of `check` for a schema that breaks somebody."""

STATES = (
    Column("contract", "contract"),
    Column("state", "state"),
    Column("last day", "until"),
    Column("use instead", "instead"),
    Column("codes", lambda row: ", ".join(row["codes"])),
    Column("systems, 30 days", lambda row: len({use["system"] for use in row["used"]}), right=True),
)
TOLD = (
    Column("system", "system"),
    Column("subscription", "subscription"),
    Column("state", "state"),
    Column("request id", "requestId"),
)
WAIVERS = (
    Column("waiver", "id"),
    Column("subject", "subject"),
    Column("until", "until"),
    Column("opened by", "openedBy"),
    Column("signed by", "signedBy"),
    Column("reason", "reason"),
)
FileArgument = Annotated[Path, typer.Argument(help="File with the schema.", exists=True, dir_okay=False)]
SubjectOption = Annotated[str, typer.Option(help="Subject of the registry, or name of a contract.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept for ever, so name no person.")]
DayOption = Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")]


@command(app, "check")
def check(
    session: Session,
    file: FileArgument,
    subject: SubjectOption,
    days: Annotated[int, typer.Option(help="How far back to look for who uses older versions.")] = 30,
) -> None:
    """Say what a new schema would change, and which institutions and systems it would break."""
    found = session.client.ask(target("contracts", "check"), _question(file, subject, days))
    if session.as_json:
        session.print_json(found)
    else:
        _show(session, found)
    if not found["compatible"] and not found["waived"]:
        raise typer.Exit(BREAKS)


def _question(file: Path, subject: str, days: int) -> dict[str, Any]:
    try:
        return {"subject": subject, "schema": file.read_text(encoding="utf-8"), "days": days}
    except UnicodeDecodeError:
        raise CommandError(f"{file} is no text", "give a file with a schema in UTF-8") from None


def _show(session: Session, found: dict[str, Any]) -> None:
    verdict = "compatible" if found["compatible"] else "breaks who uses it"
    session.say(f"{found['subject']}: {verdict} ({found['level']}, {found['policy']})")
    for one in found["differences"]:
        who = f"breaks {one['breaks']}" if one["breaks"] else "breaks nobody"
        session.say(f"  version {one['version']}: {one['kind']} {one['path']} ({who})")
        if one["hint"]:
            session.say(f"     do: {one['hint']}")
    if found["breaks"]:
        session.say(f"who used {', '.join(found['breaks'])} in the last {found['days']} days:")
        for use in found["affected"]:
            line = f"  {use['institution']}  {use['system']}  {use['role']} {use['messages']} under {use['contract']}"
            session.say(line)
        if not found["affected"]:
            session.say("  nobody")
    if found["waived"]:
        session.say("a waiver for this schema is signed")
    elif not found["compatible"]:
        session.say(f"register it under a subject of its own, or: amana contract waive (digest {found['digest']})")


@command(app, "waive")
def waive(session: Session, file: FileArgument, subject: SubjectOption, until: DayOption, reason: ReasonOption) -> None:
    """Ask for leave to register a schema that breaks somebody; a second person signs it."""
    found = session.client.ask(target("contracts", "check"), _question(file, subject, 30))
    args = {"subject": found["subject"], "digest": found["digest"], "until": until, "reason": reason}
    answer = session.client.change("waiver.open", args)
    name = answer["result"]["waiver"]
    session.result(answer, f"{name} opened; a second person signs it with `amana contract sign {name} FILE`")


@command(app, "sign")
def sign(
    session: Session, waiver: Annotated[str, typer.Argument(help="As `waivers` names it.")], file: FileArgument
) -> None:
    """Sign a waiver that somebody else opened, for the schema in the file."""
    from hub.contracts.breaking import digest_schema

    digest = digest_schema(_question(file, "", 1)["schema"])
    answer = session.client.change("waiver.sign", {"waiver": waiver, "digest": digest})
    session.result(answer, f"{waiver} signed: the schema may be registered until its last day")


@command(app, "waivers")
def waivers(session: Session, limit: LimitOption = 50, after: AfterOption = None) -> None:
    """List waivers."""
    session.listing(session.client.get(target("waivers", limit=limit, after=after)), WAIVERS, empty="no waiver")


@command(app, "states")
def states(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Only this contract, such as employee:1.")] = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
) -> None:
    """List versions in force: their states, last days, codes, and how many systems use them."""
    page = session.client.get(target("contract-states", contract=name, limit=limit, after=after))
    session.listing(page, STATES, empty="no code names a contract")


@command(app, "state")
def state(
    session: Session,
    name: Annotated[str, typer.Argument(help="Contract with its version, such as employee:1.")],
    to: Annotated[str, typer.Argument(help="draft, active, deprecated or retired.")],
    reason: ReasonOption,
    until: Annotated[str | None, typer.Option(help="Last day of one that is deprecated, YYYY-MM-DD.")] = None,
    instead: Annotated[str | None, typer.Option(help="What to use instead.")] = None,
) -> None:
    """Give a version of a contract another state."""
    args = {"contract": name, "state": to, "until": until, "instead": instead, "reason": reason}
    answer = session.client.change("contract.state", {k: v for k, v in args.items() if v is not None})
    session.result(answer, f"{name} is {to}" + (f" until {until}" if until else ""))


@command(app, "use")
def use(
    session: Session,
    code: Annotated[str, typer.Argument(help="API code.")],
    contract: Annotated[str | None, typer.Option(help="Contract of the body or the answer.")] = None,
    request_contract: Annotated[str | None, typer.Option(help="Contract of what is asked, of a pull.")] = None,
) -> None:
    """Point a code at another version of a contract. What breaks its users needs a waiver."""
    args = {"code": code, "contract": contract, "requestContract": request_contract}
    answer = session.client.change("api.contract", {k: v for k, v in args.items() if v is not None})
    session.result(answer, f"{code} has {answer['result']['contract']} from now on")


def show_notices(session: Session, name: str) -> None:
    """The last decision on each version of a contract, and how far its announcement to each system is."""
    found = session.client.get(target("contract-states", contract=name, limit=50))
    if session.as_json:
        session.print_json(found)
        return
    if not found["items"]:
        session.say(f"nobody decided on {name}, and no code names it")
    for row in found["items"]:
        last = f", its last day is {row['until']}" if row["until"] else ""
        session.say(
            f"{row['contract']} is {row['state']}{last}" + (f"; use {row['instead']}" if row["instead"] else "")
        )
        session.listing({"items": row["told"], "next": None}, TOLD, empty="nothing was announced")
