"""`/api/v1/device-flags` and `amana device flags`: which device raised which flag, how often, when, in which messages."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.main import invoke
from hub.control.client import Refused
from hub.ports import Write
from schemas.deviceflags import DEVICE_FLAGS
from signing.jsontext import parse
from tests.unit.api.desk import Desk

DAY = 86_400_000
FIRST = 1_790_812_800_000  # 2026-10-01T00:00:00Z


def odd(n: int, device: str, flag: str, day: int, count: int = 1, **more: str) -> dict[str, Any]:
    about = {"system": device, "institution": "KEM", "message": f"{n:064x}"}
    return about | {"flag": flag, "device": device, "count": count, "time": FIRST + day * DAY + n} | more


@pytest.fixture
def flagged(desk: Desk) -> Desk:
    """Two devices of one institution, one of another whose files a system brings."""
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        args = {"institution": "KEM", "adapter": "zkteco_adms", "serial": "CKJB20336", "networks": ["192.0.2.0/24"]}
        client.change("device.add", args | {"id": "gate", "zone": "Asia/Jakarta"})
    rows = [
        odd(1, "gate", "clock-in-future", 0),
        odd(2, "gate", "clock-in-future", 2, 5),
        odd(3, "gate", "clock-set-back", 2, 2),
        odd(4, "hall", "clock-in-future", 3),
        odd(5, "desa", "clock-before-2015", 4, 40, system="DESA", institution="KAB"),
    ]
    desk.run(desk.store.write([Write("device_flag", rows)]))
    return desk


def ask(desk: Desk, query: str = "", path: str = "") -> list[dict[str, Any]]:
    with desk.client() as client:
        found: list[dict[str, Any]] = client.get(f"/api/v1/device-flags{path}?limit=50{query}")["items"]
        return found


def names(rows: list[dict[str, Any]]) -> list[tuple[str, str, int, int]]:
    return [(row["device"], row["flag"], row["punches"], row["messages"]) for row in rows]


def test_each_device_and_flag_is_a_line(flagged: Desk) -> None:
    """With how often, between when, what it means and what to do; the serial where the directory knows the device."""
    rows = ask(flagged)
    assert names(rows) == [
        ("desa", "clock-before-2015", 40, 1),
        ("gate", "clock-in-future", 6, 2),
        ("gate", "clock-set-back", 2, 1),
        ("hall", "clock-in-future", 1, 1),
    ]
    gate = rows[1]
    assert (gate["first"], gate["last"]) == ("2026-10-01T00:00:00.001Z", "2026-10-03T00:00:00.002Z")
    assert (gate["serial"], rows[3]["serial"]) == ("CKJB20336", None)
    assert (gate["meaning"], gate["remedy"]) == DEVICE_FLAGS["clock-in-future"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("&institution=KAB", [("desa", "clock-before-2015", 40, 1)]),
        ("&system=DESA", [("desa", "clock-before-2015", 40, 1)]),
        ("&device=gate&flag=clock-set-back", [("gate", "clock-set-back", 2, 1)]),
        ("&device=gate&from=2026-10-02", [("gate", "clock-in-future", 5, 1), ("gate", "clock-set-back", 2, 1)]),
        ("&device=gate&to=2026-10-01", [("gate", "clock-in-future", 1, 1)]),
        ("&from=2026-10-04&to=2026-10-04", [("hall", "clock-in-future", 1, 1)]),
        ("&from=2026-10-05&to=9999-12-31", [("desa", "clock-before-2015", 40, 1)]),
        ("&from=2027-01-01", []),
        ("&from=2026-10-04&to=2026-10-02", []),
    ],
)
def test_filters(flagged: Desk, query: str, found: list[Any]) -> None:
    """By institution, system, device and flag; both days of a range are in it."""
    assert names(ask(flagged, query)) == found


def test_pages_cover_it_once(flagged: Desk) -> None:
    """One line a page gives what one page gives; a cursor of something else is refused."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    with flagged.client() as client:
        while cursor is not None:
            page = client.get(f"/api/v1/device-flags?limit=1{f'&after={cursor}' if cursor else ''}")
            rows += page["items"]
            cursor = page["next"]
        with pytest.raises(Refused, match="AMANA-HTTP-004"):
            client.get("/api/v1/device-flags?after=x")
        with pytest.raises(Refused, match="AMANA-HTTP-004"):
            client.get("/api/v1/device-flags?from=yesterday")
    assert rows == ask(flagged)


def test_the_messages_are_named_newest_first(flagged: Desk) -> None:
    """Each with how many punches, under the same filters, page by page."""
    rows = ask(flagged, "&device=gate", "/messages")
    assert [(int(row["message"], 16), row["flag"], row["punches"]) for row in rows] == [
        (3, "clock-set-back", 2),
        (2, "clock-in-future", 5),
        (1, "clock-in-future", 1),
    ]
    assert rows[0]["requestId"] == rows[0]["message"][:32]
    with flagged.client() as client:
        page = client.get("/api/v1/device-flags/messages?limit=2&device=gate")
        rest = client.get(f"/api/v1/device-flags/messages?limit=2&device=gate&after={page['next']}")
    assert [*page["items"], *rest["items"]] == rows


def test_the_command_shows_both(flagged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table by days, the messages, and the page as it came with --json."""
    monkeypatch.setenv("COLUMNS", "160")
    data = ["--data", str(flagged.data)]
    status, said = invoke(["device", "flags", "--device", "gate", *data])
    assert status == 0
    assert [word for word in ("clock-set-back", "clock-in-future", "itself") if word not in said] == [], said
    assert "desa" not in said
    status, said = invoke(["device", "flags", "--messages", "--from", "2026-10-05", *data])
    assert (status, f"{5:064x}"[:16] in said, "40" in said) == (0, True, True)
    status, said = invoke(["device", "flags", "--to", "2026-10-01", "--json", *data])
    assert parse(said.encode())["items"][0]["punches"] == 1
    assert invoke(["device", "flags", "--to", "2020-01-01", *data])[1].strip() == "no clock is flagged"
