"""`amana api` and `amana grant`: which codes exist, and which system may use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.options import pairs
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Codes: what is exchanged, through which adapter.")
grants = group("Grants: which system may use which code.")


def source(row: Mapping[str, Any]) -> str:
    """Who offers it: an adapter's exchange, a provider, the hub."""
    if row["adapter"]:
        return f"{row['adapter']}.{row['exchange']}"
    return str(row["provider"] or "") or (f"the hub: {row['holding']}" if row["holding"] else "")


API_COLUMNS = (
    Column("code", "code"),
    Column("direction", "direction"),
    Column("by", source),
    Column("contract", "contract"),
    Column("repeats by", "dedupe"),
)
GRANT_COLUMNS = (
    Column("system", "system"),
    Column("code", "code"),
    Column("state", lambda row: "granted" if row["active"] else "revoked"),
    Column("options", lambda row: " ".join(f"{name}={text}" for name, text in row["options"].items())),
)

SystemOption = Annotated[str, typer.Option("--system", help="Code of the system.")]
CodeOption = Annotated[str, typer.Option("--code", help="Code that it may use.")]
OptionPairs = Annotated[
    list[str] | None, typer.Option("--option", help="Option of the code's adapter for its pushes, name=value.")
]


@command(app, "add")
def add(
    session: Session,
    code: Annotated[str, typer.Option(help="The code that senders put into pushCode.")],
    adapter: Annotated[str | None, typer.Option(help="Id of the adapter (`amana adapter list`).")] = None,
    exchange: Annotated[str | None, typer.Option(help="Exchange of the adapter's manifest.")] = None,
    provider: Annotated[str | None, typer.Option(help="Pull: the system that is asked.")] = None,
    holding: Annotated[
        str | None, typer.Option(help="Pull: what the hub itself answers for, employees or signals.")
    ] = None,
    institution: Annotated[str | None, typer.Option(help="Only this institution's records; with --holding.")] = None,
    relay: Annotated[bool, typer.Option("--relay", help="Pass on as it is to the subscribers of the code.")] = False,
    contract: Annotated[
        str | None, typer.Option(help="Contract of a relayed body, or of a pull's answer; any body otherwise.")
    ] = None,
    request_contract: Annotated[
        str | None, typer.Option("--request-contract", help="Contract of a pull's request; any body otherwise.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, max=60, help="Pull: seconds that the provider has to answer.")
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Bodies are encrypted for the recipient; the hub passes them on unread.")
    ] = False,
    window_hours: Annotated[
        int | None, typer.Option("--window-hours", min=1, help="Where repeats are told by time: how long.")
    ] = None,
) -> None:
    """Add a code: of an adapter (direction, contract and dedupe rule come from its manifest), a pull from a provider or
    from the hub, or a relay."""
    kinds = (adapter is not None or exchange is not None, provider is not None, holding is not None, relay)
    if sum(kinds) != 1:
        raise CommandError(
            "a code is of one kind",
            "give --adapter with --exchange, or --provider, or --holding, or --relay",
            status=USAGE,
        )
    if kinds[0]:
        if adapter is None or exchange is None:
            raise CommandError("an adapter and its exchange go together", "give both", status=USAGE)
        from hub.cli.adapters import api_arguments

        args = api_arguments(code, adapter, exchange)
        shown = f"{adapter}.{exchange}, {args['direction']}"
    else:
        args = {"code": code, "direction": "relay" if relay else "pull", "sealed": "recipient" if sealed else "no"}
        args |= {"provider": provider, "holding": holding, "institution": institution, "contract": contract}
        if request_contract is not None:
            args["requestContract"] = request_contract
        shown = "relayed to its subscribers" if relay else f"pull from {provider or 'the hub: ' + str(holding)}"
    if timeout is not None:
        args["timeoutMs"] = round(timeout * 1000)
    if window_hours is not None:
        args["windowMs"] = window_hours * 3_600_000
    answer = session.client.change("api.add", args)
    session.result(answer, f"code {code} added: {shown}")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List codes."""
    page = session.client.get(target("apis", limit=limit, after=after))
    session.listing(page, API_COLUMNS, empty="no code yet: add one with `amana api add`")


@command(grants, "add")
def grant(
    session: Session,
    system: SystemOption,
    code: CodeOption,
    trial: Annotated[bool, typer.Option("--trial", help="It may use drafts of the code's contract too.")] = False,
    option: OptionPairs = None,
) -> None:
    """Let a system use a code."""
    more: dict[str, Any] = {"trial": True} if trial else {}
    if option:
        more["options"] = pairs(option)
    answer = session.client.change("grant.add", {"system": system, "code": code} | more)
    session.result(answer, f"system {system} may use {code}")


@command(grants, "options")
def set_options(session: Session, system: SystemOption, code: CodeOption, option: OptionPairs = None) -> None:
    """Set the adapter's options for what a system pushes from now on, in place of those it had; without any: none."""
    answer = session.client.change("grant.options", {"system": system, "code": code, "options": pairs(option)})
    session.result(answer, f"options of {system} for {code} set")


@command(grants, "revoke")
def revoke(session: Session, system: SystemOption, code: CodeOption) -> None:
    """Take a grant back."""
    answer = session.client.change("grant.revoke", {"system": system, "code": code})
    session.result(answer, f"system {system} may no longer use {code}")


@command(grants, "list")
def show_grants(
    session: Session,
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List grants."""
    page = session.client.get(target("grants", system=system, limit=limit, after=after))
    session.listing(page, GRANT_COLUMNS, empty="no grant yet: add one with `amana grant add`")
