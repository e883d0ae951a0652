"""The part of `/api/v1` for who joins: requests, what became of them, services on offer.

Rule: what needs no signature here says nothing that an attacker could use, takes bounded bytes and is counted when it is
refused; what shows a contact is signed by an operator and recorded.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.errors import BadMessage, HubError
from hub.gateway.address import client_address, parse_networks
from hub.gateway.api_reads import After, Context, Limit, Reader
from hub.joining import rows as j
from hub.joining.desk import TABLE
from hub.joining.probe import Probed, find_address, probe
from hub.joining.request import MAX_REQUEST
from hub.reads import rows as r
from hub.reads import services as s
from hub.reads.audit import record_read
from hub.reads.paging import page, page_rows, page_values
from signing import jsontext

router = APIRouter(prefix="/api/v1", tags=["joining"])

REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["data", "signature"],
                "description": "Signed with the key that it proposes; `amana join request` makes one",
                "properties": {"data": {"type": "object"}, "signature": {"type": "string"}},
            }
        }
    },
}


@router.post("/join", openapi_extra={"requestBody": REQUEST_BODY})
async def ask(context: Context, request: Request) -> j.JoinState:
    """Ask to join. Sending the same bytes again is harmless."""
    from hub.gateway.api import read_limited

    body = b""
    address = client_address(request.scope, parse_networks(context.settings.trusted_proxies))
    try:
        body = await read_limited(request, MAX_REQUEST)
        name = await context.joins.take(body, address)
    except HubError as refused:
        context.refusals.count(refused.code, len(body), address, context.clock.now())
        raise
    return await _state(context, name)


@router.get("/join/{name}")
async def state(context: Context, name: str) -> j.JoinState:
    """What became of a request. Open to whoever knows its id."""
    return await _state(context, name)


async def _state(context: Context, name: str) -> j.JoinState:
    row = await context.joins.find(name)
    if row is not None:
        return j.waiting_state(row, context.clock.now())
    join = context.follower.directory.now().join(name)
    if join is None:
        raise BadMessage("AMANA-READ-001", "join request: it never was, or has expired")
    return j.decided_state(join, context.keys.signing.public)


@router.get("/joins")
async def joins(
    context: Context, _: Reader, decided: bool = False, limit: Limit = 100, after: After = None
) -> r.Page[j.JoinRow]:
    """Requests that wait, oldest first; or those that are decided."""
    view = context.follower.directory.now()
    if decided:
        made, cursor = page_values(view.joins(), lambda v: (f"{v.position:020d}",), limit, after)
        return page([j.decided_row(value, view) for value in made], cursor)
    now = context.clock.now()
    found, cursor = await page_rows(context.store, TABLE, {}, ("made", "id"), limit, after)
    return page([j.waiting_row(row, view, now) for row in found if view.join(row["id"]) is None], cursor)


@router.get("/joins/{name}")
async def join(context: Context, reader: Reader, name: str) -> j.JoinDetail:
    """One request with its contact. The read is recorded."""
    now = context.clock.now()
    row = await context.joins.find(name)
    view = context.follower.directory.now()
    if row is not None:
        await record_read(context.bus, reader, "join.contact", name, 1, now)
        return j.waiting_detail(row, view, now)
    found = view.join(name)
    if found is None:
        raise BadMessage("AMANA-READ-001", "join request")
    return j.decided_detail(found, view)


@router.get("/services", tags=["services"])
async def services(context: Context, limit: Limit = 100, after: After = None) -> r.Page[s.ServiceRow]:
    """Who offers what, under which contract, and how to ask. Open to everybody."""
    found, cursor = s.list_services(context.follower.directory.now(), context.adapters, limit, after)
    return page(found, cursor)


@router.get("/contracts", tags=["services"])
async def contracts(context: Context, limit: Limit = 100, after: After = None) -> r.Page[s.ContractRow]:
    """The contracts that bodies keep. Open to everybody."""
    found, cursor = s.list_contracts(context.adapters, limit, after)
    return page(found, cursor)


@router.get("/contracts/{name}", tags=["services"], response_class=Response)
async def contract(context: Context, name: str) -> Response:
    """A contract as JSON Schema. Open to everybody."""
    schema = s.show_contract(name, context.adapters)
    return Response(jsontext.render(schema), media_type="application/schema+json")


@router.post("/systems/{code}/test", tags=["directory"])
async def call_system(
    context: Context, reader: Reader, code: str, subscription: Annotated[str | None, Query(max_length=200)] = None
) -> r.ProbeRow:
    """Send a system a signed PING and tell how far it got. An administrator's; recorded before it is answered."""
    if "admin" not in reader.roles:
        raise BadMessage("AMANA-OPER-004")
    view = context.follower.directory.now()
    system = view.system(code)
    if system is None:
        raise BadMessage("AMANA-READ-001", "system")
    found = await probe(context, system, find_address(view, system, subscription))
    what = f"system.test: {found.failed or 'well'}"
    await record_read(context.bus, reader, what, code, 0, context.clock.now())
    return _test_row(code, found)


def _test_row(code: str, found: Probed) -> r.ProbeRow:
    return {
        "system": code,
        "requestId": found.request,
        "milliseconds": found.milliseconds,
        "failed": found.failed,
        "steps": [{"step": step.name, "ok": step.ok, "seen": step.seen, "remedy": step.remedy} for step in found.steps],
    }
