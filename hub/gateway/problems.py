"""Refusals outside the engine: RFC 9457 problem documents with the stable code and the three texts.

Rule: every answer above 399 of `/api` is one of these. What nobody expected is logged by type and place and answered
AMANA-HUB-001 with a request id; no internals, no value of the request.
"""

from __future__ import annotations

import secrets
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Route

from hub.control.wording import say
from hub.errors import BadMessage, Halt, HubError, TryAgain
from hub.logs import logger
from signing import jsontext

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from starlette.requests import Request

MEDIA_TYPE: Final = "application/problem+json"
_BY_STATUS: Final = {404: "AMANA-HTTP-003", 405: "AMANA-HTTP-001", 415: "AMANA-HTTP-002"}
_PARAMETERS: Final = {"limit": "a whole number from 1 to 1000"}
_PATTERNS: Final = {"^(ready|held)$": "ready or held expected"}

log = logger()


def render_problem(error: HubError, request_id: str | None = None) -> dict[str, Any]:
    """The members of a problem document."""
    spec = error.spec
    document: dict[str, Any] = {
        "type": f"urn:amana:error:{error.code}",
        "title": spec.happened,
        "status": spec.status,
        "code": error.code,
        "expected": spec.expected,
        "remedy": spec.remedy,
        "fault": spec.fault,
    }
    if error.detail:
        document["detail"] = error.detail
    if request_id:
        document["requestId"] = request_id
    return document


def answer_problem(error: HubError, request_id: str | None = None) -> Response:
    """A problem document as an answer."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, TryAgain):
        headers["retry-after"] = str(max(1, round(error.after)))
    if error.spec.status == 401:
        headers["www-authenticate"] = "Amana"
    if error.spec.status == 408:
        headers["connection"] = "close"
    body = jsontext.render(render_problem(error, request_id))
    return Response(body, status_code=error.spec.status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI, *routers: APIRouter) -> None:
    """Let every failure of `app`, which serves `routers`, become a problem document."""
    app.state.routers = routers
    app.add_exception_handler(HubError, _hub_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _hub_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    if isinstance(error, Halt):
        request_id = secrets.token_hex(16)
        log.error("api.halted", code=error.code, detail=error.detail, request_id=request_id)
        return answer_problem(error, request_id)
    return answer_problem(error)


async def _gone(_: Request, __: Exception) -> Response:
    """Nobody reads this: whoever breaks off is neither answered nor logged."""
    return Response(status_code=408)


async def _validation(_: Request, error: Exception) -> Response:
    """Names the parameter and the rule, never the value."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if not faults:
        return answer_problem(BadMessage("AMANA-HTTP-004", "body: not usable"))
    first = faults[0]
    name = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, str)) or "body"
    return answer_problem(BadMessage("AMANA-HTTP-004", f"{name}: {_PARAMETERS.get(name) or say(first, _PATTERNS)}"))


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _BY_STATUS.get(status)
    if status != 405:
        return answer_problem(BadMessage(code or "AMANA-HTTP-004"))
    allowed = ", ".join(sorted(allowed_methods(request)))
    answer = answer_problem(BadMessage("AMANA-HTTP-001", f"allowed: {allowed}"))
    answer.headers["allow"] = allowed
    return answer


def allowed_methods(request: Request) -> set[str]:
    """Methods of every route of this path; starlette names those of the first one only."""
    return {
        method
        for router in (request.app, *request.app.state.routers)
        for route in router.routes
        if isinstance(route, Route) and route.matches({**request.scope, "method": ""})[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _unexpected(_: Request, error: Exception) -> Response:
    request_id = secrets.token_hex(16)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    # its text may quote a value of the request, so it is left out
    log.error("api.failed", request_id=request_id, error=type(error).__name__, where=where)
    return answer_problem(BadMessage("AMANA-HUB-001"), request_id)
