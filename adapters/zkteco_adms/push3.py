"""Push protocol 3 (draft): registry, push, querydata, and events as key=value lines.

Rule: spoken only to a device whose option `PushProtocol` is 3, because it is taken from public code and was not proved at a
device. What it uploads besides events (users, templates, photographs, settings) is acknowledged and not stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from adapters.kit import AdapterError, DeviceContext
from adapters.kit.clock import time_zone_option
from adapters.kit.punches import NO_CODE, code_of

PROTOCOL: Final = "PushProtocol"
EVENTS: Final = "events"
TABLES: Final = frozenset({"rtlog", "rtstate", "tabledata", "options"})
START: Final = "time="
NOBODY: Final = frozenset({"", "0"})
VERSION: Final = "3.1.2"


def speaks(device: DeviceContext) -> bool:
    """Whether the device is registered as one of protocol 3."""
    return device.options.get(PROTOCOL, "2").strip() == "3"


def registry(device: DeviceContext) -> str:
    """The code under which a device goes on after it has made itself known: no secret, and the same each time."""
    return "RegistryCode=" + hashlib.sha256(f"amana/{device.serial}".encode()).hexdigest()[:10]


def settings(device: DeviceContext) -> str:
    """What a device is told of how to push."""
    return "\n".join(
        [
            f"ServerVer={VERSION}",
            "ServerName=Amana",
            f"PushVersion={VERSION}",
            f"PushProtVer={VERSION}",
            "ErrorDelay=60",
            "RequestDelay=10",
            "TransTimes=00:00;14:05",
            "TransInterval=1",
            "TransTables=Transaction",
            f"TimeZone={time_zone_option(device)}",
            "Realtime=1",
            "Encrypt=0",
            "",
        ]
    )


def acknowledged(query: Mapping[str, str], lines: int) -> str:
    """The answer to /iclock/querydata: of a table, how many rows came."""
    table = query.get("tablename", "")
    counted = query.get("type") == "tabledata" and table.isascii() and table.isalnum() and len(table) <= 20
    return f"{table}={lines}" if counted else "OK"


def members(line: str) -> dict[str, str]:
    """The key=value members of an event line."""
    pairs = (part.partition("=") for part in line.split("\t"))
    return {name.strip().lower(): value for name, _, value in pairs}


def columns_of(line: str) -> list[str]:
    """An event line as the columns of an ATTLOG line: PIN, time, status, verify."""
    found = members(line)
    return [found.get("pin", ""), found.get("time", ""), found.get("inoutstatus", ""), found.get("verifytype", "")]


def is_punch(line: str, events: frozenset[int]) -> bool:
    """Whether an event is one of a user, of a kind that counts."""
    found = members(line)
    event = code_of(found.get("event", ""))
    return event in events and found.get("pin", "").strip() not in NOBODY


@lru_cache(maxsize=64)
def events_of(text: str) -> frozenset[int]:
    """The option `events`: event codes that are punches."""
    codes = [code_of(part) for part in text.split(",")]
    known = frozenset(code for code in codes if code is not None and code != NO_CODE)
    if len(known) != len(codes):
        raise AdapterError("option-malformed", f"the device's option {EVENTS} is no list of event codes")
    return known
