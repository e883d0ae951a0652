"""How a function becomes a command: `@command(app, "add")` gives it a `Session` first and the common options last.

Rule: every command has `--data`, `--url`, `--operator`, `--ca`, `--client-certificate` and `--json`, spelt and explained the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from hub.cli.terminal import Session, Terminal

P = ParamSpec("P")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="AMANA_DATA", help="Data directory of the hub on this machine.", rich_help_panel="Which hub"
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="AMANA_URL", help="Address of a hub elsewhere.", rich_help_panel="Which hub"),
]
OperatorOption = Annotated[
    Path | None,
    typer.Option(
        "--operator",
        envvar="AMANA_OPERATOR",
        help="Key file of the operator who signs.",
        rich_help_panel="Which hub",
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        envvar="AMANA_CA",
        help="Authorities trusted for an https address, PEM; else the system's.",
        rich_help_panel="Which hub",
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--client-certificate",
        envvar="AMANA_CLIENT_CERTIFICATE",
        help="Certificate and key to show to a hub that asks for one, PEM in one file (mode 0600).",
        rich_help_panel="Which hub",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel="Which hub")]

COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("data", DataOption, None),
    ("url", UrlOption, None),
    ("operator", OperatorOption, None),
    ("ca", CaOption, None),
    ("client_certificate", CertificateOption, None),
    ("as_json", JsonOption, False),
)


def group(text: str) -> typer.Typer:
    """A command group."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def command(
    app: typer.Typer, name: str, **settings: Any
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Register a function under `name`. The function itself stays as it is."""

    def register(function: Callable[Concatenate[Session, P], None]) -> Callable[Concatenate[Session, P], None]:
        own = inspect.signature(function, eval_str=True)
        parameters = list(own.parameters.values())[1:]
        taken = {parameter.name for parameter in parameters}

        def run(**values: Any) -> None:
            context: typer.Context = values.pop("_context")
            terminal = context.obj if isinstance(context.obj, Terminal) else Terminal()
            common = {name: values.pop(name) for name, _, _ in COMMON if name not in taken}
            session = Session(
                terminal,
                as_json=common.get("as_json", False),
                data_option=common.get("data"),
                url=common.get("url"),
                operator_option=common.get("operator"),
                ca=common.get("ca"),
                client_certificate=common.get("client_certificate"),
            )
            try:
                function(session, **values)  # type: ignore[call-arg]  # the signature was built from the function's
            finally:
                session.close()

        kind = inspect.Parameter.KEYWORD_ONLY
        shown = [inspect.Parameter("_context", kind, annotation=typer.Context)]
        shown += [parameter.replace(kind=kind) for parameter in parameters]
        shown += [
            inspect.Parameter(name, kind, annotation=annotation, default=default)
            for name, annotation, default in COMMON
            if name not in taken
        ]
        run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # how inspect is told
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
        run.__doc__ = function.__doc__
        run.__name__ = function.__name__
        app.command(name, **settings)(run)
        return function

    return register
