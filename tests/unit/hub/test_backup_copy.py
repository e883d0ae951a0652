"""What a backup's copy of the store holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hub.backup import _copy_store
from hub.keys import FileKeyWrapper
from hub.records import Ms
from hub.store.sql import SqlStore
from hub.uploads import Uploads
from tests.simulator.clock import ManualClock
from tests.simulator.memory_log import MemoryLog

MARK = b"only the sender and the hub know this"


def test_uploads_are_in_no_backup(tmp_path: Path) -> None:
    """Neither the bytes nor the wrapped key of an upload is anywhere in the copy, and the hub keeps its own."""

    async def story() -> None:
        store = SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}")
        try:
            wrapper = FileKeyWrapper(b"w" * 32)
            uploads = Uploads(store, wrapper, vault=MemoryLog(wrapper, ManualClock(Ms(0))), quota=1 << 20)
            draft = await uploads.begin("HR", "json", 1 << 20, Ms(0))
            await draft.add(MARK)
            upload = await draft.finish()
            [piece] = await store.rows("upload_piece")
            _copy_store(tmp_path / "store.db", tmp_path / "copy.db")
            copied = (tmp_path / "copy.db").read_bytes()
            assert piece["sealed"] not in copied
            assert upload.wrapped not in copied
            assert b"".join([part async for part in uploads.pieces(upload)]) == MARK
        finally:
            await store.close()

    asyncio.run(story())
