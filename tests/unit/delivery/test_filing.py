"""Files out to folders: whole, with their checksum, never over another one, and once, wherever the process dies."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from adapters.kit.attached import wrap
from hub.delivery.filing import Filed, Filing, file_away, file_of
from hub.delivery.states import Event
from hub.errors import BadMessage, TryAgain
from hub.records import CODE, REQUEST, RUN
from signing.jsontext import render
from tests.simulator.hub import Crash, SimHub
from tests.simulator.month import PAYROLL, Script, preset, settle

HEADERS = {REQUEST: "0" * 32, CODE: "TUKIN-OUT", RUN: "KEM-2026-10-1"}
CONTENT = b"900001\t11\t2026\r\nTOTAL\r\n"
STEPS = ("file written", "file noted", "file in its place", "checksum in its place")


def filed(content: bytes = CONTENT, request: str = "0" * 32) -> Filed:
    return Filed("gaji", "ADK.txt", content, request)


def lying(root: Path) -> dict[str, bytes]:
    """What payroll sees: files that are not hidden."""
    return {path.name: path.read_bytes() for path in sorted((root / "gaji").iterdir()) if path.is_file()}


def whole(content: bytes = CONTENT) -> dict[str, bytes]:
    return {"ADK.txt": content, "ADK.txt.sha256": f"{hashlib.sha256(content).hexdigest()}  ADK.txt\n".encode()}


def test_a_file_lies_whole_with_its_checksum(tmp_path: Path) -> None:
    """The checksum is in the form that `sha256sum -c` reads; the same request again does nothing."""
    filing = Filing(tmp_path)
    assert filing.put(filed()) is True
    assert lying(tmp_path) == whole()
    assert filing.put(filed()) is False
    assert lying(tmp_path) == whole()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("taken", [False, True])
def test_a_process_that_dies_at_any_step_leaves_one_file(tmp_path: Path, step: str, *, taken: bool) -> None:
    """Before its name stands there, nothing is seen of a file; afterwards it is whole. Done again it is there once, and one
    that payroll has taken, its checksum being there, does not come back."""

    def die(reached: str) -> None:
        if reached == step:
            raise Crash

    with pytest.raises(Crash):
        Filing(tmp_path, die).put(filed())
    seen = lying(tmp_path)
    assert seen.get("ADK.txt", CONTENT) == CONTENT
    if taken and "ADK.txt.sha256" in seen:
        for name in seen:
            (tmp_path / "gaji" / name).unlink()
        assert Filing(tmp_path).put(filed()) is False
        assert lying(tmp_path) == {}
        return
    Filing(tmp_path).put(filed())
    assert lying(tmp_path) == whole()


def test_a_name_that_is_taken_is_never_overwritten(tmp_path: Path) -> None:
    """Other content under that name stays as it is; the same content is taken for the file itself, once."""
    (tmp_path / "gaji").mkdir()
    (tmp_path / "gaji" / "ADK.txt").write_bytes(b"another month")
    with pytest.raises(BadMessage) as caught:
        Filing(tmp_path).put(filed())
    assert caught.value.code == "AMANA-OUT-008"
    assert lying(tmp_path) == {"ADK.txt": b"another month"}
    (tmp_path / "gaji" / "ADK.txt").write_bytes(CONTENT)
    Filing(tmp_path).put(filed())
    assert lying(tmp_path) == whole()
    for name in whole():
        (tmp_path / "gaji" / name).unlink()
    assert Filing(tmp_path).put(filed()) is False
    assert lying(tmp_path) == {}


def test_a_disk_that_does_not_take_it_is_tried_again(tmp_path: Path) -> None:
    """A folder that cannot be made is no fault of the message."""
    (tmp_path / "gaji").write_bytes(b"a file where the folder should be")
    with pytest.raises(TryAgain):
        Filing(tmp_path).put(filed())


def test_a_message_comes_to_its_file(tmp_path: Path) -> None:
    """A file that it carries, under its own name, else its body under code and request; `{run}` is the run's code."""
    carried = file_of("gaji/{run}", HEADERS, render(wrap("ElementEntry.dat", CONTENT) | {"more": 1}))
    assert carried == Filed("gaji/KEM-2026-10-1", "ElementEntry.dat", CONTENT, "0" * 32)
    other = file_of("gaji", HEADERS, b'{"rows":[]}')
    assert (other.name, other.content) == (f"TUKIN-OUT-{'0' * 32}.json", b'{"rows":[]}')
    assert asyncio.run(file_away(Filing(tmp_path), "gaji", HEADERS, b'{"rows":[]}')) is Event.FILED
    assert asyncio.run(file_away(None, "gaji", HEADERS, b"{}")) is Event.FORBIDDEN


@pytest.mark.parametrize("name", ["../x.txt", ".hidden", "a/b", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """What an adapter calls a file is a name and no path; a damaged file is not put anywhere."""
    body = render(wrap("x", CONTENT) | {"name": name})
    assert asyncio.run(file_away(Filing(tmp_path), "gaji", HEADERS, body)) is Event.BREACH
    damaged = render(wrap("x.txt", CONTENT) | {"sha256": "0" * 64})
    assert asyncio.run(file_away(Filing(tmp_path), "gaji", HEADERS, damaged)) is Event.BREACH
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("step", [None, *STEPS])
def test_payroll_files_of_a_run_lie_in_the_folder_of_their_subscription(tmp_path: Path, step: str | None) -> None:
    """Beside the payroll that is called another one takes files: each bank's file lies there once, confirmed, though the
    process died while the first was put; the next run's files do not meet these."""
    struck: list[str] = []

    def die(reached: str) -> None:
        if reached == step and not struck:
            struck.append(reached)
            raise Crash

    async def go() -> list[dict[str, Any]]:
        hub, script = SimHub(), Script()
        hub.filing = Filing(tmp_path, die)
        await script.do(hub, script.onboarding())
        wanted = {"system": PAYROLL, "code": "TUKIN-OUT", "id": "as-files", "options": {"folder": "gaji/{run}"}}
        assert (await hub.change(hub.signed("subscription.add", wanted))).accepted
        for act in script.whole():
            try:
                await act(hub)
            except Crash:
                await hub.crash()
                await settle(hub)
        return [row for row in await hub.store.rows("delivery") if row["subscription"] == "as-files"]

    rows = asyncio.run(go())
    assert rows
    assert {row["state"] for row in rows} == {"confirmed"}
    place = tmp_path / "gaji" / f"{preset().institution.code}-2026-10-1"
    files = sorted(path for path in place.iterdir() if path.suffix == ".txt")
    assert len(files) == len(rows)
    for path in files:
        assert path.read_bytes().splitlines()[-1].startswith(b"TOTAL")
        said = path.with_name(f"{path.name}.sha256").read_text()
        assert said == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    assert struck == ([step] if step else [])
