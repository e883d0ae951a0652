"""A directory with one of everything that admission asks for, and senders who hold the matching keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from adapters.kit.registry import find
from hub.control.directory import Directory, Outcome, change_id, render_body
from hub.control.requests import sign_change
from hub.gateway.admission import Push, Terms
from hub.gateway.contracts import WireTerms
from hub.records import Ms
from signing import envelope, jsontext, keys, tokens

NOW = Ms(1_790_000_000_000)
SECRET = "0123456789abcdef" * 4
SERIAL = "DEVICE0001"
PATH = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
NETWORK = "192.0.2.0/24"
TOKEN_KEY = b"t" * 32
HMAC_KEY = b"h" * 32

CALENDAR = {
    "records": [
        {
            "institution": "KEM",
            "unit": None,
            "period": "2026-10",
            "zone": "Asia/Jakarta",
            "workingDays": ["2026-10-01"],
            "ceremonies": [],
        }
    ]
}


@dataclass
class House:
    """The directory, and what the outside knows."""

    directory: Directory = field(default_factory=Directory)
    operator: keys.PrivateKey = field(default_factory=keys.generate)
    hub: keys.PrivateKey = field(default_factory=keys.generate)
    sender: keys.PrivateKey = field(default_factory=keys.generate)
    at: Ms = NOW

    def envelope(self, kind: str, arguments: dict[str, Any]) -> bytes:
        return sign_change(self.operator, kind, arguments, self.at)

    def change(self, kind: str, arguments: dict[str, Any], hub: dict[str, Any] | None = None) -> Outcome:
        """Apply a change; it must be accepted."""
        request = self.envelope(kind, arguments)
        body = render_body(request, self.at, hub or {})
        outcome = self.directory.apply(self.directory.position + 1, body, change_id(request))
        assert outcome.accepted, (outcome.code, outcome.detail)
        return outcome

    def body(self, value: Any = CALENDAR, code: str = "JSON-CAL", key: keys.PrivateKey | None = None) -> bytes:
        """A signed push."""
        data = envelope.render_data({"pushCode": code, "esbBody": value})
        return envelope.seal(data, key or self.sender)

    def token(self, system: str = "HR", epoch: int | None = None, expires: int = NOW + 60_000) -> bytes:
        known = self.directory.now().system(system)
        number = epoch if epoch is not None else (known.epoch if known else 0)
        return b"Bearer " + tokens.issue(TOKEN_KEY, system, expires, number).encode()

    def push(self, body: bytes | None = None, authorization: bytes | None = None) -> Push:
        return Push(
            self.token() if authorization is None else authorization,
            b"application/json; charset=utf-8",
            self.body() if body is None else body,
        )


def first_changes(house: House) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(kind, arguments, hub's members) of the changes that onboard everything."""
    plain: list[tuple[str, dict[str, Any]]] = [
        ("institution.add", {"code": "KEM", "name": "Kementerian"}),
        (
            "system.add",
            {
                "institution": "KEM",
                "code": "HR",
                "clientId": "client-hr",
                "secretSha256": hashlib.sha256(SECRET.encode()).hexdigest(),
                "publicKey": house.sender.public.pem(),
            },
        ),
        ("api.add", {"code": "JSON-CAL", "adapter": "generic_json", "exchange": "calendar"}),
        ("api.add", {"code": "JSON-LEAVE", "adapter": "generic_json", "exchange": "leave"}),
        ("api.add", {"code": "ADMS-ATT", "adapter": "zkteco_adms", "exchange": "attlog", "assurance": "device"}),
        ("grant.add", {"system": "HR", "code": "JSON-CAL"}),
        (
            "device.add",
            {
                "adapter": "zkteco_adms",
                "serial": SERIAL,
                "institution": "KEM",
                "code": "ADMS-ATT",
                "zone": "Asia/Jakarta",
                "secretPathSha256": hashlib.sha256(PATH.encode()).hexdigest(),
                "networks": [NETWORK],
            },
        ),
    ]
    start = {
        "hubPublicKey": house.hub.public.pem(),
        "operator": {"name": "admin", "person": "A. First", "publicKey": house.operator.public.pem()},
    }
    return [("hub.start", start, {"start": True}), *((kind, arguments, {}) for kind, arguments in plain)]


def onboard() -> House:
    """A house with institution, system, codes, grant and device."""
    house = House()
    for kind, arguments, hub in first_changes(house):
        house.change(kind, arguments, hub)
    return house


def find_wire(adapter: str, exchange: str) -> WireTerms:
    found = find()[adapter]
    described = found.manifest.exchange(exchange)
    json = described.media_type == "application/json"
    return WireTerms(
        found.wire_contract(exchange),
        found.wire_checker(exchange) if json else None,
        described.dedupe.fields,
        described.dedupe.rows,
        described.media_type,
        partial(found.read_xml, exchange),
    )


def make_terms(max_body: int = 65_536) -> Terms:
    return Terms(TOKEN_KEY, HMAC_KEY, max_body, lambda _: 4, find_wire)


def render(value: Any) -> bytes:
    return jsontext.render(value)
