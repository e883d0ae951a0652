"""What a command has in its hands: where to print, which hub, who signs.

Rule: no module-level state, so commands run many times in one process (the demo and the tests do); heavy libraries
are imported when a command needs them, never before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import ssl

    from rich.console import Console

    from hub.control.client import HubClient
    from hub.settings import Settings
    from signing.keys import PrivateKey

PIPE_WIDTH = 200  # columns of a table when nobody looks at it: wide enough that no id is cut


@dataclass(slots=True)
class Terminal:
    """The two streams of one invocation."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a listing: its head, and the member of a row (or a function of the row) that fills it."""

    head: str
    value: str | Callable[[Mapping[str, Any]], Any]
    right: bool = False

    def text(self, row: Mapping[str, Any]) -> str:
        value = self.value(row) if callable(self.value) else row.get(self.value)
        return plain(value)


def plain(value: Any) -> str:
    """A value as people read it: nothing for null, yes and no, lists with commas."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(plain(item) for item in value) or "-"
        case dict():
            return ", ".join(f"{name}={plain(item)}" for name, item in value.items()) or "-"
        case _:
            return str(value)


@dataclass
class Session:
    """One command at work."""

    terminal: Terminal
    as_json: bool = False
    data_option: Path | None = None
    url: str | None = None
    operator_option: Path | None = None
    ca: Path | None = None
    client_certificate: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        from hub.settings import load

        return load(self.data_option)

    @property
    def data(self) -> Path:
        return Path(self.settings.data)

    @cached_property
    def operator(self) -> PrivateKey:
        """The key that signs: `--operator`, the setting, or the only key in the data directory."""
        from hub.cli.operator_key import load_operator_key

        return load_operator_key(self.operator_option or self.settings.operator, self.settings.keys)

    @cached_property
    def trust(self) -> ssl.SSLContext | None:
        """TLS towards a hub elsewhere; None: as the system trusts."""
        if self.ca is None and self.client_certificate is None:
            return None
        from hub.tls import trust

        return trust(self.ca, self.client_certificate)

    @cached_property
    def client(self) -> HubClient:
        from hub.control.client import HubClient, no_hub_on

        if self.url is None and not self.data.is_dir():
            raise no_hub_on(self.data)  # before asking for a key that cannot be there either
        return HubClient(
            None if self.url else self.data, self.url, self.operator, context=self.trust if self.url else None
        )

    def stranger(self) -> HubClient:
        """The hub as everybody may speak to it, without an operator's key. To be closed by who asked for it."""
        from hub.cli.failures import USAGE, CommandError
        from hub.control.client import HubClient

        if self.url is None and not self.data.is_dir():
            raise CommandError(
                "the hub's address is missing", "name it with --url, such as https://hub.example", status=USAGE
            )
        return HubClient(None if self.url else self.data, self.url, context=self.trust if self.url else None)

    def close(self) -> None:
        """Give back the connection, if the command made one: many commands run in one process."""
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        wide = self.terminal.out.isatty() or "COLUMNS" in os.environ
        return Console(file=self.terminal.out, width=None if wide else PIPE_WIDTH, highlight=False, soft_wrap=False)

    @cached_property
    def side(self) -> Console:
        """Progress and remarks, never results."""
        from rich.console import Console

        return Console(file=self.terminal.err, highlight=False)

    def print_json(self, value: Any) -> None:
        import msgspec

        from signing.jsontext import render

        self.terminal.out.write(msgspec.json.format(render(value), indent=2).decode() + "\n")

    def say(self, text: str = "") -> None:
        """A line of a result, for people."""
        self.terminal.out.write(text + "\n")

    def remark(self, text: str) -> None:
        """A line beside the result: stays out of pipes."""
        self.terminal.err.write(text + "\n")

    def result(self, value: Any, text: str) -> None:
        """The outcome of a command: the value with `--json`, the sentence without."""
        if self.as_json:
            self.print_json(value)
        else:
            self.say(text)

    def listing(self, page: Mapping[str, Any], columns: Sequence[Column], *, empty: str) -> None:
        """A page `{"items": [...], "next": cursor or null}` as the API gives it."""
        if self.as_json:
            self.print_json(page)
            return
        self.table(page["items"], columns, empty=empty)
        if page.get("next"):
            self.remark(f"there are more: repeat with --after {page['next']}")

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, empty: str) -> None:
        if not rows:
            self.say(empty)
            return
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(column.head, justify="right" if column.right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(column.text(row)) for column in columns))
        self.console.print(table)

    def facts(self, value: Mapping[str, Any], *, title: str = "") -> None:
        """One object, a member a line."""
        if self.as_json:
            self.print_json(value)
            return
        if title:
            self.say(title)
        width = max((len(name) for name in value), default=0)
        for name, item in value.items():
            if isinstance(item, list) and item and isinstance(item[0], dict):
                self.say(f"{name}:")
                for entry in item:
                    self.say(f"  - {plain(entry)}")
            else:
                self.say(f"{name.ljust(width)}  {plain(item)}")
