"""Reads of `/api/v1` about contracts in force: their states, waivers, and who breaks when one changes.

Rule: as every read, signed by an active operator; what asks its question in a body is signed with the body's digest.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from hub.contracts.breaking import check_breaking
from hub.contracts.governing import waived
from hub.contracts.names import pins_of, subject_of
from hub.control.requests import body_target, verify_read
from hub.errors import BadMessage
from hub.gateway.api_reads import After, Context, Filter, Limit, Reader, signed_target
from hub.reads import contracts as c
from hub.reads import rows as r
from hub.reads.audit import record_read
from hub.reads.paging import page, page_values
from hub.reads.payloads import Payload, check_right, open_payload
from hub.reads.topics import LeaveRow, list_leaves
from signing import jsontext
from signing.errors import SigningError

MAX_SCHEMA = 1_100_000
MOST_DAYS = 3660

router = APIRouter(prefix="/api/v1")


@router.get("/contract-states", tags=["contracts"])
async def states(
    context: Context, _: Reader, contract: Filter = None, limit: Limit = 100, after: After = None
) -> r.Page[c.ContractStateRow]:
    """Versions of contracts that codes name, or that somebody decided on, and who used them lately."""
    found = await c.show_states(context.follower.directory, context.store, context.clock.now(), contract)
    rows, cursor = page_values(found, lambda row: (row["contract"],), limit, after)
    return page(rows, cursor)


@router.get("/waivers", tags=["contracts"])
async def waivers(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[c.WaiverRow]:
    """Leave that was asked for to break somebody, and who gave it."""
    found, cursor = page_values(
        c.list_waivers(context.follower.directory.now()), lambda row: (row["id"],), limit, after
    )
    return page(found, cursor)


@router.get("/topics", tags=["contracts"])
async def topics(context: Context, _: Reader, limit: Limit = 100, after: After = None) -> r.Page[LeaveRow]:
    """Leave to write to topics that subscribers read themselves, and who gave it."""
    found, cursor = page_values(list_leaves(context.follower.directory.now()), lambda row: (row["id"],), limit, after)
    return page(found, cursor)


@router.post("/contracts/check", tags=["contracts"])
async def check(context: Context, request: Request) -> c.CheckAnswer:
    """What a new schema would break, and whom. The body is `{"subject", "schema", "days"}`; `subject` may be the name of
    a contract too. Nothing is registered."""
    from hub.gateway.api import read_limited

    body = await read_limited(request, MAX_SCHEMA)
    await context.follower.catch_up()
    view, now = context.follower.directory.now(), context.clock.now()
    header = request.headers.get("authorization")
    verify_read(header, request.method, body_target(signed_target(request), body), view, now, context.reads)
    subject, schema, days = _question(body)
    await context.registry.catch_up()
    registry = context.registry.registry
    if not registry.versions(subject):
        subject = subject_of(subject)
    found = await check_breaking(registry, context.store, view, subject, schema, days, now)
    pins = pins_of(subject, [one.number for one in found.held])
    return c.check_answer(found, pins, days, waived=waived(view, subject, found.digest, now))


@router.get("/messages/{name}/body", tags=["messages"])
async def body(context: Context, reader: Reader, name: str, full: bool = False) -> Payload:
    """What a message says, masked by the tags of its contract; `full`: as it is, for administrators. The read is
    recorded, and which."""
    if full:
        check_right(reader, "admin")
    await context.registry.catch_up()
    view, registered = context.follower.directory.now(), context.registry.registry
    found = await open_payload(
        context.store, context.bus, context.vault, view, registered, context.keys.signing, name, full=full
    )
    what = "message.body" if full else "message.body.masked"
    await record_read(context.bus, reader, what, found["id"], 1, context.clock.now())
    return found


def _question(body: bytes) -> tuple[str, str, int]:
    try:
        asked: Any = jsontext.parse(body)
    except SigningError:
        asked = None
    match asked:
        case {"subject": str(subject), "schema": str(schema), "days": int(days), **rest} if not rest:
            if 1 <= days <= MOST_DAYS and not isinstance(days, bool):
                return subject, schema, days
    raise BadMessage("AMANA-HTTP-004", f'body: {{"subject", "schema" (its text), "days" (1 to {MOST_DAYS})}} expected')
