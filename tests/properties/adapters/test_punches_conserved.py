"""What a ZKTeco device says of a punch stands in the record of its row: PIN, time, state, verify and work code, whichever way it came."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kit import Canonical, DeviceContext, MessageContext, Repeated
from adapters.kit.registry import load
from tests.soak import rounds

ADMS, ATTLOG = load("zkteco_adms"), load("zkteco_attlog")
SERIAL: Final = "CONTOH0001"
ZONE: Final = "Africa/Dar_es_Salaam"
PIN = st.from_regex(r"[0-9]{1,9}", fullmatch=True)
TIME = st.datetimes(datetime(1999, 1, 1), datetime(2063, 1, 1)).map(lambda time: f"{time:%Y-%m-%d %H:%M:%S}")  # noqa: DTZ001 -- local
STATE = st.sampled_from([0, 1, 2, 3, 4, 5, 255])
TAP = st.tuples(PIN, TIME, STATE, st.integers(0, 25), st.sampled_from(["", "0", "17", "K-3"]))
TAPS = st.lists(TAP, min_size=1, max_size=12)
Tap = tuple[str, str, int, int, str]


def told(tap: Tap) -> tuple[Any, ...]:
    pin, time, state, verify, workcode = tap
    return pin, time.replace(" ", "T"), state, verify, workcode or None


def read(item: Canonical) -> tuple[Any, ...]:
    return tuple(item.value[name] for name in ("pin", "at", "state", "verify", "workcode"))


def context(options: dict[str, str]) -> MessageContext:
    device = DeviceContext("gate-1", SERIAL, ZONE, {})
    return MessageContext("S", "CONTOH", "C", 1_790_812_800_000, None, device, options)


@settings(max_examples=rounds(100))
@given(TAPS, st.sampled_from(["\n", "\r\n"]), st.integers(0, 2))
def test_a_pushed_line_is_a_punch_as_it_was_said(taps: list[Tap], end: str, reserved: int) -> None:
    """However odd its time, and however many reserved columns stand behind it: a repeat within an upload is a punch too, for
    the hub has left out what it knows."""
    rows = ["\t".join((p, t, str(s), str(v), w, *["0"] * reserved)) + end for p, t, s, v, w in taps]
    items = ADMS.translate("attlog", "".join(rows).encode(), context({}))
    assert [read(item) for item in items if isinstance(item, Canonical)] == [told(tap) for tap in taps]
    assert [item.row for item in items] == list(range(len(taps)))


@settings(max_examples=rounds(100))
@given(TAPS, st.sampled_from(["device-third", "verify-third"]), st.integers(1, 9), st.booleans())
def test_a_line_of_a_file_is_a_punch_or_names_its_first(
    taps: list[Tap], layout: str, padding: int, plain: bool
) -> None:
    """In both layouts, padded, with serial and checksum around it or without: a line that says the same PIN, time and state as
    one above it repeats that one."""
    lines = []
    for p, t, s, v, w in taps:
        rest = ("101", str(s), str(v), w) if layout == "device-third" else (str(v), str(s), w, "0")
        lines.append("\t".join((" " * padding + p, t, *rest)))
    text = "\r\n".join(lines if plain else [SERIAL, *lines, "9C1F"]) + "\r\n"
    items = ATTLOG.translate("attlog", text.encode(), context({"layout": layout}))
    firsts: dict[tuple[str, str, int], int] = {}
    for row, (item, tap) in enumerate(zip(items, taps, strict=True)):
        first = firsts.setdefault(tap[:3], row)
        if first == row:
            assert isinstance(item, Canonical)
            assert read(item) == told(tap)
        else:
            assert item == Repeated(row, first)
