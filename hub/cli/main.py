"""The command `amana`: one Typer application of small groups, run the same from a shell and in a process.

Rule: nothing here, and nothing that a command module imports at its top, is heavy: `amana --help` answers at once.
`invoke` keeps no state and touches no standard stream, so it may be called many times and from any thread.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from hub.cli import (
    adapters,
    apis,
    backups,
    conformance,
    contract_changes,
    dead_letters,
    devices,
    doctor,
    feeds,
    identity,
    institutions,
    joining,
    messages,
    operators,
    pay,
    reconciling,
    sending,
    services,
    serving,
    subscriptions,
    systems,
    topics,
)
from hub.cli.command import group
from hub.cli.failures import FAILED, USAGE, report
from hub.cli.terminal import Terminal

app = group("Amana moves signed records between institutions' systems, and makes pay signals of them.")

for _name, _group in {
    "institution": institutions.app,
    "unit": institutions.units,
    "system": systems.app,
    "join": joining.app,
    "services": services.app,
    "operator": operators.app,
    "api": apis.app,
    "grant": apis.grants,
    "subscription": subscriptions.app,
    "topic": topics.app,
    "device": devices.app,
    "contract": contract_changes.GROUP,
    "folder": feeds.folders,
    "poll": feeds.polls,
    "adapter": adapters.app,
    "message": messages.app,
    "dead-letter": dead_letters.app,
    "identity": identity.app,
    "pay": pay.app,
    "conformance": conformance.app,
}.items():
    app.add_typer(_group, name=_name)
for _module in (serving, sending, reconciling, doctor, backups):
    _module.register(app)


def _print_version(context: typer.Context, value: bool) -> None:  # how Typer calls it
    if value:
        terminal = context.obj if isinstance(context.obj, Terminal) else Terminal()
        terminal.out.write(f"amana {serving.installed_version()}\n")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[  # acted upon by its callback
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Amana moves signed records between institutions' systems, and makes pay signals of them."""


def run(args: Sequence[str], terminal: Terminal) -> int:
    """Run one command line; returns the exit status. Never raises for what a person or the hub did."""
    try:
        status = app(list(args), prog_name="amana", standalone_mode=False, obj=terminal)
    except typer.Abort:
        terminal.err.write("amana: stopped\n")
        return FAILED
    except KeyboardInterrupt:
        terminal.err.write("amana: stopped\n")
        return 130
    except Exception as error:  # noqa: BLE001  # the last resort: people get words, not a traceback
        if getattr(error, "exit_code", None) == USAGE and hasattr(error, "format_message"):
            return _report_usage(error, terminal)
        return report(error, terminal.err)
    return status if isinstance(status, int) else 0


def _report_usage(error: Exception, terminal: Terminal) -> int:
    """Typer's own words on a wrong command line."""
    context = getattr(error, "ctx", None)
    text = str(error.format_message())  # type: ignore[attr-defined]  # what makes it a usage error
    if type(error).__name__ == "NoArgsIsHelpError":
        terminal.out.write(text + "\n")
        return USAGE
    where = f" (see `{context.command_path} --help`)" if context is not None else ""
    terminal.err.write(f"amana: {text}{where}\n")
    return USAGE


def invoke(args: Sequence[str]) -> tuple[int, str]:
    """Run one command line in this process: its exit status and what it printed (and why it failed, if it did)."""
    out, err = io.StringIO(), io.StringIO()
    status = run(args, Terminal(out, err))
    return status, out.getvalue() + (err.getvalue() if status else "")


def main() -> None:
    sys.exit(run(sys.argv[1:], Terminal()))


if __name__ == "__main__":
    main()
