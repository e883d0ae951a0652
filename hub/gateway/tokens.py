"""`POST /oauth/token`: client credentials for an access token (RFC 6749, sections 2.3, 4.4 and 5).

Published clients send the credentials twice, in a Basic header and as form fields, and the form is urlencoded or
multipart; one of them reads the answer strictly, so it has exactly three members.

Rule: decided from bytes, a view and a time; the app sends the answer. Secrets are compared by their SHA-256 in constant
time, and an unknown client costs the same work as a known one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from hub.errors import BadMessage
from hub.records import Ms
from signing import jsontext, tokens

if TYPE_CHECKING:
    from hub.control.view import View

MAX_FORM: Final = 16_384
_NOBODY: Final = hashlib.sha256(b"no such client").hexdigest()

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What goes back. `code`: why the client was refused, which counts against its address."""

    status: int
    body: bytes
    code: str = ""
    basic: bool = False  # the client used a Basic header, so a 401 names that scheme


def decide(
    authorization: bytes, content_type: bytes, body: bytes, view: View, now: Ms, *, key: bytes, seconds: int
) -> TokenAnswer:
    """The answer to one request for a token."""
    form = parse_form(content_type, body)
    if form is None:
        return _refuse(400, "invalid_request", "the body is not a form")
    basic = authorization[:6].lower() == b"basic "
    credentials = _credentials(authorization, form)
    if credentials is None:
        return _refuse_client(BadMessage("AMANA-AUTH-004"), basic=basic)
    grant = form.get("grant_type", "")
    if grant != "client_credentials":
        kind = "unsupported_grant_type" if grant else "invalid_request"
        return _refuse(400, kind, "grant_type must be client_credentials")
    client, secret = credentials
    system = view.system_by_client(client)
    known = system.secret_sha256 if system is not None else _NOBODY
    given = hashlib.sha256(secret.encode()).hexdigest()
    if not hmac.compare_digest(known, given) or system is None:
        return _refuse_client(BadMessage("AMANA-AUTH-004"), basic=basic)
    if system.suspended:
        return _refuse_client(BadMessage("AMANA-AUTH-003"), basic=basic)
    token = tokens.issue(key, system.code, now + seconds * 1000, system.epoch)
    answer = jsontext.render({"access_token": token, "token_type": "Bearer", "expires_in": seconds})
    return TokenAnswer(200, answer)


def throttled() -> bytes:
    """Body of the answer to an address that failed too often."""
    return _error("invalid_client", BadMessage("AMANA-AUTH-005").text())


def too_large() -> bytes:
    return _error("invalid_request", BadMessage("AMANA-SIZE-001", f"limit {MAX_FORM} bytes").text())


def too_late() -> bytes:
    return _error("invalid_request", BadMessage("AMANA-HTTP-005").text())


def wrong_method() -> bytes:
    return _error("invalid_request", BadMessage("AMANA-HTTP-001", "POST").text())


def parse_form(content_type: bytes, body: bytes) -> Form | None:
    """Fields of an urlencoded or multipart form; None when it is neither. A field given twice is no form for us."""
    media, _, _ = content_type.partition(b";")
    media = media.strip().lower()
    try:
        if media == b"multipart/form-data":
            pairs = _parse_multipart(content_type, body)
        elif media in {b"application/x-www-form-urlencoded", b""}:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
        else:
            return None
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


def _parse_multipart(content_type: bytes, body: bytes) -> list[tuple[str, str]]:
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise ValueError("no boundary")
    pairs: list[tuple[str, str]] = []
    field, value, header, content = bytearray(), bytearray(), bytearray(), bytearray()

    def on_header_end() -> None:
        if bytes(header).lower() == b"content-disposition":
            field[:] = parse_options_header(bytes(content))[1].get(b"name", b"")
        header.clear()
        content.clear()

    def on_part_end() -> None:
        pairs.append((field.decode("utf-8"), value.decode("utf-8")))
        field.clear()
        value.clear()

    parser = MultipartParser(
        boundary,
        {
            "on_header_field": lambda text, start, end: header.extend(text[start:end]),
            "on_header_value": lambda text, start, end: content.extend(text[start:end]),
            "on_header_end": on_header_end,
            "on_part_data": lambda text, start, end: value.extend(text[start:end]),
            "on_part_end": on_part_end,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise ValueError("not multipart") from None
    return pairs


def _credentials(authorization: bytes, form: Form) -> tuple[str, str] | None:
    """Client id and secret from the Basic header, the form, or both when they agree."""
    given = None
    if "client_id" in form and "client_secret" in form:
        given = (form["client_id"], form["client_secret"])
    if authorization[:6].lower() != b"basic ":
        return given
    try:
        client, colon, secret = (
            base64.b64decode(authorization[6:].strip(), validate=True).decode("utf-8").partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not colon or (given is not None and given != (client, secret)):
        return None
    return client, secret


def _refuse_client(error: BadMessage, *, basic: bool) -> TokenAnswer:
    return TokenAnswer(401, _error("invalid_client", error.text()), code=error.code, basic=basic)


def _refuse(status: int, kind: str, text: str) -> TokenAnswer:
    return TokenAnswer(status, _error(kind, text))


def _error(kind: str, text: str) -> bytes:
    return jsontext.render({"error": kind, "error_description": text})
