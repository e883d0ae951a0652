"""From bytes that a folder or a poll brought to a message: what the log decides upon.

Rule: pure. The bytes are kept as they came; a body that the wire contract of the code does not let through is refused
here, by the same rules as at the gateway. The way in says how sure the origin is: never more than `file` or `polled`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.attached import wrap
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.wire import checkable
from hub import records as r
from hub.contracts.standing import check_standing
from hub.errors import BadMessage, Halt
from hub.gateway.admission import check_rules, check_wire, find_rows, natural_keys, row_fields
from hub.gateway.assurance import weaker
from hub.gateway.contracts import wire_rules
from hub.keys import subject_key
from hub.ports import Candidate
from hub.topics import inbox
from signing import jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from adapters.kit.manifest import Exchange
    from adapters.kit.registry import Adapter
    from hub.contracts.registered import Registered
    from hub.control.objects import Feed
    from hub.control.view import View

JSON: Final = "application/json"
_FILE_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Ground:
    """What the hub holds still while it takes from feeds."""

    hmac: bytes
    partitions: Any  # topic -> number
    registered: Registered | None = None


def read_raw(received: bytes, exchange: Exchange) -> Any:
    """The body that an adapter gets of bytes that came without an envelope: parsed JSON, or the bytes. Raises
    `BadMessage` AMANA-JSON-003."""
    if exchange.media_type != JSON:
        return received
    try:
        return jsontext.parse(received)
    except (SigningError, UnicodeDecodeError):
        raise BadMessage("AMANA-JSON-003", "json") from None


def body_of_file(name: str, content: bytes, exchange: Exchange) -> bytes:
    """The body of a file: its bytes, or for an exchange of attached files the JSON that carries it."""
    if not exchange.attached:
        return content
    usable = "".join(c if c.isascii() and (c.isalnum() or c in "._ -") else "_" for c in name).lstrip("._ -")
    return jsontext.render(wrap(usable[-_FILE_NAME:] or "file", content))


def make_candidate(body: bytes, feed: Feed, adapter: Adapter, view: View, ground: Ground) -> Candidate:
    """The message of a feed. Raises `BadMessage` for a body that cannot be one, and for a system that may not send it."""
    system, api = view.system(feed.system), view.api(feed.code)
    if system is None or api is None or system.suspended:
        raise Halt("AMANA-FEED-001", "its system is suspended")
    if not view.granted(feed.system, feed.code):
        raise Halt("AMANA-FEED-001", "its system is not granted the code")
    grant = view.grant(feed.system, feed.code)
    try:
        notice = check_standing(view, (api.contract,), trial=grant is not None and grant.trial)
    except BadMessage as refused:  # the feed waits, with its files: nothing is wrong with them
        raise Halt("AMANA-FEED-001", refused.text()) from None
    try:
        exchange = adapter.manifest.exchange(api.exchange)
        value = read_raw(body, exchange)
        shown = checkable(value)
        check_wire(shown, adapter.wire_checker(exchange.name))
        aside = check_rules(shown, wire_rules(adapter.wire_contract(exchange.name), ground.registered))
        rows = _rows(value, body, exchange, feed, adapter)
    except AdapterError as error:
        told = adapter.manifest.problems.get(error.kind, error.reason)
        raise BadMessage("AMANA-FEED-003", f"{error.kind}: {told}") from None
    except KitError as error:
        raise Halt("AMANA-FEED-002", f"{adapter.id}: {error.kind}") from None
    source = feed.device or feed.system
    topic = inbox(feed.adapter)
    key = subject_key(ground.hmac, "device" if feed.device else "system", source)
    headers = {
        "ce_specversion": "1.0",
        r.SOURCE: f"feed/{feed.id}",
        r.TYPE: "inbox",
        r.DATASCHEMA: adapter.wire_contract(exchange.name),
        r.CONTENT_TYPE: exchange.media_type,
        r.SYSTEM: feed.system,
        r.INSTITUTION: system.institution,
        r.FEED: feed.id,
        r.CODE: api.code,
        r.ASSURANCE: weaker(api.assurance, "file" if feed.kind == "folder" else "polled"),
        r.CONTROL_POSITION: str(view.position),
    }
    if notice:
        headers[r.NOTICE] = notice
    if aside:
        headers[r.SET_ASIDE] = aside
    if feed.device is not None:
        headers[r.DEVICE] = feed.device
    known = [["body", hashlib.sha256(body).hexdigest()]] if rows is None else rows
    keys = natural_keys(ground.hmac, source, api.code, known)
    return Candidate(
        topic=topic,
        partition=r.partition_of(key, ground.partitions(topic)),
        key=key,
        system=feed.system,
        code=api.code,
        body=body,
        received=body,
        headers=headers,
        rule="request-id" if rows is None else "natural-key",
        dedupe_keys=keys,
        window_ms=api.window_ms,
    )


def _rows(value: Any, body: bytes, exchange: Exchange, feed: Feed, adapter: Adapter) -> list[Any] | None:
    """The natural key of each row; None: the body is known by its bytes, for ever."""
    if exchange.dedupe.rule != "natural-key":
        return None
    if exchange.keys is not None:
        return adapter.keys(exchange.name, body, feed.options)
    if exchange.media_type != JSON:
        return None
    return [row_fields(row, exchange.dedupe.fields) for row in find_rows(value, exchange.dedupe.rows)] or None
