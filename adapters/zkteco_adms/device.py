"""The push protocol (iclock) without I/O: a device's request in, the answer and what is to be admitted out.

Rule: a device repeats what was answered with an error, for ever, so it gets an error only for what would be lost
otherwise. A bad line is never an error: it is stored, refused later with its reason, and the good lines go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from adapters.kit import AdapterError, DeviceContext, DeviceMessage, DeviceReply, DeviceRequest
from adapters.kit.clock import clock_of, time_zone_option

from . import push3
from .commands import result_lines, result_of, waiting
from .lines import lines, natural_key

ATTLOG: Final = "attlog"
ACKNOWLEDGED: Final = frozenset({"operlog", "biodata", "attphoto", "options"})
"""Tables that a device must get OK for, or it sends them again and nothing else. They hold templates, photographs
and settings: nothing that pay needs, so they are not stored. Of OPERLOG the lines that say what was done at the device (a
clock that was set, a log that was cleared) are kept where the option `Keep` says so."""

KEEP: Final = "Keep"
OPERATION: Final = "OPLOG "

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
        return DeviceReply(200, push3.settings(device) if push3.speaks(device) else handshake(device))
    table = _query(request.query, "table").lower()
    if table == ATTLOG:
        return attlog(request.body, device)
    if push3.speaks(device) and table in push3.TABLES:
        return attlog(request.body, device) if table == "rtlog" else DeviceReply(200, "OK")
    if table == "operlog" and _keeps(device, "operlog"):
        return operlog(request.body, device)
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


def operlog(body: bytes, device: DeviceContext) -> DeviceReply:
    """What was done at the device. Users and templates, which stand in the same table, are left out."""
    kept = [line for line in lines(body) if line.startswith(OPERATION)]
    if not kept:
        return DeviceReply(200, "OK")
    keys: list[tuple[str, ...]] = [(device.serial, "operation", line) for line in kept]
    return DeviceReply(200, "", DeviceMessage("operlog", _joined(kept), keys), "OK")


def getrequest(_method: str, _request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/getrequest: the poll for commands."""
    return DeviceReply(200, "\n".join(waiting(device)) or "OK")


def devicecmd(_method: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/devicecmd: results of commands; several in one request, and what a command printed between them."""
    said = result_lines(request.body)
    answered = tuple(found[0] for found in map(result_of, said) if found is not None)
    if not said or not _keeps(device, "results"):
        return DeviceReply(200, "OK", answered=answered)
    keys: list[tuple[str, ...]] = [(device.serial, "result", line) for line in said]
    return DeviceReply(200, "", DeviceMessage("results", _joined(said), keys), "OK", answered)


def registry(_method: str, _request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/registry of protocol 3: a device makes itself known."""
    return DeviceReply(200, push3.registry(_of_3(device)))


def push(_method: str, _request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/push of protocol 3: a device asks how to push."""
    return DeviceReply(200, push3.settings(_of_3(device)))


def querydata(_method: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:
    """/iclock/querydata of protocol 3: what a device was asked for; acknowledged, not stored."""
    _of_3(device)
    return DeviceReply(200, push3.acknowledged(request.query, sum(1 for _ in lines(request.body))))


_ROUTES: Final[Mapping[str, Callable[[str, DeviceRequest, DeviceContext], DeviceReply]]] = {
    "cdata": cdata,
    "getrequest": getrequest,
    "devicecmd": devicecmd,
    "registry": registry,
    "push": push,
    "querydata": querydata,
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


def _keeps(device: DeviceContext, what: str) -> bool:
    return what in (part.strip() for part in device.options.get(KEEP, "").split(","))


def _of_3(device: DeviceContext) -> DeviceContext:
    if not push3.speaks(device):
        raise AdapterError(
            "protocol-unknown", "the device speaks push protocol 3, and its option PushProtocol is not 3"
        )
    return device


def _joined(kept: Sequence[str]) -> bytes:
    return "\n".join(kept).encode("ascii", "replace") + b"\n"
