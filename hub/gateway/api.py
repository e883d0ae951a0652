"""`/api/v1`: what the command line and the console do, as one FastAPI application; OpenAPI at `/api/openapi.json`.

Rule: a change is an envelope signed by an operator and takes effect only as a record of the control log; what is
refused before that leaves no record. Nothing here keeps state; the directory is that of the process's follower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response

from hub.asyncapi import make_document
from hub.contracts.governing import check_repinned
from hub.contracts.using import find_users
from hub.control.announcing import USERS
from hub.control.changes import MAX_CHANGE_BYTES
from hub.control.directory import Outcome, render_body
from hub.control.follow import submit
from hub.delivery import settlements
from hub.errors import BadMessage
from hub.gateway import api_contracts, api_devices, api_identity, api_joining, api_reads, problems, wire
from hub.gateway.contracts import terms_of
from hub.gateway.options import check_options
from hub.gateway.publishing import check_topic
from hub.reads.rows import ChangeAnswer, HubRow
from hub.reads.runs import run_state
from hub.stages.index_rows import ERASABLE
from hub.topics import INBOX
from signing import envelope, jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.gateway.context import GatewayContext
    from hub.gateway.wire import ASGIApp, Receive, Scope, Send

CHANGE_BODY: Final = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["data", "signature"],
                "properties": {
                    "data": {
                        "type": "object",
                        "required": ["operator", "change", "args", "nonce", "at"],
                        "properties": {
                            "operator": {"type": "string", "description": "Key id of the operator who signs"},
                            "change": {"type": "string", "description": "Kind of change, such as system.add"},
                            "args": {"type": "object"},
                            "nonce": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                            "at": {"type": "integer", "description": "When it was signed, ms since 1970"},
                        },
                    },
                    "signature": {"type": "string", "description": "Base64, over the bytes of data as sent"},
                },
            }
        }
    },
}
_SIGNER: Final = frozenset({"AMANA-OPER-001", "AMANA-OPER-003", "AMANA-OPER-004"})
"""Refusals of whoever asks, before what is asked."""

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "Refused, with a stable code", "content": {problems.MEDIA_TYPE: {}}},
    "5XX": {"description": "The hub failed", "content": {problems.MEDIA_TYPE: {}}},
}


def build_api(context: GatewayContext) -> ASGIApp:
    """The application. Serve it over TCP and over the local socket alike."""
    app = FastAPI(
        title="Amana",
        summary="Operate a hub: changes signed by operators, reads with a signed header",
        version=hub_version(),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    app.state.context = context
    problems.install(app, api_reads.router, api_joining.router, api_contracts.router, api_identity.router)
    app.include_router(api_reads.router)
    app.include_router(api_contracts.router)  # before the contracts by name
    app.include_router(api_joining.router)
    app.include_router(api_identity.router)
    app.include_router(api_devices.router)

    @app.get("/api/asyncapi.json", include_in_schema=False)
    async def show_log() -> Response:
        """The topics of the log as AsyncAPI, without addresses of brokers. Open to everybody."""
        document = make_document(context.settings, adapters=context.adapters)
        return Response(jsontext.render(document), media_type="application/json")

    @app.get("/api/v1/hub", tags=["hub"])
    async def show_hub() -> HubRow:
        """The hub's public key, needed to verify its receipts. Open to everybody."""
        public = context.keys.signing.public
        return {
            "name": "amana",
            "version": hub_version(),
            "keyId": public.key_id,
            "publicKey": public.pem(),
            "position": context.follower.position,
        }

    @app.post("/api/v1/changes", tags=["changes"], openapi_extra={"requestBody": CHANGE_BODY})
    async def change(request: Request) -> ChangeAnswer:
        """Ask for a change. Answered when it is durable and applied; sending the same bytes again is harmless."""
        return await make_change(context, await read_limited(request, MAX_CHANGE_BYTES))

    return _guard(app)


async def make_change(context: GatewayContext, body: bytes) -> ChangeAnswer:
    """Judge, add what only the hub knows, submit, answer the outcome. Raises `BadMessage` for a refusal."""
    now = context.clock.now()
    await context.follower.catch_up()
    kind, args = _peek(body)
    members: dict[str, Any] = {}
    missing: BadMessage | None = None
    try:
        members |= await settlements.find(context.store, context.bus, kind, args)
    except BadMessage as refusal:
        missing = refusal  # told to nobody but an operator who may decide
    if kind == "run.open":
        members["cutoff"] = await inbox_ends(context)
    judged = context.follower.directory.judge(render_body(body, now, members))
    if missing is not None and not judged.repeated and judged.code not in _SIGNER:
        raise missing
    _refuse(judged)
    if kind == "run.approve" and not judged.repeated:
        await _check_digest(context, args)
    if kind == "api.add" and not judged.repeated:
        await context.registry.catch_up()
        check_contracts(args, context.registry.registry)
    if kind == "api.contract" and not judged.repeated:
        registry = context.registry
        await registry.catch_up()
        check_contracts(args, registry.registry)
        await check_repinned(context.follower.directory.now(), registry.registry, args, now)
    if not judged.repeated:
        view = context.follower.directory.now()
        await check_topic(kind, args, view, context.settings.bus, context.registry)
        check_options(kind, args, context.follower.directory.now(), context.adapters)
    if kind == "contract.state" and not judged.repeated:
        view = context.follower.directory.now()
        members[USERS] = await find_users(context.store, view, str(args["contract"]), now)
    if kind == "message.erase" and not judged.repeated:
        await _check_known(context, args)
    if not judged.repeated:
        await context.joins.check(kind, args)
    outcome = await submit(context.bus, context.follower, context.keys, body, members, now)
    _refuse(outcome)
    await context.joins.settled(kind, args)
    return {
        "position": outcome.position,
        "id": outcome.id,
        "repeated": outcome.repeated,
        "result": outcome.result,
    }


async def inbox_ends(context: GatewayContext) -> dict[str, list[int]]:
    """Ends of every inbox partition: the cut-off of a run that is opened now."""
    topics = context.bus.topics()
    return {
        topic: [await context.bus.end(topic, partition) for partition in range(topics[topic])]
        for topic in sorted(topics)
        if topic.startswith(INBOX)
    }


def _refuse(outcome: Outcome) -> None:
    if not outcome.accepted:
        raise BadMessage(outcome.code, outcome.detail)


def _peek(body: bytes) -> tuple[str, dict[str, Any]]:
    """Kind and arguments, not verified yet: only to see what the hub has to add. Whatever does not read is
    refused by the judgement that follows."""
    try:
        data = jsontext.parse(envelope.frame(body).data)
    except SigningError:
        return "", {}
    if not isinstance(data, dict) or not isinstance(data.get("args"), dict):
        return "", {}
    return str(data.get("change")), data["args"]


async def _check_digest(context: GatewayContext, args: dict[str, Any]) -> None:
    """What is approved must be what was computed, at this moment."""
    row = await run_state(context.store, args["run"])
    if row is None or not row["digest"]:
        raise BadMessage("AMANA-CHANGE-004", "the run is not computed yet")
    if row["digest"] != args["digest"]:
        raise BadMessage("AMANA-CHANGE-004", "another digest")


def check_contracts(args: Mapping[str, Any], registered: Registered | None = None) -> None:
    """The contracts that a new code names must be known here, or nobody could ever check a body."""
    for member in ("contract", "requestContract"):
        name = args.get(member)
        if name is None or (member == "contract" and args.get("adapter") is not None):
            continue  # that of an exchange is its adapter's matter
        try:
            terms_of(name, registered)
        except BadMessage:
            known = "any, a canonical contract (`amana contract list`), wire:<adapter>.<exchange>, or subject:<name>:<version>"
            raise BadMessage("AMANA-CHANGE-002", f"{member}: {known}") from None


async def _check_known(context: GatewayContext, args: dict[str, Any]) -> None:
    """Only what came in can be erased by its id, and only once the index has it: a mistyped id must not pass for done."""
    ids = list(dict.fromkeys(args["ids"]))
    rows = await context.store.rows("message", {"id": ids, "kind": sorted(ERASABLE)})
    unknown = len(ids) - len(rows)
    if unknown:
        raise BadMessage("AMANA-CHANGE-002", f"ids: {unknown} of {len(ids)} are of no message that came in")


async def read_limited(request: Request, limit: int) -> bytes:
    """The body, or AMANA-SIZE-001 as soon as it is too large, AMANA-HTTP-005 when it is not whole in time. Raises
    `ClientDisconnect` when the sender is gone."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(wire.BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise BadMessage("AMANA-SIZE-001", f"limit {limit} bytes")
                parts.append(part)
    except TimeoutError:
        raise BadMessage("AMANA-HTTP-005") from None
    return b"".join(parts)


def hub_version() -> str:
    try:
        return version("amana-hub")
    except PackageNotFoundError:
        return "0"


def _guard(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> ASGIApp:
    """Starlette answers what nobody expected and raises it again: it is logged by then, so it ends here."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Any) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await app(scope, receive, watch)
        except Exception:  # answered and logged by `problems`; anything else goes on
            if not started:
                raise

    return guarded
