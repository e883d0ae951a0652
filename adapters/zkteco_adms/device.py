"""The push protocol (iclock) without I/O: a device's request in, the answer and what is to be admitted out.

Rule: a device repeats what was answered with an error, for ever, so it gets an error only for what would be lost
otherwise. A bad line is never an error: it is stored, refused later with its reason, and the good lines go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from adapters.kit import AdapterError, DeviceContext, DeviceMessage, DeviceReply, DeviceRequest
from adapters.kit.clock import clock_of, time_zone_option

from .lines import lines, natural_key

ATTLOG: Final = "attlog"
ACKNOWLEDGED: Final = frozenset({"operlog", "biodata", "attphoto", "options"})
"""Tables that a device must get OK for, or it sends them again and nothing else. They hold templates, photographs
and settings: nothing that pay needs, so they are not stored."""

OPTIONS: Final = (
    # option of the device in the registry, line of the handshake, default
    ("ErrorDelay", "30"),
    ("Delay", "10"),
    ("TransTimes", "00:00;14:05"),
    ("TransInterval", "1"),
    ("TransFlag", "TransData AttLog"),
)


def cdata(method: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/cdata: GET is the handshake, POST an upload of one table."""
    if method == "GET":
        return DeviceReply(200, handshake(device))
    table = _query(request.query, "table").lower()
    if table == ATTLOG:
        return attlog(request.body, device)
    if table in ACKNOWLEDGED:
        return DeviceReply(200, "OK")
    raise AdapterError("table-unknown", "the device uploads a table that push protocol 2 does not have")


def handshake(device: DeviceContext) -> str:
    """The options that a device asks for when it starts. The stamp is a hint only: 9999 asks for what is new;
    the option `Stamp` = 0 asks for the whole history, which the duplicate check makes harmless."""
    stamp = _option(device, "Stamp", "9999")
    chosen = [f"{name}={_option(device, name, default)}" for name, default in OPTIONS]
    return "\n".join(
        [
            f"GET OPTION FROM: {device.serial}",
            f"ATTLOGStamp={stamp}",
            "OPERLOGStamp=9999",
            "ATTPHOTOStamp=9999",
            *chosen,
            f"TimeZone={time_zone_option(device)}",
            "Realtime=1",
            "Encrypt=0",
            "ServerVer=2.4.1",
            "PushProtVer=2.4.1",
            "",
        ]
    )


def attlog(body: bytes, device: DeviceContext) -> DeviceReply:
    """Punches: the whole body is admitted, each row under its natural key. OK counts every line, so that the
    device moves on; what is a duplicate or unreadable is the hub's affair. Options that make every time unreadable
    are an error here, before anything is acknowledged: the device keeps its punches until they are corrected."""
    clock_of(device)
    rows = [natural_key(device.serial, line) for line in lines(body)]
    if not rows:
        return DeviceReply(200, "OK: 0")
    return DeviceReply(200, "", DeviceMessage(ATTLOG, body, rows), f"OK: {len(rows)}")


def getrequest(_method: str, _request: DeviceRequest, _device: DeviceContext) -> DeviceReply:
    """/iclock/getrequest: the poll for commands. There are none."""
    return DeviceReply(200, "OK")


def devicecmd(_method: str, _request: DeviceRequest, _device: DeviceContext) -> DeviceReply:
    """/iclock/devicecmd: results of commands; taken note of, so that the device stops sending them."""
    return DeviceReply(200, "OK")


_ROUTES: Final[Mapping[str, Callable[[str, DeviceRequest, DeviceContext], DeviceReply]]] = {
    "cdata": cdata,
    "getrequest": getrequest,
    "devicecmd": devicecmd,
}


def handle(route: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """One request of a registered device. Raises `AdapterError` for what the protocol does not have."""
    if _query(request.query, "SN") != device.serial:
        raise AdapterError("serial-mismatch", "SN is not the serial number under which the device is registered")
    return _ROUTES[route](request.method, request, device)


def _query(query: Mapping[str, str], name: str) -> str:
    """A query member, its name in any case: firmware differs."""
    lowered = name.lower()
    return next((value for key, value in query.items() if key.lower() == lowered), "")


def _option(device: DeviceContext, name: str, default: str) -> str:
    value = device.options.get(name, default)
    if any(character in value for character in "\r\n"):
        raise AdapterError("option-malformed", f"the device's option {name} has a line break")
    return value
