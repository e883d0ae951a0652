"""Devices: who may speak on the routes that adapters declare, and what of it becomes a message.

A device can sign nothing. It is accepted by its registered serial together with a source network, or with the secret
first segment of its server address. What it sends is read by its adapter; the hub seals it on entry.

Rule: pure. A request, the client's address and a view in; an accepted device or a refusal out. Anything but 200 makes a
device send its whole batch again, so what could not be stored is 503, and an unknown device is turned away.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from adapters.kit.values import DeviceContext, DeviceMessage
from adapters.kit.wire import checkable
from hub import records as r
from hub.contracts.standing import check_standing
from hub.errors import BadMessage
from hub.gateway.address import parse_networks, within
from hub.gateway.admission import Terms, check_wire, natural_keys
from hub.gateway.assurance import weaker
from hub.gateway.contracts import wire_rules
from hub.keys import subject_key
from hub.ports import Candidate
from schemas.datarules import RuleSet, find_broken
from signing import jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from adapters.kit.manifest import Route
    from adapters.kit.registry import Adapter
    from hub.control.objects import Api, Device
    from hub.control.view import View

SERIAL: Final = "SN"
TRIAL: Final = "trial"
"""Option of a device that may send under drafts: `yes`."""
_MAX_FIELDS: Final = 50


@dataclass(frozen=True, slots=True)
class Mounted:
    """One route of one adapter."""

    adapter: Adapter
    route: Route


@dataclass(frozen=True, slots=True)
class Place:
    """A request's path, taken apart: the secret first segment (or None) and the path from the adapter's root on."""

    secret: str | None
    path: str


class Routes:
    """The device routes of all adapters, by path."""

    __slots__ = ("_by_path", "_roots")

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._by_path: dict[str, Mounted] = {}
        for adapter in adapters.values():
            for route in adapter.manifest.routes:
                if route.path in self._by_path:
                    raise ValueError(f"two adapters declare {route.path}")
                self._by_path[route.path] = Mounted(adapter, route)
        self._roots = frozenset(path.split("/", 2)[1] for path in self._by_path)

    def place(self, path: str) -> Place | None:
        """None when the path is not a device's."""
        first, _, rest = path[1:].partition("/")
        if first in self._roots:
            return Place(None, path)
        if rest.partition("/")[0] in self._roots:
            return Place(first, "/" + rest)
        return None

    def find(self, place: Place, method: str) -> Mounted:
        """The route that serves it. Raises `BadMessage`."""
        mounted = self._by_path.get(place.path)
        if mounted is None:
            raise BadMessage("AMANA-HTTP-003")
        if method not in mounted.route.methods:
            raise BadMessage("AMANA-HTTP-001", ", ".join(sorted(mounted.route.methods)))
        return mounted


def parse_query(query: bytes, serial: str = SERIAL) -> dict[str, str]:
    """The query's fields; of one that comes twice the last, but a serial comes once: a proxy in front may have looked
    at the other one. Raises `BadMessage`."""
    try:
        pairs = parse_qsl(query.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise BadMessage("AMANA-DEVICE-002", "query") from None
    if serial and sum(name == serial for name, _ in pairs) > 1:
        raise BadMessage("AMANA-DEVICE-002", f"{serial}: given twice")
    return dict(pairs)


def accept(
    place: Place, query: Mapping[str, str], address: str, adapter: str, view: View, serial: str = SERIAL
) -> Device:
    """The registered device that this is. `serial`: the query member that names it; empty: its secret path alone does.
    Every reason not to be one looks the same from outside."""
    device = view.device(query.get(serial, "")) if serial else view.device_by_path(place.secret or "")
    if device is None or device.suspended or device.adapter != adapter:
        raise BadMessage("AMANA-DEVICE-001")
    if place.secret is not None:
        given = hashlib.sha256(place.secret.encode()).hexdigest()
        known = device.secret_path_sha256
        if not place.secret or known is None or not hmac.compare_digest(known, given):
            raise BadMessage("AMANA-DEVICE-001")
    elif not within(address, parse_networks(device.networks)):
        raise BadMessage("AMANA-DEVICE-001")
    return device


def context_of(device: Device, answered: frozenset[str] = frozenset()) -> DeviceContext:
    """What its adapter is told about it."""
    return DeviceContext(device.id, device.serial, device.zone or "", device.options, answered)


def find_code(device: Device, exchange: str, view: View) -> Api:
    """The code under which this device's messages of `exchange` are admitted: its own, or the only one there is."""
    own = view.api(device.code) if device.code is not None else None
    for api in (own,) if own is not None else view.apis():
        if api.adapter == device.adapter and api.exchange == exchange and api.direction == "in":
            return api
    raise BadMessage("AMANA-CODE-001", "no code for this device's messages")


def make_candidate(message: DeviceMessage, device: Device, view: View, terms: Terms) -> Candidate:
    """What the log decides upon. Rows are told apart by the natural keys that the adapter gave."""
    api = find_code(device, message.exchange, view)
    wire = terms.wire(device.adapter, message.exchange)
    notice = check_standing(view, (api.contract,), trial=device.options.get(TRIAL) == "yes")
    rules = wire_rules(wire.contract, terms.registered)
    aside = ""
    if wire.checker is not None or rules.rules:
        value = checkable(message.body) if wire.checker is None else _parse(message.body)
        check_wire(value, wire.checker)
        aside = _aside(value, rules)
    topic = f"inbox.{device.adapter}"
    key = subject_key(terms.hmac, "device", device.id)
    return Candidate(
        topic=topic,
        partition=r.partition_of(key, terms.partitions(topic)),
        key=key,
        system=device.id,
        code=api.code,
        body=message.body,
        received=message.body,
        headers={
            "ce_specversion": "1.0",
            r.SOURCE: f"device/{device.id}",
            r.TYPE: "inbox",
            r.DATASCHEMA: wire.contract,
            r.CONTENT_TYPE: wire.media_type,
            r.SYSTEM: device.id,
            r.INSTITUTION: device.institution,
            r.DEVICE: device.id,
            r.CODE: api.code,
            r.ASSURANCE: weaker(api.assurance, "device"),
            r.CONTROL_POSITION: str(view.position),
            **({r.NOTICE: notice} if notice else {}),
            **({r.SET_ASIDE: aside} if aside else {}),
        },
        rule="natural-key" if message.rows else "window",
        dedupe_keys=natural_keys(terms.hmac, device.id, api.code, message.rows),
        window_ms=api.window_ms,
    )


def _aside(value: Any, rules: RuleSet) -> str:
    """What a rule for senders says of the message, which is then set aside, whatever the rule wants: a device cannot mend
    what it sends, and would send it again for ever."""
    broken = find_broken(rules, "WRITE", value) if rules.rules else None
    return "" if broken is None else broken.text


def _parse(body: bytes) -> Any:
    try:
        return jsontext.parse(body)
    except (SigningError, UnicodeDecodeError):
        raise BadMessage("AMANA-JSON-003", "json") from None
