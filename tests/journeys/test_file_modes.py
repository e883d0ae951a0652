"""What a hub leaves on the disk is for its owner only, whatever the umask of the shell that started it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hub.demo.hubprocess import HubProcess
from hub.store.sql import SqlStore


def test_every_file_and_directory_of_a_running_hub_is_private(tmp_path: Path) -> None:
    """Made by hand with the usual mode, the data directory is closed at the first start; nothing in it, WAL files and
    sockets included, can be read by anybody else."""
    data = tmp_path / "data"
    before = os.umask(0o022)
    try:
        data.mkdir(mode=0o755)
        hub = HubProcess(data)
        hub.start()
        try:
            paths = [data, *data.rglob("*")]
            modes = {str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in paths}
        finally:
            hub.stop()
    finally:
        os.umask(before)
    open_to_others = {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    names = {path.name for path in paths}
    assert open_to_others == {}
    assert {"bus.db", "bus.db-wal", "store.db", "store.db-wal", "hub.lock"} - names == set()


def test_a_store_made_by_a_command_is_private_too(tmp_path: Path) -> None:
    """The file's mode does not depend on the process that opens the store first."""
    before = os.umask(0o022)
    try:
        SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(modes, 0o600)
    assert "store.db" in modes
