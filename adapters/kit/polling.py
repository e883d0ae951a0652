"""What passes between the hub and an adapter that asks: requests and answers as values.

Rule: an adapter's client.py decides and never acts. `next_request(cursor, session, context)` says what to ask,
`take(response, cursor, session, context)` what came and where to go on; the hub makes the call, puts the secrets in,
admits the bodies and only then keeps the cursor. So a crash repeats a request, and the duplicate check makes that
harmless. A cursor is plain JSON; a session (tokens) lives in memory and is lost with the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Cursor = Mapping[str, Any]
"""Plain JSON without floats, empty before the first request. Times in it are ms since 1970 or texts of the other side."""

Session = Mapping[str, str]
"""What was learned since the process began: tokens, server cursors. Never stored."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret by its name, in place of its text: the hub puts it in, so no adapter and no test ever holds one."""

    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A body of type application/x-www-form-urlencoded."""

    fields: Mapping[str, str | Credential]


@dataclass(frozen=True, slots=True)
class Json:
    """A body of type application/json; leaves may be `Credential`s."""

    value: Any


@dataclass(frozen=True, slots=True)
class PollRequest:
    """One request. `path` and `query` follow the address that was registered, or the one that the option `address` holds;
    basic and digest are the hub's."""

    method: Literal["GET", "POST"]
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str | Credential] = field(default_factory=dict)
    body: Json | Form | None = None
    sign_in: bool = False
    """It only fetches a token: an answer that is no success makes the hub wait, as for one that did not come."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class PollResponse:
    """The answer. Names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class PollContext:
    """`now` is the hub's clock, ms since 1970; `options` those of the poll; `page`, `window_seconds` and `lag_seconds` as
    the manifest says, or less where an option says so."""

    now: int
    options: Mapping[str, str]
    page: int | None = None
    window_seconds: int | None = None
    lag_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer came to. `bodies`: messages to admit, in order; `again`: ask on at once, without the interval;
    `after_seconds`: the other side asks to be left alone so long."""

    bodies: Sequence[bytes]
    cursor: Cursor
    session: Session = field(default_factory=dict)
    again: bool = False
    after_seconds: int | None = None
