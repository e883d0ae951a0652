"""The gateway's answers: signed receipts and refusals on the engine, as bytes that clients verify.

Rule: an answer is an envelope in the media type of its request, compact, signed with the hub's key over exactly the
`data` that is sent. A refusal says its stable code first and holds nothing of what was received.
"""

from __future__ import annotations

import functools
import secrets
from datetime import UTC, datetime
from typing import Any

from hub.errors import HubError
from hub.ports import Admitted, Duplicate
from hub.records import request_id
from signing import envelope, jsontext
from signing.forms import Media, seal_form
from signing.keys import PrivateKey


def render_receipt(
    outcome: Admitted | Duplicate, key: PrivateKey, *, checked: bool = True, media: Media = "json", notice: str = ""
) -> bytes:
    """Proof that the hub holds the message. A duplicate gets the first one's receipt again, newly signed. `checked`
    False: the body was passed on unread, and the receipt says so. `notice`: what the sender should know of its contract."""
    if media == "xml":
        body = {
            "digest": outcome.digest,
            "receivedAt": format_time(outcome.time),
            "duplicate": isinstance(outcome, Duplicate),
            "checked": None if checked else False,
            "notice": notice or None,
        }
        return _seal({"success": True, "requestId": request_id(outcome.id), "esbBody": body}, key, media)
    duplicate = "true" if isinstance(outcome, Duplicate) else "false"
    unread = "" if checked else ',"checked":false'
    if notice:
        unread += f',"notice":{jsontext.render(notice).decode()}'
    data = (
        f'{{"success":true,"requestId":"{request_id(outcome.id)}","esbBody":{{"digest":"{outcome.digest}",'
        f'"receivedAt":"{format_time(outcome.time)}","duplicate":{duplicate}{unread}}}}}'
    )
    return envelope.seal(data.encode(), key)


def render_refusal(error: HubError, request: str, key: PrivateKey, media: Media = "json") -> bytes:
    """`success:false`; `request` is the id under which the hub remembers the refusal."""
    return _seal({"success": False, "requestId": request, "message": error.text()}, key, media)


def _seal(members: dict[str, Any], key: PrivateKey, media: Media) -> bytes:
    return seal_form(members, key, media, "response")


def new_request_id() -> str:
    """For an answer to something that is not kept."""
    return secrets.token_hex(16)


def format_time(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@functools.lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
