"""Made-up attlog.dat files of attendance devices, from a made-up unit: one file a device, in the layout device-third."""

from __future__ import annotations

from adapters.kit.sample import SampleMessage, Tap, World

NUMBER = 1
"""Number of the device, as it is set on it."""


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """What was copied from each device at the end of the month; `query` says its serial number."""
    made = []
    for device in world.devices:
        taps = [tap for batch in device.batches for tap in batch]
        if taps:
            body = "".join(map(_line, taps)).encode()
            made.append(SampleMessage(exchange, body, len(taps), query={"SN": device.serial}))
    return made


def _line(tap: Tap) -> str:
    return f"{tap.pin:>9}\t{tap.at}\t{NUMBER}\t{tap.state}\t{tap.verify}\t0\r\n"
