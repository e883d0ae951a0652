"""A device that is only read from files."""

from __future__ import annotations

import pytest

from hub.control.arguments import ARGUMENTS
from hub.control.objects import Device
from hub.errors import BadMessage
from hub.gateway.devices import Place, accept


class _View:
    """A directory of one device."""

    def device(self, serial: str) -> Device | None:
        args = ARGUMENTS["device.add"].model_validate(
            {"adapter": "zkteco_attlog", "serial": serial, "institution": "KEMX", "filesOnly": True}
        )
        networks = tuple(args.networks)  # type: ignore[attr-defined]
        return Device("d", "zkteco_attlog", serial, None, None, networks, "KEMX", suspended=False, options={})


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1"])
def test_no_request_is_taken_from_it(address: str) -> None:
    """It has neither network nor secret path, so from no address is a request its own."""
    with pytest.raises(BadMessage, match="AMANA-DEVICE-001"):
        accept(Place(None, "/iclock/cdata"), {"SN": "S1"}, address, "zkteco_attlog", _View())  # type: ignore[arg-type]
