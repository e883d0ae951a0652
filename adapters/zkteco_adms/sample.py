"""Made-up uploads of attendance devices, from a made-up unit."""

from __future__ import annotations

from adapters.kit.sample import SampleMessage, Tap, World


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """Each device's batches of taps, as the device words them."""
    return [
        SampleMessage(
            exchange,
            "".join(map(_line, batch)).encode(),
            len(batch),
            path="/iclock/cdata",
            query={"SN": device.serial, "table": "ATTLOG", "Stamp": "9999"},
        )
        for device in world.devices
        for batch in device.batches
    ]


def _line(tap: Tap) -> str:
    return f"{tap.pin}\t{tap.at}\t{tap.state}\t{tap.verify}\t0\t0\t0\n"
