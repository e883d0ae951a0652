"""signals and notices -> outbox.<system>: what an approved run makes for each subscriber. Rule: pure; ids come from the run's
record and the subscription, so rendering again gives the same requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.receipts import NUMBER, subscription_headers
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
from hub.stages.rendering import Given, described, render_batch, render_run, seal_body, split
from hub.topics import outbox
from schemas.contracts import CONTRACTS

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.objects import Subscription
    from hub.control.view import View

NAME: Final = "route"
VERSION: Final = 1
NOTICE: Final = "hr.notice"


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
    notices: Sequence[Given] = ()


@dataclass(frozen=True, slots=True)
class _Page:
    """One message: its place in the subscription's sequence, its body, what names its contract."""

    number: int
    body: dict[str, Any]
    schema: str
    key: bytes


def subscribers(view: View, institution: str, adapters: Mapping[str, Adapter]) -> list[Subscription]:
    """The subscriptions that get something of a run of `institution`: outgoing codes that carry runs or notices, and the
    contracts pay.run and pay.signal."""
    return [s for s in view.all_subscriptions() if s.institution in {None, institution} and _of_runs(s, view, adapters)]


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
        sealed = seal_body(approved.secret, rid, page.body)
        made.append((outbox(system), Record(page.key, headers, sealed)))
    return made


def _of_runs(subscription: Subscription, view: View, adapters: Mapping[str, Adapter]) -> bool:
    if subscription.code is None:
        return subscription.contract in {"pay.run", "pay.signal"}
    api = view.api(subscription.code)
    if api is None or api.direction != "out":
        return False
    going = described(view, api.code, adapters)
    return going is None or going.source == "run" or NOTICE in going.contracts


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
    going = described(view, subscription.code or "", adapters)
    if going is None or going.source == "run":
        bodies, schema = render_run(subscription, view, adapters, approved.run, approved.signals)
        return [_Page(n, body, schema, key) for n, body in enumerate(bodies, 1)]
    pages: list[_Page] = []
    for batch in split(approved.notices, going.batch, key):
        bodies, schema = render_batch(subscription, view, adapters, batch.records)
        pages += [_Page(n, body, schema, batch.key) for n, body in enumerate(bodies, len(pages) + 1)]
    return pages
