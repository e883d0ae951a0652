"""Backup and restore as an operator does them: a hub is backed up while it serves, restored elsewhere, and reconciles;
what was erased since stays erased; what is no whole backup is refused and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.backup import restore
from hub.cli.failures import CONFIGURATION
from hub.cli.main import invoke
from hub.demo.onboarding import Operator
from tests.faults.load import Gate, Kept, outages, push_until_held, pushing, worker
from tests.faults.month_run import LOAD, add_loaders, hub_key, insist
from tests.faults.served import serving
from tests.journeys.demo_run import DemoRun
from tests.journeys.stored import messages, opened_log, pay_signals

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Backed:
    """A hub that went on after its backup. `erased`: a message erased since. `before`: what `reconcile` said when the
    backup was taken, with nobody pushing; `busy`: a backup taken while systems pushed, and the receipts from before it.
    """

    data: Path
    file: Path
    before: dict[str, Any]
    erased: str
    busy: Path
    receipts: list[str]


def amana(data: Path, *words: str) -> dict[str, Any]:
    """One command that must go well; its JSON."""
    return Operator(data).run(*words)


def settled(data: Path) -> dict[str, Any]:
    """What `amana reconcile` says, once the index has caught up."""
    return insist(lambda: amana(data, "reconcile"), "everything reconciles")


@pytest.fixture(scope="module")
def backed(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Backed:
    folder = tmp_path_factory.mktemp("backed")
    data, file, busy = demo.copy(folder / "data"), folder / "quiet.backup", folder / "busy.backup"
    with serving(data) as served:
        before = settled(data)
        amana(data, "backup", str(file))
        rows = amana(data, "message", "list", "--kind", "inbox", "--code", "JSON-LEAVE")["items"]
        erased: str = rows[0]["id"]
        amana(data, "message", "erase", erased, "--reason", "an objection (made up)", "--yes")
        insist(lambda: erased in asyncio.run(_erasures(data)), "the message is erased")
        kept, gate = Kept(), Gate()
        [loader] = add_loaders(data, 1)
        push = lambda: push_until_held(  # noqa: E731 - a thread's work
            served.url, loader, hub_key(served.url), outages(LOAD, loader.code, gate), gate, kept
        )
        with pushing(gate, kept, [worker(kept, loader.code, push)]):
            insist(lambda: len(kept.receipts) > 20, "systems push")
            receipts = [receipt.request_id for *_, receipt in list(kept.receipts)]
            amana(data, "backup", str(busy))
            more = len(kept.receipts)
            insist(lambda: len(kept.receipts) > more, "systems went on pushing")
    return Backed(data, file, before, erased, busy, receipts)


async def _erasures(data: Path) -> list[str]:
    async with opened_log(data) as log:
        return [id_ for id_, _ in await log.erased()]


async def _opens(data: Path, id_: str) -> bool:
    async with opened_log(data) as log:
        return id_ in await log.open([id_])


def test_a_restored_hub_reconciles_like_the_one_it_is_of(backed: Backed, tmp_path: Path) -> None:
    """Taken while serving, restored into a new directory and served: the same totals, the same signals."""
    data = tmp_path / "restored"
    answer = amana(data, "restore", str(backed.file))
    assert answer == {"data": str(data), "erased": 1, "erasuresKnown": True}
    with serving(data):
        assert settled(data) == backed.before
    assert pay_signals(data) == pay_signals(backed.data)


def test_a_restored_hub_goes_on_admitting(backed: Backed, tmp_path: Path) -> None:
    """It has its keys, its directory and its memory of duplicates: what it has is a duplicate, what is new is taken."""
    data = tmp_path / "restored"
    restore(backed.file, data)
    with serving(data) as served:
        kept, gate = Kept(), Gate()
        [loader] = add_loaders(data, 1)
        body = next(outages(LOAD, loader.code, gate))
        key = hub_key(served.url)
        for _ in range(2):
            push_until_held(served.url, loader, key, [body], gate, kept)
        insist(lambda: amana(data, "reconcile")["admitted"]["JSON-OUTAGE"] == 2, "the new message is indexed")
    assert [receipt.duplicate for *_, receipt in kept.receipts] == [False, True]


def test_what_a_sender_holds_a_receipt_for_is_in_a_backup_taken_later(backed: Backed, tmp_path: Path) -> None:
    """A backup of a busy hub holds every message that was acknowledged before it began."""
    data = tmp_path / "restored"
    restore(backed.busy, data)
    held = {message.request_id for message in messages(data)}
    assert [request for request in backed.receipts if request not in held] == []


def test_erasures_since_the_backup_are_applied_again(backed: Backed, tmp_path: Path) -> None:
    """The backup has the message's secret, the hub that it is of has erased it: nobody opens it in the restored one."""
    data = tmp_path / "restored"
    outcome = restore(backed.file, data)
    assert (outcome.erased, outcome.erasures_known) == (1, True)
    assert asyncio.run(_erasures(data)) == [backed.erased]
    assert asyncio.run(_opens(data, backed.erased)) is False
    assert [message.received for message in messages(data) if message.headers["ce_id"] == backed.erased] == [None]


def test_a_restore_says_when_nobody_knows_what_was_erased(backed: Backed, tmp_path: Path) -> None:
    """Without the hub that the backup is of, the secret is there again, and the operator is told that it may be so."""
    file, data = tmp_path / "file.backup", tmp_path / "restored"
    shutil.copy(backed.file, file)
    away = backed.data.with_name("away")
    backed.data.rename(away)
    try:
        outcome = amana(data, "restore", str(file))
        assert (outcome["erased"], outcome["erasuresKnown"]) == (0, False)
        assert asyncio.run(_opens(data, backed.erased)) is True
        again = tmp_path / "again"
        printed = subprocess.run(  # what a person sees, warnings included
            [sys.executable, "-m", "hub.cli.main", "restore", str(file), "--data", str(again)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "--erasures" in printed.stderr
        told = amana(tmp_path / "told", "restore", str(file), "--erasures", str(away))
        assert (told["erased"], told["erasuresKnown"]) == (1, True)
    finally:
        away.rename(backed.data)


def refused(data: Path, *words: str) -> str:
    """The stable code with which a command refuses; it must be one of configuration, with a remedy and no traceback."""
    status, text = invoke([*words, "--data", str(data)])
    assert status == CONFIGURATION, text
    assert "do:" in text
    assert "Traceback" not in text
    return text.removeprefix("amana: ").partition(":")[0]


@pytest.mark.parametrize(
    "damage", ["a byte in the middle", "cut short", "cut to nothing", "not a backup", "no manifest"]
)
def test_a_damaged_backup_is_refused(damage: str, backed: Backed, tmp_path: Path) -> None:
    """With AMANA-CONF-006, and no directory is left behind, neither the new one nor a half-made one."""
    content = backed.file.read_bytes()
    half = len(content) // 2
    damaged = {
        "a byte in the middle": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
        "cut short": content[: len(content) - 50_000],
        "cut to nothing": b"",
        "not a backup": b"PK\x03\x04" + b"\x00" * 2000,
        "no manifest": content.replace(b"manifest.json", b"manifest.jsox"),
    }[damage]
    file = tmp_path / "damaged.backup"
    file.write_bytes(damaged)
    assert refused(tmp_path / "new", "restore", str(file)) == "AMANA-CONF-006"
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.backup"]


def test_a_missing_backup_is_refused(tmp_path: Path) -> None:
    """With a stable code; nothing is made."""
    assert refused(tmp_path / "new", "restore", str(tmp_path / "none.backup")) == "AMANA-CONF-006"
    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_use_is_not_restored_into(backed: Backed, tmp_path: Path) -> None:
    """What is there stays as it is."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").write_text("mine")
    assert refused(tmp_path / "used", "restore", str(backed.file)) == "AMANA-CONF-005"
    assert [path.name for path in tmp_path.rglob("*")] == ["used", "mine"]


def test_a_backup_replaces_no_file_and_needs_a_hub(backed: Backed, tmp_path: Path) -> None:
    """Neither a file that exists is overwritten nor a backup made of nothing."""
    file = tmp_path / "mine"
    file.write_text("mine")
    assert refused(backed.data, "backup", str(file)) == "AMANA-CONF-005"
    assert file.read_text() == "mine"
    assert refused(tmp_path / "nothing", "backup", str(tmp_path / "new")) == "AMANA-CONF-005"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_backup_is_for_its_owner_only(backed: Backed) -> None:
    """It holds private keys: mode 0600, whatever the umask."""
    assert [oct(file.stat().st_mode & 0o777) for file in (backed.file, backed.busy)] == ["0o600", "0o600"]
