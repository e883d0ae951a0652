"""Asking SIASN about employees, one NIP after the other: data-utama, or one of the histories.

Rule: pure. Two tokens are fetched first and live in memory: APIM's (client credentials) and SSO's (password grant). A round
asks for every NIP of the option `nips` once; it goes on where it was, and the next round begins the day after. A message
says its resource, its NIP and the day of its round, so what changed and changed back is another message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from adapters.kit import AdapterError, Credential, Form, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.polling import Cursor, Session
from schemas.canonical.identifiers import check_nip
from signing import jsontext
from signing.errors import SigningError

from .history import KINDS

BASE: Final = "/apisiasn/1.0"
APIM: Final = "/oauth2/token"
SSO: Final = "/auth/realms/public-siasn/protocol/openid-connect/token"
MAIN: Final = "data-utama"
_SUCCESS: Final = 200
_MISSING: Final = 404
_DAY: Final = 86_400
_MARGIN: Final = 60
_SSO_SECONDS: Final = 43_200
_APIM_SECONDS: Final = 3_600


def next_main(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:
    """A token, or the main record of the next employee."""
    return _next(cursor, session, context, MAIN)


def take_main(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
    """What came for it."""
    return _take(response, cursor, session, context, MAIN, _is_object)


def next_history(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:
    """A token, or the history that the option `resource` names, of the next employee."""
    return _next(cursor, session, context, _resource(context))


def take_history(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
    """What came for it."""
    return _take(response, cursor, session, context, _resource(context), _is_list)


def _next(cursor: Cursor, session: Session, context: PollContext, resource: str) -> PollRequest:
    if _token_of(session, "apim", context) is None:
        form = Form({"grant_type": "client_credentials"})
        headers = {"Authorization": Credential("apim-basic", "Basic ")}
        return PollRequest("POST", context.options.get("apimPath", APIM), (), headers, form, True, "apimUrl")
    if _token_of(session, "sso", context) is None:
        form = Form(
            {
                "grant_type": "password",
                "client_id": Credential("sso-client"),
                "username": Credential("sso-user"),
                "password": Credential("sso-password"),
            }
        )
        return PollRequest("POST", context.options.get("ssoPath", SSO), (), {}, form, True, "ssoUrl")
    nips = _nips(context)
    place = _place(cursor, nips)
    said: dict[str, str | Credential] = {
        "Authorization": f"Bearer {_token_of(session, 'apim', context)}",
        "Auth": f"bearer {_token_of(session, 'sso', context)}",
        "Accept": "application/json",
    }
    return PollRequest("GET", f"{context.options.get('basePath', BASE)}/pns/{resource}/{nips[place]}", (), said)


def _take(
    response: PollResponse,
    cursor: Cursor,
    session: Session,
    context: PollContext,
    resource: str,
    fits: Callable[[Any], bool],
) -> Taken:
    for name, usual in (("apim", _APIM_SECONDS), ("sso", _SSO_SECONDS)):
        if _token_of(session, name, context) is None:
            return Taken([], dict(cursor), {**session, **_token(response, name, usual, context)}, again=True)
    if response.status in (401, 403):
        raise AdapterError("sign-in-refused", "SIASN refuses a token that it has given")
    nips = _nips(context)
    place = _place(cursor, nips)
    began = cursor.get("began") if place else None
    began = began if isinstance(began, str) else _today(context)
    rows = [] if response.status == _MISSING else _rows(response, fits)
    message = {"resource": resource, "nip": nips[place], "asOf": began, "data": rows}
    bodies = [jsontext.render(message)] if rows else []
    last = place + 1 == len(nips)
    after = {"next": 0} if last else {"next": place + 1, "nip": nips[place], "began": began}
    return Taken(bodies, after, dict(session), again=not last, after_seconds=_DAY if last else None)


def _rows(response: PollResponse, fits: Callable[[Any], bool]) -> list[Any]:
    if response.status != _SUCCESS:
        raise AdapterError("answer-unusable", "SIASN answers with an error")
    try:
        data = jsontext.parse(response.body)["data"]
    except (SigningError, UnicodeDecodeError, KeyError, TypeError):
        raise AdapterError("answer-unusable", "the answer is no object with data in it") from None
    if not data or isinstance(data, str):  # "Data tidak ditemukan" and the like
        return []
    if not fits(data):
        raise AdapterError("answer-unusable", "data is not what this resource answers with")
    return data if isinstance(data, list) else [data]


def _is_object(data: Any) -> bool:
    return isinstance(data, dict)


def _is_list(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(row, dict) for row in data)


def _token(response: PollResponse, name: str, usual: int, context: PollContext) -> dict[str, str]:
    try:
        said = jsontext.parse(response.body) if response.status == _SUCCESS else {}
        token, seconds = said["access_token"], said.get("expires_in", usual)
        usable = type(token) is str and 0 < len(token) <= 4000 and token.isascii() and token.isprintable()
        usable = usable and type(seconds) is int and " " not in token
    except (SigningError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        usable = False
    if not usable:
        raise AdapterError("sign-in-refused", f"no token was given by {name}")
    return {name: token, f"{name}-until": str(context.now // 1000 + min(seconds, usual) - _MARGIN)}


def _token_of(session: Session, name: str, context: PollContext) -> str | None:
    until = session.get(f"{name}-until", "0")
    return session.get(name) if until.isdigit() and int(until) > context.now // 1000 else None


def _nips(context: PollContext) -> list[str]:
    nips = [nip.strip() for nip in context.options.get("nips", "").split(",") if nip.strip()]
    if not nips or any(check_nip(nip, pppk=True) is not None for nip in nips):
        raise AdapterError("option-malformed", "the option nips is no list of NIPs of 18 digits, comma separated")
    return nips


def _place(cursor: Cursor, nips: list[str]) -> int:
    """Place of the next NIP: behind the last one that was asked for, wherever it stands now; else the first."""
    last = cursor.get("nip")
    place = nips.index(last) + 1 if last in nips else 0
    return place if place < len(nips) else 0


def _resource(context: PollContext) -> str:
    resource = context.options.get("resource", "")
    if resource not in KINDS:
        raise AdapterError("option-malformed", f"the option resource is one of {', '.join(KINDS)}")
    return resource


def _today(context: PollContext) -> str:
    return datetime.fromtimestamp(context.now // 1000, UTC).date().isoformat()
