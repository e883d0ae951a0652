"""Opening sealed bodies in a stage. Rule: an erased body is counted and skipped; a body that does not open under its
own secret stops the stage, for then the log was tampered with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.errors import Halt
from hub.ports import Vault
from hub.records import ID, SECRET, Record
from signing.errors import SigningError
from signing.sealing import BodyKey

RECEIVED: Final = "inbox"
"""Purpose under which received bytes are sealed."""


async def secrets_of(vault: Vault, records: Iterable[Record]) -> dict[str, bytes]:
    """The secrets that still exist of all that `records` name, read at once."""
    return await vault.open(sorted({record.headers[SECRET] for record in records}))


def open_body(key: BodyKey, record_id: str, sealed: bytes) -> bytes:
    """The plain body. Raises `Halt` AMANA-SEAL-001."""
    try:
        return key.open_seal(record_id, sealed)
    except SigningError as error:
        raise Halt("AMANA-SEAL-001", f"record {record_id}") from error


def open_with(secret: bytes, purpose: str, record: Record) -> bytes:
    """The plain body of one record."""
    return open_body(BodyKey(secret, purpose), record.headers[ID], record.value)
