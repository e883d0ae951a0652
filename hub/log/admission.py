"""The admission tables: what `decide` has to know of earlier messages, and how it is kept.

Rule: the receipt of every admitted message can be given again from here alone, after its body is erased too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from hub.log.connections import insert_rows, keys_array
from hub.log.dedupe import Claim, Fresh, Latest, Memory, Receipt
from hub.log.keyhash import WIDTH
from hub.log.vault import add_secrets
from hub.records import Ms, RecordId

_DIGEST = "sha256:"


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that was let in, as the tables keep it."""

    claim: Claim
    fresh: Fresh
    time: Ms
    wrapped: bytes


def load_memory(connection: apsw.Connection, claims: Sequence[Claim]) -> Memory:
    """What earlier commits know of these messages."""
    memory = Memory()
    firsts = keys_array({bytes.fromhex(claim.first)[:WIDTH] for claim in claims})
    for key, tail, repeats in connection.execute(
        "SELECT key, tail, repeats FROM known WHERE key IN (SELECT value FROM carray(?))", (firsts,)
    ):
        memory.occurrences[RecordId((key + tail).hex())] = repeats + 1
    keys = keys_array({key for claim in claims if claim.candidate.rule == "natural-key" for key in claim.keys})
    if keys is not None:
        for key, message, tail, time, digest in connection.execute(
            "SELECT s.key, k.key, k.tail, k.time, k.digest FROM seen AS s JOIN known AS k ON k.key = s.message"
            " WHERE s.key IN (SELECT value FROM carray(?))",
            (keys,),
        ):
            memory.seen[key] = _receipt(message, tail, time, digest)
    requests = keys_array({claim.keys[0] for claim in claims if claim.candidate.rule == "request-id"})
    if requests is not None:
        for key, first, message, tail, time, digest in connection.execute(
            "SELECT r.key, r.first, k.key, k.tail, k.time, k.digest FROM request AS r JOIN known AS k"
            " ON k.key = r.message WHERE r.key IN (SELECT value FROM carray(?))",
            (requests,),
        ):
            memory.requests[key] = Latest(RecordId(first.hex()), _receipt(message, tail, time, digest))
    scopes = keys_array({claim.scope for claim in claims if claim.candidate.rule == "window"})
    if scopes is not None:
        for scope, first, message, tail, time, digest in connection.execute(
            "SELECT l.scope, l.first, k.key, k.tail, k.time, k.digest FROM latest AS l JOIN known AS k"
            " ON k.key = l.message WHERE l.scope IN (SELECT value FROM carray(?))",
            (scopes,),
        ):
            memory.latest[scope] = Latest(RecordId(first.hex()), _receipt(message, tail, time, digest))
    return memory


def store_admissions(connection: apsw.Connection, admitted: Sequence[Stored]) -> None:
    """Keep ids, secrets, receipts and dedupe keys of messages, in the order they were admitted."""
    numbers = add_secrets(connection, [message.wrapped for message in admitted])
    known = []
    seen: list[tuple[bytes, bytes]] = []
    requests = []
    latest = {}
    repeats = {}
    for number, message in zip(numbers, admitted, strict=True):
        name = bytes.fromhex(message.fresh.id)
        key = name[:WIDTH]
        digest = bytes.fromhex(message.claim.digest.removeprefix(_DIGEST))
        known.append((key, name[WIDTH:], number, message.time, digest))
        first = bytes.fromhex(message.claim.first)
        if message.claim.candidate.rule == "window":
            latest[message.claim.scope] = (first, key)
        elif message.claim.candidate.rule == "request-id":
            requests.append((message.claim.keys[0], first, key))
        else:
            seen.extend((row, key) for row in message.fresh.keys)
        if message.fresh.occurrence:
            repeats[first[:WIDTH]] = message.fresh.occurrence
    insert_rows(connection, "known", "key,tail,secret,time,digest", known)
    insert_rows(connection, "seen", "key,message", sorted(seen))  # neighbours of the tree together: half of the time
    insert_rows(connection, "request", "key,first,message", requests)
    for scope, (first, key) in latest.items():
        connection.execute("INSERT OR REPLACE INTO latest(scope, first, message) VALUES (?,?,?)", (scope, first, key))
    for key, count in repeats.items():
        connection.execute("UPDATE known SET repeats = ? WHERE key = ?", (count, key))


def _receipt(key: bytes, tail: bytes, time: int, digest: bytes) -> Receipt:
    return Receipt(RecordId((key + tail).hex()), Ms(time), _DIGEST + digest.hex())
