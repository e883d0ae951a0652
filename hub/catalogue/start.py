"""Codes of a hub that refuses to start."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-CONF-001": Code(
        500,
        "operator",
        "A setting is not usable",
        "a value as the settings page says",
        "Correct the setting named in the detail",
    ),
    "AMANA-CONF-002": Code(
        500,
        "operator",
        "A topic exists with another number of partitions",
        "the number it was made with",
        "Set the number back; it is fixed for the life of a topic",
    ),
    "AMANA-CONF-003": Code(
        500,
        "operator",
        "The database does not keep what it was told to keep",
        "SQLite: WAL and synchronous=FULL. PostgreSQL 15 or newer: fsync and full_page_writes on, synchronous_commit on or remote_apply, encoding UTF8",
        "SQLite: check the file system and the library. PostgreSQL: correct the named setting (ALTER SYSTEM, then reload), or upgrade the server; `amana doctor` looks again",
    ),
    "AMANA-CONF-004": Code(
        500,
        "operator",
        "A key file is missing or readable by others",
        "a key file of mode 0600",
        "Restore the key, or correct its mode",
    ),
    "AMANA-CONF-005": Code(
        500,
        "operator",
        "The data directory is in use or not usable",
        "a writable directory of its own",
        "Choose another directory or stop the other hub",
    ),
    "AMANA-CONF-006": Code(
        500,
        "operator",
        "The backup cannot be restored",
        "a whole, unchanged file that `amana backup` wrote",
        "Take another copy of the backup",
    ),
    "AMANA-CONF-008": Code(
        500,
        "operator",
        "A contract of this release cannot follow the one that is registered",
        "a contract that takes everything that its earlier text took",
        "Start the release that wrote the data; report the contract named in the detail",
    ),
    "AMANA-CONF-007": Code(
        500,
        "operator",
        "A certificate or key for TLS is not usable",
        "PEM files: a chain with the own certificate first, its key without passphrase and with mode 0600",
        "Correct the file named in the detail",
    ),
}
