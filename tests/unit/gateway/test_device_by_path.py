"""A device that names itself in no query: its secret path alone says which it is."""

from __future__ import annotations

import hashlib

import pytest

from adapters.kit.registry import find
from hub.control.objects import Device
from hub.errors import BadMessage
from hub.gateway import devices

SECRET = "jalan-rahasia-contoh"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
ROUTES = devices.Routes(find())


class OneDevice:
    """A directory with one device."""

    def __init__(self, *, suspended: bool = False) -> None:
        self.known = Device(
            "gate", "hikvision", "CONTOH0001", "Asia/Jakarta", DIGEST, ("0.0.0.0/0",), "KANTOR", suspended, {}
        )

    def device(self, serial: str) -> Device | None:
        return self.known if serial == self.known.serial else None

    def device_by_path(self, secret_path: str) -> Device | None:
        return self.known if hashlib.sha256(secret_path.encode()).hexdigest() == DIGEST else None


def accepted(path: str, query: bytes = b"", *, suspended: bool = False) -> Device:
    place = ROUTES.place(path)
    assert place is not None
    mounted = ROUTES.find(place, "POST")
    fields = devices.parse_query(query, mounted.route.serial)
    view = OneDevice(suspended=suspended)
    return devices.accept(place, fields, "192.0.2.1", mounted.adapter.id, view, mounted.route.serial)  # type: ignore[arg-type]


def test_the_secret_path_alone_names_the_device() -> None:
    """No query is needed, and one changes nothing."""
    assert accepted(f"/{SECRET}/hikvision/event").id == "gate"
    assert accepted(f"/{SECRET}/hikvision/event", b"SN=OTHER&SN=TWICE").id == "gate"


@pytest.mark.parametrize("path", ["/hikvision/event", "/wrong/hikvision/event"])
@pytest.mark.parametrize("query", [b"", b"SN=CONTOH0001"])
def test_neither_network_nor_serial_lets_it_in(path: str, query: bytes) -> None:
    """Where the path has to say who it is, a serial number and a registered network do not."""
    with pytest.raises(BadMessage) as refused:
        accepted(path, query)
    assert refused.value.code == "AMANA-DEVICE-001"


def test_a_suspended_device_is_turned_away() -> None:
    """Its path is right, and it may not come in."""
    with pytest.raises(BadMessage):
        accepted(f"/{SECRET}/hikvision/event", suspended=True)
