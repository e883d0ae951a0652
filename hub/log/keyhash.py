"""Fixed-width keys of the admission tables.

Rule: everything a key depends on is preceded by its length, so no two different inputs share one. Keys are 16 bytes:
they fill the largest trees of the file, and 128 bits leave no accidental collision.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

WIDTH = 16

_RECORD_ID = re.compile(r"[0-9a-f]{64}")


def id_bytes(secret_id: str) -> bytes:
    """32 bytes for any id: a record id is its own bytes, every other id ("run:...") is hashed."""
    if _RECORD_ID.fullmatch(secret_id):
        return bytes.fromhex(secret_id)
    return hashlib.sha256(b"amana:secret-id:1" + secret_id.encode()).digest()


def scope_key(system: str, code: str) -> bytes:
    """The place of (system, code) in the window rule's table."""
    return _begun(b"amana-scope", system.encode(), code.encode()).digest()


def dedupe_keys(rule: str, system: str, code: str, keys: Iterable[bytes]) -> Iterator[bytes]:
    """Request ids or natural keys within their system and code: no system can shadow the messages of another."""
    scope = _begun(b"amana-dedupe", rule.encode(), system.encode(), code.encode())
    for key in keys:
        h = scope.copy()
        h.update(len(key).to_bytes(8, "big") + key)
        yield h.digest()


def _begun(purpose: bytes, *parts: bytes) -> hashlib.blake2b:
    h = hashlib.blake2b(digest_size=WIDTH, person=purpose)
    for part in parts:
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h
