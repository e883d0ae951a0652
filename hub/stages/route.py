"""signals -> outbox.<system>: what an approved run makes for each subscriber. Rule: pure; ids come from the run's
record and the subscription, so rendering again gives the same requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters.kit import AdapterError, KitError, Outgoing
from adapters.kit.attached import wrap
from adapters.kit.wire import checkable
from hub.contracts.names import URN, pin
from hub.contracts.standing import check_standing
from hub.delivery.deliver import BODY
from hub.delivery.receipts import NUMBER, subscription_headers
from hub.errors import BadMessage
from hub.keys import subject_key
from hub.records import (
    CODE,
    CONTENT_TYPE,
    DATASCHEMA,
    DERIVED,
    ID,
    INSTITUTION,
    PARENT,
    PERIOD,
    REQUEST,
    RUN,
    SECRET,
    SOURCE,
    SPECVERSION,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    derived_id,
    parents_id,
    request_id,
)
from hub.topics import outbox
from schemas.contracts import CONTRACTS
from signing.envelope import render_data
from signing.errors import SigningError
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.objects import Subscription
    from hub.control.view import View

NAME: Final = "route"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ApprovedRun:
    """A run whose digest was approved: the id of its pay.run record, the time of the approval (ms), its values."""

    record_id: str
    code: str
    institution: str
    period: str
    time: int
    secret_id: str
    secret: bytes
    run: dict[str, Any]
    signals: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Page:
    """One message: its place in the subscription's sequence, its body, what names its contract."""

    number: int
    body: dict[str, Any]
    schema: str
    key: bytes


def subscribers(view: View, institution: str) -> list[Subscription]:
    """The subscriptions that get runs of `institution`: outgoing codes, and the contracts pay.run and pay.signal."""
    return [s for s in view.all_subscriptions() if s.institution in {None, institution} and _of_runs(s, view)]


def outgoing(
    approved: ApprovedRun,
    subscription: Subscription,
    view: View,
    adapters: Mapping[str, Adapter],
    hmac: bytes,
    source: Callable[[], str],
) -> list[tuple[str, Record]]:
    """Records for one subscriber, with the topic of each. `source` gives the next `DERIVED` text. Raises
    `BadMessage` when the adapter cannot render, or what it renders breaks its own wire contract."""
    system = subscription.system
    parent = parents_id([approved.record_id, subscription.id])
    code = subscription.code or subscription.contract or ""
    body_key = BodyKey(approved.secret, BODY)
    made: list[tuple[str, Record]] = []
    for page in _pages(approved, subscription, view, adapters, hmac):
        rid = derived_id(parent, NAME, VERSION, page.number)
        headers = dict((SPECVERSION,))
        headers |= {
            ID: rid,
            SOURCE: f"stage/{NAME}",
            STAGE: f"{NAME}/{VERSION}",
            TYPE: "outbox",
            CONTENT_TYPE: "application/json",
            DATASCHEMA: page.schema,
            TIME: str(approved.time),
            SYSTEM: system,
            INSTITUTION: approved.institution,
            CODE: code,
            SECRET: approved.secret_id,
            PARENT: approved.record_id,
            DERIVED: source(),
            PERIOD: approved.period,
            RUN: approved.code,
            REQUEST: request_id(rid),
            NUMBER: str(page.number),
            **subscription_headers(subscription),
        }
        try:
            sealed = body_key.seal(rid, render_data(page.body))
        except SigningError as error:
            raise BadMessage("AMANA-TRANS-002", error.kind) from error
        made.append((outbox(system), Record(page.key, headers, sealed)))
    return made


def _of_runs(subscription: Subscription, view: View) -> bool:
    if subscription.code is None:
        return subscription.contract in {"pay.run", "pay.signal"}
    api = view.api(subscription.code)
    return api is not None and api.direction == "out"


def _pages(
    approved: ApprovedRun, subscription: Subscription, view: View, adapters: Mapping[str, Adapter], hmac: bytes
) -> list[_Page]:
    key = subject_key(hmac, "institution", approved.institution)
    if subscription.contract == "pay.run":
        return [_Page(1, approved.run, CONTRACTS["pay.run"].urn, key)]
    if subscription.contract == "pay.signal":
        urn = CONTRACTS["pay.signal"].urn
        keys = [subject_key(hmac, "employee", signal["employeeId"]) for signal in approved.signals]
        return [_Page(n, s, urn, k) for n, (s, k) in enumerate(zip(approved.signals, keys, strict=True), 1)]
    api = view.api(subscription.code or "")
    adapter = None if api is None else adapters.get(api.adapter)
    if api is None or adapter is None:
        raise BadMessage("AMANA-TRANS-003", "the code's adapter is not installed")
    check_standing(view, (api.contract,), trial=subscription.options.get("trial") == "yes")
    try:
        rendered = adapter.render(api.exchange, approved.run, approved.signals, subscription.options)
        ok = adapter.wire_checker(api.exchange).ok
    except AdapterError as error:
        raise BadMessage("AMANA-TRANS-001", error.kind) from error
    except KitError as error:
        raise BadMessage("AMANA-TRANS-003", error.kind) from error
    if not all(ok(checkable(page.body)) for page in rendered):
        raise BadMessage("AMANA-TRANS-002", api.contract)
    urn = URN + pin(api.contract)
    return [_Page(n, _carried(page), urn, key) for n, page in enumerate(rendered, 1)]


def _carried(page: Outgoing) -> dict[str, Any]:
    """What the envelope carries: a file goes as its name, its digest and its bytes in base64."""
    return wrap(page.name, page.body) if isinstance(page.body, bytes) else page.body
