"""What a device sends by itself: a JSON event, alone or as a part of a multipart message with its photographs.

Rule: the JSON part is admitted as it came; photographs are left out, for they are faces and nothing here needs them. A
heartbeat is answered and not stored. A device is known by the secret path of its address alone.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.kit import AdapterError, DeviceContext, DeviceMessage, DeviceReply, DeviceRequest
from signing import jsontext
from signing.errors import SigningError

EVENT: Final = "AccessControllerEvent"
_BOUNDARY: Final = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?', re.ASCII)


def handle(route: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:  # noqa: ARG001 (the kit's form)
    """One notification."""
    body = json_part(request)
    try:
        value = jsontext.parse(body)
    except (SigningError, UnicodeDecodeError):
        raise AdapterError("event-unreadable", "the notification has no JSON that can be read") from None
    event = value.get(EVENT) if isinstance(value, dict) else None
    if not isinstance(event, dict):
        return DeviceReply(200, "OK")
    key = (str(event.get("serialNo", "")), str(value.get("dateTime", "")))
    return DeviceReply(200, "", DeviceMessage("event", body, [key]), "OK")


def json_part(request: DeviceRequest) -> bytes:
    """The JSON of a notification: its body, or the first part of a multipart one that begins like an object."""
    if not request.content_type.lower().startswith("multipart/"):
        return request.body
    found = _BOUNDARY.search(request.content_type)
    if found is None:
        raise AdapterError("event-unreadable", "the notification names no boundary of its parts")
    for part in request.body.split(b"--" + found[1].encode()):
        _, blank, content = part.partition(b"\r\n\r\n")
        if blank and content.lstrip().startswith(b"{"):
            return content.strip()
    raise AdapterError("event-unreadable", "no part of the notification is JSON")
