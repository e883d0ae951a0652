"""The reads of `/api/v1`. Rule: each is authorised by a header that an active operator signed for this very target;
what opens sealed bodies is recorded in `audit` before it is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from hub.control.objects import Operator
from hub.control.requests import body_target, verify_read
from hub.errors import BadMessage
from hub.keys import subject_key
from hub.reads import messages, operations, reconcile, runs, status
from hub.reads import rows as r
from hub.reads.audit import record_read
from hub.reads.directory import (
    api_row,
    device_row,
    grant_row,
    institution_row,
    operator_row,
    subscription_row,
    system_row,
    unit_row,
)
from hub.reads.feeds import FeedRow, feed_row, find_states
from hub.reads.outboxes import find_waits
from hub.reads.paging import page, page_values
from hub.reads.payloads import masked_by
from hub.reads.status import Status
from hub.reads.tree import list_tree
from signing import jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.control.view import View
    from hub.gateway.context import GatewayContext

MAX_QUESTION = 4096

router = APIRouter(prefix="/api/v1")

Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[str | None, Query(max_length=2000)]
Filter = Annotated[str | None, Query(max_length=200)]


def _context(request: Request) -> GatewayContext:
    context: GatewayContext = request.app.state.context
    return context


def signed_target(request: Request) -> str:
    """Path and query as sent."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


async def _reader(request: Request) -> Operator:
    context = _context(request)
    await context.follower.catch_up()
    return verify_read(
        request.headers.get("authorization"),
        request.method,
        signed_target(request),
        context.follower.directory.now(),
        context.clock.now(),
        context.reads,
    )


Context = Annotated[Any, Depends(_context)]  # a GatewayContext: FastAPI must not try to build a model of it
Reader = Annotated[Any, Depends(_reader)]  # the Operator who signed


def _view(context: GatewayContext) -> View:
    return context.follower.directory.now()


@router.get("/status", tags=["hub"])
async def show_status(context: Context, _: Reader) -> Status:
    """How far every reader of the log is, and what waits."""
    health, now = context.health, context.clock.now()
    position = context.follower.position
    return await status.show_status(
        context.bus,
        context.store,
        position,
        health.reason(),
        health.halted,
        now,
        braked=health.braked,
        subscriptions=_view(context).all_subscriptions(),
    )


@router.get("/institutions", tags=["directory"])
async def institutions(
    context: Context, _: Reader, limit: Limit = 100, after: After = None
) -> r.Page[r.InstitutionRow]:
    found, cursor = page_values(_view(context).institutions(), lambda v: (v.code,), limit, after)
    return page([institution_row(value) for value in found], cursor)


@router.get("/units", tags=["directory"])
async def units(
    context: Context, _: Reader, institution: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[r.UnitRow]:
    chosen = [v for v in _view(context).units() if institution in {None, v.institution}]
    found, cursor = page_values(chosen, lambda v: (v.institution, v.code), limit, after)
    return page([unit_row(value) for value in found], cursor)


@router.get("/tree", tags=["directory"])
async def tree(
    context: Context, _: Reader, institution: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[r.TreeRow]:
    """Institutions, their units and systems, each below what it is part of."""
    return list_tree(_view(context), institution, limit, after)


@router.get("/systems", tags=["directory"])
async def systems(
    context: Context, _: Reader, institution: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[r.SystemRow]:
    view = _view(context)
    chosen = [v for v in view.systems() if institution in {None, v.institution}]
    found, cursor = page_values(chosen, lambda v: (v.code,), limit, after)
    return page([system_row(value, view, context.clock.now()) for value in found], cursor)


@router.get("/systems/{code}", tags=["directory"])
async def system(context: Context, _: Reader, code: str) -> r.SystemRow:
    view = _view(context)
    found = view.system(code)
    if found is None:
        raise BadMessage("AMANA-READ-001", "system")
    return system_row(found, view, context.clock.now())


@router.get("/apis", tags=["directory"])
async def apis(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[r.ApiRow]:
    found, cursor = page_values(_view(context).apis(), lambda v: (v.code,), limit, after)
    return page([api_row(value) for value in found], cursor)


@router.get("/grants", tags=["directory"])
async def grants(
    context: Context, _: Reader, system: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[r.GrantRow]:
    chosen = [v for v in _view(context).grants() if system in {None, v.system}]
    found, cursor = page_values(chosen, lambda v: (v.system, v.code), limit, after)
    return page([grant_row(value) for value in found], cursor)


@router.get("/subscriptions", tags=["directory"])
async def subscriptions(
    context: Context, _: Reader, limit: Limit = 100, after: After = None
) -> r.Page[r.SubscriptionRow]:
    found, cursor = page_values(_view(context).all_subscriptions(), lambda v: (v.id,), limit, after)
    waits = await find_waits(context.store, found)
    return page([subscription_row(value, waits.get(value.id)) for value in found], cursor)


@router.get("/devices", tags=["directory"])
async def devices(
    context: Context, _: Reader, institution: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[r.DeviceRow]:
    chosen = [v for v in _view(context).devices() if institution in {None, v.institution}]
    found, cursor = page_values(chosen, lambda v: (v.id,), limit, after)
    return page([device_row(value) for value in found], cursor)


@router.get("/feeds", tags=["directory"])
async def feeds(
    context: Context, _: Reader, kind: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[FeedRow]:
    """Folders that are watched and interfaces that are asked: how far each is, and what holds it up."""
    chosen = [v for v in _view(context).feeds() if kind in {None, v.kind}]
    found, cursor = page_values(chosen, lambda v: (v.id,), limit, after)
    states = await find_states(context.store, found)
    return page([feed_row(value, states.get(value.id)) for value in found], cursor)


@router.get("/operators", tags=["directory"])
async def operators(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[r.OperatorRow]:
    found, cursor = page_values(_view(context).operators(), lambda v: (v.name, v.key_id), limit, after)
    return page([operator_row(value) for value in found], cursor)


@router.get("/changes", tags=["changes"])
async def list_changes(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[r.ChangeRow]:
    """Every change that an operator signed, newest first: accepted or refused, and what it touched."""
    return operations.list_changes(context.follower.directory, limit, after)


@router.get("/audit", tags=["changes"])
async def list_audit(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[r.AuditRow]:
    """Every read of personal data, newest first."""
    return await operations.list_reads(context.bus, _view(context), limit, after)


@router.get("/messages", tags=["messages"])
async def list_messages(
    context: Context,
    _: Reader,
    system: Filter = None,
    institution: Filter = None,
    code: Filter = None,
    state: Filter = None,
    kind: Filter = None,
    limit: Limit = 100,
    after: After = None,
) -> r.Page[r.MessageRow]:
    """Newest first."""
    given = {"system": system, "institution": institution, "code": code, "state": state, "kind": kind}
    where = {name: value for name, value in given.items() if value is not None}
    return await messages.list_messages(context.store, where, limit, after)


@router.get("/messages/{name}", tags=["messages"])
async def show_message(context: Context, _: Reader, name: str) -> r.MessageDetail:
    """By id, or by the request id that its sender knows."""
    return await messages.show_message(context.store, context.bus, name)


@router.get("/messages/{name}/trace", tags=["messages"])
async def trace_message(context: Context, _: Reader, name: str) -> r.Trace:
    """What came of it."""
    return await messages.trace_message(context.store, context.bus, name)


@router.get("/dead-letters", tags=["messages"])
async def list_dead_letters(
    context: Context,
    _: Reader,
    stage: Filter = None,
    code: Filter = None,
    state: Filter = None,
    limit: Limit = 100,
    after: After = None,
) -> r.Page[r.DeadLetterRow]:
    """Newest first."""
    given = {"stage": stage, "code": code, "state": state}
    where = {name: value for name, value in given.items() if value is not None}
    return await messages.list_dead_letters(context.store, where, limit, after)


@router.get("/dead-letters/groups", tags=["messages"])
async def group_dead_letters(
    context: Context, _: Reader, state: Annotated[str, Query(max_length=20)] = "open"
) -> r.Page[r.DeadLetterGroup]:
    """How many of each kind there are."""
    return await messages.group_dead_letters(context.store, state)


@router.get("/dead-letters/{name}", tags=["messages"])
async def show_dead_letter(context: Context, _: Reader, name: str) -> r.DeadLetterDetail:
    return await messages.show_dead_letter(context.store, context.bus, name)


@router.get("/runs", tags=["pay"])
async def list_runs(
    context: Context,
    _: Reader,
    institution: Filter = None,
    period: Filter = None,
    limit: Limit = 100,
    after: After = None,
) -> r.Page[r.RunRow]:
    view = _view(context)
    chosen = [
        order for order in view.runs() if institution in {None, order.institution} and period in {None, order.period}
    ]
    return await runs.list_runs(context.store, view, chosen, limit, after)


@router.get("/runs/{run}", tags=["pay"])
async def show_run(context: Context, _: Reader, run: str) -> r.RunDetail:
    return await runs.show_run(context.store, _view(context), run)


@router.get("/runs/{run}/signals", tags=["pay"])
async def signals(
    context: Context,
    reader: Reader,
    run: str,
    state: Annotated[str | None, Query(alias="status", pattern="^(ready|held)$")] = None,
    full: bool = False,
    limit: Limit = 100,
    after: After = None,
) -> r.SignalPage:
    """Opened pay signals, what is personal masked; `full`: as they are. The read is recorded, and which."""
    runs.find_run(_view(context), run)
    where = {} if state is None else {"status": state}
    found = await runs.open_signals(context.store, context.vault, run, where, limit, after)
    what = "pay.signals" if full else "pay.signals.masked"
    await record_read(context.bus, reader, what, run, len(found["items"]), context.clock.now())
    if not full:
        found["items"] = [masked_by(runs.SIGNAL, signal) for signal in found["items"]]
    return found


@router.post("/runs/{run}/explain", tags=["pay"])
async def explain(context: Context, request: Request, run: str) -> r.Explanation:
    """The signals of one employee or of one id, with the steps that led to each. The read is recorded.

    The body is `{"employee": "..."}` or `{"signal": "..."}`; the signed target ends with the digest of the body, so
    the number stands in no address.
    """
    from hub.gateway.api import read_limited

    body = await read_limited(request, MAX_QUESTION)
    await context.follower.catch_up()
    view = _view(context)
    now = context.clock.now()
    header = request.headers.get("authorization")
    reader = verify_read(header, request.method, body_target(signed_target(request), body), view, now, context.reads)
    runs.find_run(view, run)
    where = _question(body, context.keys.hmac)
    found = await runs.open_signals(context.store, context.vault, run, where, 100, None)
    await record_read(context.bus, reader, "pay.explain", run, len(found["items"]), now)
    if found["erased"]:
        raise BadMessage("AMANA-ERASED-001")
    if not found["items"]:
        raise BadMessage("AMANA-READ-001", "no signal of this run is about that")
    return {"run": run, "signals": found["items"]}


def _question(body: bytes, hmac: bytes) -> dict[str, str]:
    try:
        asked = jsontext.parse(body)
    except SigningError:
        asked = None
    match asked:
        case {"employee": str(employee), **rest} if not rest:
            return {"subject": subject_key(hmac, "employee", employee).hex()}
        case {"signal": str(signal), **rest} if not rest:
            return {"signal_id": signal}
    raise BadMessage("AMANA-HTTP-004", 'body: {"employee"} or {"signal"} expected')


@router.get("/reconcile", tags=["pay"])
async def reconcile_all(context: Context, reader: Reader) -> r.Reconciliation:
    """Every control total against what the log and the index hold. Sums pay signals: the read is recorded."""
    found = await reconcile.reconcile(context.bus, context.store, context.vault, _view(context))
    opened = sum(int(run["opened"]) for run in found["runs"])
    await record_read(context.bus, reader, "reconcile", "hub", opened, context.clock.now())
    return found
