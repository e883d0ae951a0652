"""Who may write to the registry, and what.

Rule: reading and comparing are open to whoever reaches the hub. Writing without credentials is for this machine alone, told
by the connection itself, because a foreign schema has no effect until an operator's signed change names it. The hub's own
subjects are changed by the hub's release or an operator, by nobody else.

A system writes the subjects of its institution (`<institution>.…`); one that the setting `registry_writers` names writes all
foreign subjects and what holds for all. Credentials that are given must hold, wherever they come from.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.control.requests import SCHEME, body_target, verify_read
from hub.errors import BadMessage
from hub.gateway.address import LOCAL, Network, client_address, within
from hub.gateway.wire import Scope, find_header
from hub.registry.codes import forbidden, unknown_caller
from hub.registry.names import GLOBAL, is_own
from signing import tokens
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.control.view import View
    from hub.gateway.context import GatewayContext

ANONYMOUS: Final = "local"
_NOBODY: Final = hashlib.sha256(b"no such client").hexdigest()
_BY_OTHERS: Final = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"forwarded", b"via", b"origin"})
"""Headers of a request that somebody passes on, or that a page in a browser makes."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: `name` is kept with what is written. `institution`: the system's; None: no system."""

    name: str
    all: bool
    own: bool = False
    institution: str | None = None


def identify(
    scope: Scope, body: bytes, context: GatewayContext, proxies: tuple[Network, ...], loopback: tuple[Network, ...]
) -> Writer:
    """Raises `Refused` 40101."""
    headers = scope["headers"]
    authorization = find_header(headers, b"authorization")
    if not authorization:
        address = client_address(scope, proxies)
        direct = not any(name in _BY_OTHERS for name, _ in headers)
        if direct and (address == LOCAL or within(address, loopback)):
            return Writer(ANONYMOUS, all=True)
        raise unknown_caller()
    view = context.follower.directory.now()
    scheme = authorization.partition(b" ")[0].lower()
    try:
        if scheme == SCHEME.strip().lower().encode():
            return _operator(scope, body, authorization, context, view)
        system = _client(authorization, view) if scheme == b"basic" else _bearer(authorization, context, view)
    except (BadMessage, SigningError, ValueError):
        raise unknown_caller() from None
    if system is None or system.suspended:
        raise unknown_caller()
    named = system.code in context.settings.registry_writers
    return Writer(f"system/{system.code}", all=named, institution=system.institution)


def check(writer: Writer, subject: str, view: View) -> None:
    """Raises `Refused` 40301 when the writer may not write this subject (or `GLOBAL`)."""
    if is_own(subject):
        if not writer.own:
            raise forbidden(f"subject '{subject}': it is the hub's own")
    elif not writer.all and (subject == GLOBAL or writer.institution != _institution(subject, view)):
        raise forbidden("what holds for all subjects" if subject == GLOBAL else f"subject '{subject}'")


def _institution(subject: str, view: View) -> str | None:
    """Whose subject it is: the longest code of an institution that it begins with."""
    codes = [i.code for i in view.institutions() if subject.startswith(f"{i.code}.")]
    return max(codes, key=len, default=None)


def _operator(scope: Scope, body: bytes, authorization: bytes, context: GatewayContext, view: View) -> Writer:
    path = scope.get("raw_path") or scope["path"].encode()
    target = path.decode("latin-1") + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
    signed = body_target(target, body)
    header = authorization.decode("latin-1")
    operator = verify_read(header, scope["method"], signed, view, context.clock.now(), context.reads)
    return Writer(f"operator/{operator.key_id}", all=True, own=True)


def _client(authorization: bytes, view: View) -> System | None:
    try:
        text = base64.b64decode(authorization[6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    client, _, secret = text.partition(":")
    system = view.system_by_client(client)
    known = system.secret_sha256 if system is not None else _NOBODY
    return system if hmac.compare_digest(known, hashlib.sha256(secret.encode()).hexdigest()) else None


def _bearer(authorization: bytes, context: GatewayContext, view: View) -> System | None:
    if authorization[:7].lower() != b"bearer ":
        return None
    token = tokens.read(context.keys.token, authorization[7:].strip().decode("ascii"), context.clock.now())
    system = view.system(token.system)
    return system if system is not None and system.epoch == token.epoch else None
