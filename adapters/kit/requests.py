"""A poll's request, checked and written out for the wire.

Rule: a request leads below the registered address and nowhere else; what it names of secrets is declared, and the texts
of secrets meet it here alone, in the hub's hands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from adapters.kit.polling import Credential, Form, Json, PollRequest

_PATH: Final = re.compile(r"/[0-9A-Za-z._~/%-]*", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z-]{0,60}", re.ASCII)
_OWN: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
)
MAX_TEXT: Final = 4096

Reveal = Callable[[str], str]
"""The text of a secret by its name."""


def faults_of(request: PollRequest, credentials: frozenset[str]) -> str | None:
    """What is wrong with a request; None: nothing."""
    if request.method not in ("GET", "POST") or (request.method == "GET" and request.body is not None):
        return "a request is a GET without a body, or a POST"
    if not _PATH.fullmatch(request.path) or ".." in request.path or "//" in request.path:
        return "a path begins with a slash and leads below the registered address"
    pairs = [*request.query, *request.headers.items()]
    if any(type(name) is not str or not isinstance(value, str | Credential) for name, value in pairs):
        return "names and values of a request are texts"
    for name, value in request.headers.items():
        text = value.prefix if isinstance(value, Credential) else value
        if not _NAME.fullmatch(name) or name.lower() in _OWN or not text.isprintable() or len(text) > MAX_TEXT:
            return "a header of a request cannot be sent"
    for credential in _credentials(request):
        if credential.name not in credentials:
            return "a request refers to a secret that the manifest does not declare"
    return None


def target_of(request: PollRequest) -> str:
    """Path and query, as they follow the registered address."""
    query = urlencode(list(request.query), quote_via=quote)
    return f"{request.path}?{query}" if query else request.path


def headers_of(request: PollRequest, reveal: Reveal) -> dict[str, str]:
    """Headers with their secrets in."""
    return {name: _revealed(value, reveal) for name, value in request.headers.items()}


def body_of(request: PollRequest, reveal: Reveal) -> tuple[bytes, str]:
    """Body and content type with their secrets in; both empty for a GET."""
    body = request.body
    if body is None:
        return b"", ""
    if isinstance(body, Form):
        fields = {name: _revealed(value, reveal) for name, value in body.fields.items()}
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return msgspec.json.encode(_filled(body.value, reveal)), "application/json"


def _revealed(value: str | Credential, reveal: Reveal) -> str:
    return value.prefix + reveal(value.name) if isinstance(value, Credential) else value


def _filled(value: Any, reveal: Reveal) -> Any:
    if isinstance(value, Credential):
        return _revealed(value, reveal)
    if isinstance(value, dict):
        return {name: _filled(inner, reveal) for name, inner in value.items()}
    return [_filled(inner, reveal) for inner in value] if isinstance(value, list) else value


def _credentials(request: PollRequest) -> Iterator[Credential]:
    body = request.body
    yield from _within(dict(request.headers))
    if isinstance(body, Form):
        yield from _within(dict(body.fields))
    elif isinstance(body, Json):
        yield from _within(body.value)


def _within(value: Any) -> Iterator[Credential]:
    if isinstance(value, Credential):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _within(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _within(inner)
