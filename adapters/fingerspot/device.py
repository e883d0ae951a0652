"""What Fingerspot's cloud sends by itself: a notice for each scan.

Rule: a notice is admitted as it came under the key that the same scan has when it is asked for; notices of other kinds are
answered and not stored. A device is known by the secret path of the address, and has to be the one that the notice names.
"""

from __future__ import annotations

from typing import Final

from adapters.kit import AdapterError, DeviceContext, DeviceMessage, DeviceReply, DeviceRequest
from adapters.kit.clock import clock_of
from signing import jsontext
from signing.errors import SigningError

from .translate import key_of

SCAN: Final = "attlog"


def handle(route: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:  # noqa: ARG001 (the kit's form)
    """One notice."""
    try:
        notice = jsontext.parse(request.body)
    except (SigningError, UnicodeDecodeError):
        notice = None
    if not isinstance(notice, dict):
        raise AdapterError("notice-unreadable", "the notice has no JSON that can be read")
    if notice.get("cloud_id") != device.serial:
        raise AdapterError("serial-mismatch", "cloud_id is not the serial number under which the device is registered")
    data = notice.get("data")
    if notice.get("type") != SCAN or not isinstance(data, dict):
        return DeviceReply(200, "OK")
    clock_of(device)
    return DeviceReply(200, "", DeviceMessage("scan", request.body, [key_of(data)]), "OK")
