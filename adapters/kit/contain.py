"""Calls into adapters, contained: whatever an adapter does, only `AdapterError` or `KitError` comes out.

Rule: per message one try block, per record a handful of C-speed checks and nothing more. The dear check (was
the input changed?) is made for drafts only; the laws make it for every adapter. Not contained: an adapter
that never returns.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from adapters.kit.errors import AdapterError, KitError
from adapters.kit.polling import PollRequest, Taken
from adapters.kit.requests import faults_of
from adapters.kit.values import (
    Canonical,
    DeviceContext,
    DeviceMessage,
    DeviceReply,
    MessageContext,
    Outgoing,
    Refused,
    Repeated,
    Skipped,
)

MAX_RESULTS: Final = 200_000
MAX_TEXT: Final = 400
MAX_REPLY: Final = 65_536
MAX_BODIES: Final = 1000
MAX_CURSOR: Final = 8192

T = TypeVar("T")

_CONTAINERS: Final = frozenset({dict, list, tuple})

_only_tuple = frozenset({tuple}).issuperset
_only_str = frozenset({str}).issuperset


def call(function: Callable[..., T], *args: object) -> T:
    """`function(*args)`; anything raised but `AdapterError` becomes `KitError` "raised" with type and place only."""
    try:
        return function(*args)
    except AdapterError as error:
        if type(error.kind) is not str or type(error.reason) is not str:
            raise KitError("type", "an AdapterError's kind and reason are texts") from None
        if len(error.kind) > 60 or len(error.reason) > MAX_TEXT:
            raise KitError("bound", f"an AdapterError's reason has at most {MAX_TEXT} characters") from None
        raise
    except KitError:
        raise
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 -- SystemExit and panics of native libraries are no Exceptions
        raise KitError("raised", f"{type(error).__name__} at {_place(error)}") from None


def _place(error: BaseException) -> str:
    """File and line of the innermost frame, without the text of the exception (it may quote the payload)."""
    trace, place = error.__traceback__, "an unknown place"
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def holds_float(value: object) -> bool:
    """True when there is a float anywhere inside `value` (plain JSON). The kinds of a whole object are looked at at once: it
    runs once per record."""
    kind = type(value)
    if kind not in _CONTAINERS:
        return kind is float
    inner: Any = value
    if kind is dict:
        inner = inner.values()
    kinds = set(map(type, inner))
    if float in kinds:
        return True
    if kinds.isdisjoint(_CONTAINERS):
        return False
    return any(holds_float(item) for item in inner if type(item) in _CONTAINERS and item)


def fingerprint(value: Any) -> bytes:
    """Bytes that change when anything in `value` (plain JSON, or bytes) changes, member order included."""
    return value if isinstance(value, bytes) else marshal.dumps(value, 2)  # version 2: no back references


def results(
    raw: object,
    message: MessageContext,
    contracts: Iterable[str],
    reasons: Iterable[str],
    skips: Iterable[str] = (),
) -> list[Any]:
    """`raw` as the list of `Canonical` and `Refused` that it has to be, each one checked; else `KitError`."""
    items = _bounded(raw)
    allowed, slugs, institution = frozenset(contracts), frozenset(reasons), message.institution
    passed_by = frozenset(skips)
    serial = None if message.device is None else message.device.serial
    for item in items:
        kind = type(item)
        if kind is Canonical:
            contract, subject, value, _, row = item
            if contract not in allowed:
                raise KitError("contract", "a record of a contract that the manifest does not name")
            if type(value) is not dict or type(subject) is not tuple or len(subject) < 2:
                raise KitError("type", "a record's value is a dict and its subject a tuple of texts")
            if value.get("institution", institution) != institution:
                raise KitError("institution", "a record of another institution than the sender's")
            if serial is not None and subject[0] == "pin" and subject[1] != serial:
                raise KitError("institution", "a record of another device than the sender")
            if float in map(type, value.values()):
                raise KitError("float", f"a float in a record of {contract}")
        else:
            row = _left_out(item, slugs, passed_by)
        if type(row) is not int:
            raise KitError("type", "a row is an index")
    return items


def _left_out(item: object, slugs: frozenset[str], skips: frozenset[str]) -> int:
    """The row of a result that is no record."""
    kind = type(item)
    if isinstance(item, Refused) and kind is Refused:
        if type(item.reason) is not str or len(item.reason) > MAX_TEXT:
            raise KitError("bound", f"a reason has at most {MAX_TEXT} characters")
        if item.code not in slugs:
            raise KitError("contract", "a reason that the manifest does not name")
        return item.row
    if isinstance(item, Repeated) and kind is Repeated:
        if type(item.first) is not int or type(item.row) is not int or not 0 <= item.first < item.row:
            raise KitError("type", "a repeated row names an earlier one")
        return item.row
    if isinstance(item, Skipped) and kind is Skipped:
        if item.code not in skips:
            raise KitError("contract", "a row is skipped by a rule that the manifest does not name")
        return item.row
    raise KitError("type", f"a result is Canonical, Refused, Repeated or Skipped, not {kind.__name__}")


def _bounded(raw: object) -> list[Any]:
    """`raw` as a list; a generator is read up to the bound, so that an endless one ends."""
    if type(raw) is not list:
        if isinstance(raw, str | bytes | dict) or not isinstance(raw, Iterable):
            raise KitError("type", f"results come as a list, not {type(raw).__name__}")
        endless: Iterable[Any] = raw
        raw = call(lambda: list(islice(endless, MAX_RESULTS + 1)))
    if len(raw) > MAX_RESULTS:
        raise KitError("bound", f"more than {MAX_RESULTS} results")
    return raw


def reply(raw: object, exchanges: Iterable[str]) -> DeviceReply:
    """`raw` as a well-formed answer to a device."""
    if type(raw) is not DeviceReply or type(raw.status) is not int or not 200 <= raw.status <= 599:
        raise KitError("type", "a device is answered with a DeviceReply")
    for text in (raw.text, raw.text_when_stored):
        if type(text) is not str:
            raise KitError("type", "a reply's texts are texts")
        if len(text) > MAX_REPLY:
            raise KitError("bound", f"a reply has at most {MAX_REPLY} characters")
    if type(raw.answered) is not tuple or any(type(known) is not str or len(known) > 20 for known in raw.answered):
        raise KitError("type", "commands that were answered are a tuple of ids")
    admit = raw.admit
    if admit is None:
        return raw
    if type(admit) is not DeviceMessage or type(admit.body) is not bytes or type(admit.rows) is not list:
        raise KitError("type", "what is admitted is a DeviceMessage of bytes with a list of keys")
    if admit.exchange not in frozenset(exchanges):
        raise KitError("missing", "a reply admits an exchange that the manifest does not name")
    if len(admit.rows) > MAX_RESULTS:
        raise KitError("bound", f"more than {MAX_RESULTS} rows")
    if any(type(key) is not tuple or any(type(part) is not str for part in key) for key in admit.rows):
        raise KitError("type", "a natural key is a tuple of texts")
    return raw


def keys(raw: object) -> list[tuple[str, ...]]:
    """`raw` as one natural key a row."""
    items = _bounded(raw)
    tuples = _only_tuple(map(type, items))  # in loops of the interpreter's own: a file has a hundred thousand of them
    if not (tuples and all(items) and _only_str(map(type, chain.from_iterable(items)))):
        raise KitError("type", "a natural key is a tuple of texts")
    return items


def request(raw: object, credentials: Iterable[str], addresses: Iterable[str] = ()) -> PollRequest:
    """`raw` as a request that the hub can make: it leads nowhere else and refers to no secret that is not declared."""
    if type(raw) is not PollRequest:
        raise KitError("type", "a poll asks with a PollRequest")
    fault = call(faults_of, raw, frozenset(credentials))
    if raw.address and raw.address not in addresses:
        fault = "a request leads to an address that the manifest does not declare"
    if fault is not None:
        raise KitError("type", fault)
    return raw


def taken(raw: object) -> Taken:
    """`raw` as what an answer came to, within bounds."""
    if type(raw) is not Taken or not isinstance(raw.cursor, dict) or not isinstance(raw.session, dict):
        raise KitError("type", "an answer comes to a Taken with a dict as its cursor and as its session")
    if len(raw.bodies) > MAX_BODIES or any(type(body) is not bytes for body in raw.bodies):
        raise KitError("bound", f"an answer comes to at most {MAX_BODIES} bodies, which are bytes")
    if holds_float(raw.cursor):
        raise KitError("float", "a float in a cursor")
    try:
        size = len(msgspec.json.encode(raw.cursor))
    except (TypeError, ValueError, msgspec.MsgspecError):
        raise KitError("type", "a cursor is plain JSON") from None
    if size > MAX_CURSOR:
        raise KitError("bound", f"a cursor has at most {MAX_CURSOR} bytes")
    if any(type(k) is not str or type(v) is not str for k, v in raw.session.items()):
        raise KitError("type", "a session is texts by name")
    if raw.after_seconds is not None and type(raw.after_seconds) is not int:
        raise KitError("type", "seconds are whole")
    return raw


def pages(raw: object, *, files: bool = False) -> list[Outgoing]:
    """`raw` as numbered pages: 1..n of n, names unique; `files`: the bodies are bytes, else dicts without floats."""
    items = _bounded(raw)
    body = bytes if files else dict
    for number, item in enumerate(items, 1):
        if type(item) is not Outgoing or type(item.body) is not body or type(item.name) is not str:
            raise KitError("type", f"an outgoing message is an Outgoing with {body.__name__} as its body")
        if (item.page, item.pages) != (number, len(items)):
            raise KitError("type", "pages are numbered from 1 to the number of pages")
        if holds_float(item.body):
            raise KitError("float", "a float in an outgoing message")
    if len({item.name for item in items}) != len(items):
        raise KitError("type", "names of outgoing messages are unique")
    return items


def device_of(context: object) -> DeviceContext:
    """`context` when it is a device's; a route without one is a fault of the caller."""
    if type(context) is not DeviceContext:
        raise KitError("type", "a route is served for a registered device")
    return context
