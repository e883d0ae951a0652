"""ADMS devices: clocks, keys, and a conversation as a device has it."""

from __future__ import annotations

import pytest

from adapters.kit import (
    AdapterError,
    Canonical,
    DeviceContext,
    DeviceReply,
    DeviceRequest,
    MessageContext,
    Translated,
)
from adapters.kit.clock import EPOCH, clock_of, now_of, parse_time_zone, read_time, time_zone_option
from adapters.kit.registry import load
from adapters.zkteco_adms.lines import lines, natural_key
from hub.gateway.heard import Heard

ADMS = load("zkteco_adms")
MIDNIGHT = 1_793_491_200_000
NOW = now_of(MIDNIGHT)
NOON = MIDNIGHT + 43_200_000


def device(zone: str = "Asia/Jakarta", **options: str) -> DeviceContext:
    return DeviceContext("gate-1", "CONTOH0001", zone, options)


def say(method: str, path: str, body: bytes = b"", **query: str) -> DeviceReply:
    request = DeviceRequest(method, path, {"SN": "CONTOH0001", **query}, body)
    return ADMS.handle(path, request, device())


def punches(body: bytes, of: DeviceContext | None = None) -> list[Translated]:
    return ADMS.translate("attlog", body, MessageContext("S", "CONTOH", "C", NOON, None, of or device()))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("7", 420), ("+7", 420), ("5.5", 330), ("-6", -360), ("+07:00", 420), ("-03:30", -210), ("330", 330),
        ("345", 345), ("540", 540), ("5.75", 345), (" 9 ", 540), ("0", 0), ("-210", -210), ("14", 840), ("15", 15),
    ],
)  # fmt: skip
def test_time_zone_option_in_every_unit(text: str, minutes: int) -> None:
    """Hours, +hh:mm and minutes are told apart; beyond 14 a number is minutes."""
    assert parse_time_zone(text) == minutes


@pytest.mark.parametrize("text", ["", "WIB", "7h", "+25:00", "900", "٧", "7,5", "1e1", "+07:99"])
def test_time_zone_option_that_is_none(text: str) -> None:
    """What is no offset within 14 hours is refused, not guessed."""
    with pytest.raises(AdapterError) as caught:
        parse_time_zone(text)
    assert caught.value.kind == "option-malformed"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (device("Asia/Jakarta"), "7"),
        (device("+05:30"), "5.5"),
        (device("+05:45"), "5.75"),
        (device("-03:30"), "-3.5"),
        (device("Africa/Dar_es_Salaam"), "3"),
        (device("Asia/Jakarta", TimeZone="+09:00"), "+09:00"),
        (device("UTC"), "0"),
        (device("+10:00"), "10"),
    ],
)
def test_handshake_tells_the_zone(of: DeviceContext, expected: str) -> None:
    """The handshake tells the device its option as registered, or its zone in hours."""
    assert time_zone_option(of) == expected


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "", "Asia", "leapseconds", "../tzdata", "Asia/../UTC", "UTC\n"])
def test_unknown_zone_is_refused(zone: str) -> None:
    """A zone that does not exist stops the message: every instant would be wrong."""
    with pytest.raises(AdapterError) as caught:
        clock_of(device(zone))
    assert caught.value.kind == "zone-unknown"


def test_clock_two_hours_ahead_is_explained_both_ways() -> None:
    """TimeZone=9 and a known offset of 120 minutes give the same instant, the local time staying as it was said."""
    line = b"0007\t2026-10-01 09:21:05\t0\t15\n"
    found = [punches(line, of)[0] for of in (device(TimeZone="9"), device(clockOffsetMinutes="120"))]
    facts = [
        (item.value["at"], item.value["zone"], item.value["instant"]) for item in found if isinstance(item, Canonical)
    ]
    assert facts == [("2026-10-01T09:21:05", "+09:00", "2026-10-01T00:21:05Z")] * 2


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("2026-11-01 07:05:00", ()),
        ("2026-11-01 07:10:01", ("clock-ahead",)),
        ("2026-11-02 07:00:00", ("clock-ahead",)),
        ("2026-11-02 07:00:01", ("clock-in-future",)),
        ("2014-12-31 12:00:00", ("clock-before-2015",)),
        ("2015-01-01 07:00:00", ()),
    ],
)
def test_odd_clocks_are_flagged(text: str, flags: tuple[str, ...]) -> None:
    """Clocks before 2015, ten minutes ahead and a day ahead of the admission are told apart."""
    reading = read_time(text, clock_of(device()), NOW)
    assert reading is not None
    assert reading.flags == flags


@pytest.mark.parametrize(
    "text",
    ["", "252026-01-22 07:00:00", "2026-02-30 07:00:00", "2026-10-01", "2026-W01-1T00:00:00", "1969-12-31 00:00:00",
     "2026-10-01 24:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "99999999999"],
)  # fmt: skip
def test_times_that_are_none(text: str) -> None:
    """What is no time is none; nothing overflows."""
    assert read_time(text, clock_of(device("-12:00")), NOW) is None


def test_hour_that_comes_twice_is_flagged() -> None:
    """Where clocks are turned back the first reading is taken, and flagged."""
    reading = read_time("2026-10-25 02:30:00", clock_of(device("Europe/Berlin")), NOW)
    assert reading is not None
    assert (reading.utc, reading.flags) == ("2026-10-25T00:30:00Z", ("local-time-ambiguous",))


def test_epoch_seconds() -> None:
    """Seconds since 1970 are taken as UTC and shown in the device's zone."""
    reading = read_time("1793433600", clock_of(device()), NOW)
    assert reading is not None
    assert (reading.at, reading.zone, reading.flags) == ("2026-10-31T15:00:00", "+07:00", ("epoch-time",))
    assert EPOCH.year == 1970


def test_leading_zeros_are_kept() -> None:
    """0042 and 42 are two users, in the record and in its key."""
    items = punches(b"0042\t2026-10-01 07:00:00\t0\t1\n42\t2026-10-01 07:00:00\t0\t1\n")
    assert [item.subject[2] for item in items if isinstance(item, Canonical)] == ["0042", "42"]
    assert len({natural_key("CONTOH0001", line) for line in lines(b"0042\tt\t0\t1\n42\tt\t0\t1\n")}) == 2


def test_rows_are_numbered_alike_on_both_sides() -> None:
    """The n-th natural key of the reply is the n-th row of the translation, blank and broken lines included."""
    body = b"\n0001\t2026-10-01 07:00:00\t0\t1\r\n\r\nbroken\n \t \n0002\t2026-10-01 07:00:00\t0\t1"
    reply = say("POST", "/iclock/cdata", body, table="ATTLOG")
    assert reply.admit is not None
    assert [key[1:] for key in reply.admit.rows] == [
        ("0001", "2026-10-01 07:00:00", "0"),
        ("line", "broken"),
        ("0002", "2026-10-01 07:00:00", "0"),
    ]
    assert [item.row for item in punches(body)] == [0, 1, 2]


def test_conversation_of_a_working_day() -> None:
    """Handshake, poll, punches, a resend of the same batch, operation log, command result: always an OK."""
    batch = b"0001\t2026-10-01 07:00:00\t0\t1\t\t0\t0\n0002\t2026-10-01 07:01:00\t0\t15\t\t0\t0\n"
    assert say("GET", "/iclock/cdata", options="all").text.startswith("GET OPTION FROM: CONTOH0001\n")
    assert say("GET", "/iclock/getrequest").text == "OK"
    first = say("POST", "/iclock/cdata", batch, table="ATTLOG", Stamp="9999")
    again = say("POST", "/iclock/cdata", batch, table="ATTLOG", Stamp="None")
    assert (first.text_when_stored, first.admit) == ("OK: 2", again.admit)
    assert say("POST", "/iclock/cdata", b"OPLOG 4\t0\n", table="OPERLOG") == DeviceReply(200, "OK")
    assert say("POST", "/iclock/devicecmd", b"ID=1&Return=-1002&CMD=DATA\n").text == "OK"


def test_nothing_is_acknowledged_under_an_unreadable_zone() -> None:
    """With an option that is no zone, the upload is an error at once: the device keeps its punches."""
    request = DeviceRequest(
        "POST", "/iclock/cdata", {"SN": "CONTOH0001", "table": "ATTLOG"}, b"1\t2026-10-01 07:00:00\t0\t1\n"
    )
    with pytest.raises(AdapterError) as caught:
        ADMS.handle("/iclock/cdata", request, device(TimeZone="WIB"))
    assert caught.value.kind == "option-malformed"


def test_clock_set_back_within_a_batch() -> None:
    """A line more than a minute before the line above it is flagged, and so are those above that show more than it."""
    items = punches(b"1\t2026-10-01 07:00:00\t0\t1\n1\t2026-10-01 06:59:00\t0\t1\n1\t2026-10-01 06:57:59\t0\t1\n")
    assert [item.value["flags"] for item in items if isinstance(item, Canonical)] == [
        ["clock-jumped-ahead"],
        ["clock-jumped-ahead"],
        ["clock-set-back"],
    ]


def test_a_time_that_no_device_saw_makes_no_other_one_a_jump() -> None:
    """A line of the year 2000 says that the clock was lost, not that the lines above were ahead; a second under the minute
    says nothing."""
    items = punches(b"1\t2026-10-01 07:00:00\t0\t1\n1\t2000-01-01 00:00:00\t0\t1\n1\t2026-10-01 06:59:00\t0\t1\n")
    flags = [item.value["flags"] for item in items if isinstance(item, Canonical)]
    assert flags == [[], ["clock-before-2015", "clock-set-back"], []]


def test_a_command_is_given_until_its_result_came() -> None:
    """A poll gives a command again and again; once the device said a result, by that process no more."""
    heard = Heard()

    def ask(path: str, body: bytes = b"") -> str:
        of = DeviceContext("gate-1", "CONTOH0001", "Asia/Jakarta", {"command.1": "CHECK"}, heard.of("gate-1"))
        reply = ADMS.handle(path, DeviceRequest("POST" if body else "GET", path, {"SN": "CONTOH0001"}, body), of)
        heard.note("gate-1", reply.answered)
        return reply.text

    assert [ask("/iclock/getrequest") for _ in range(2)] == ["C:1:CHECK"] * 2
    assert ask("/iclock/devicecmd", b"ID=1&Return=0&CMD=CHECK") == "OK"
    assert ask("/iclock/getrequest") == "OK"
    assert heard.of("gate-2") == frozenset()


@pytest.mark.parametrize(
    "text",
    ["CLEAR LOG", "CLEAR DATA", "SHELL reboot", "DATA DELETE ATTLOG", "LOG\nCLEAR LOG", "INFO;CLEAR LOG", "", "log"],
)
def test_no_command_touches_a_log(text: str) -> None:
    """What edits or clears a device's log, or is no single known command, is never sent."""
    of = device(**{"command.1": text})
    with pytest.raises(AdapterError) as caught:
        ADMS.handle("/iclock/getrequest", DeviceRequest("GET", "/iclock/getrequest", {"SN": "CONTOH0001"}, b""), of)
    assert caught.value.kind == "command-malformed"
