"""Uploads: bytes that lie with the hub until a signed message claims them, or until somebody fetches them.

    open --finish--> ready --settle--> used          every one of them: gone when it expires
      `--cut off, or left over by a process that died: gone

What a system uploads has a key of its own, wrapped like a message secret. What the hub offers a system to fetch is sealed
under the secret of the message that it is about, so that erasing the message erases the offer. The bytes lie in sealed
pieces in the store, each bound to its reference and place. Rule: memory holds one piece, however large the upload; a reference tells nothing to any system but
its own; and what is settled, dropped or expired has lost its key before it has lost its bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from hub.errors import BadMessage
from hub.gateway.bodies import DIGEST, Claim, Claimed
from hub.ports import Admitted, Duplicate, Write
from hub.records import Ms, RecordId
from signing.sealing import SECRET_BYTES, BodyKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hub.ports import KeyWrapper, Store, Vault
    from signing.forms import Media

PIECE: Final = 1 << 20
"""Bytes of a sealed piece."""

LIFETIME_MS: Final = 24 * 3_600_000
STALE_MS: Final = 6 * 3_600_000
"""An upload that is still open after this was cut off by a process that died."""

MOST_WAITING: Final = 64
"""Uploads of one system that nobody has claimed yet."""

SWEEP_MS: Final = 60_000
SWEPT_AT_ONCE: Final = 100
PURPOSE: Final = "upload"

State = Literal["open", "ready", "used"]


@dataclass(frozen=True, slots=True)
class Upload:
    """`size`: of an open one, what is reserved. `receipt`: of the message that used it, and `code` its code."""

    reference: str = field(repr=False)
    system: str  # who may claim or fetch it
    media: Media
    state: State
    size: int
    digest: str
    expires: Ms
    wrapped: bytes = field(repr=False)
    begun: Ms
    code: str | None = None
    receipt: Duplicate | None = None
    secret: str | None = None  # id of the message secret that opens what the hub offers; `wrapped` is empty then

    def row(self) -> dict[str, Any]:
        receipt = self.receipt
        return {
            "reference": self.reference,
            "system": self.system,
            "media": self.media,
            "state": self.state,
            "size": self.size,
            "digest": self.digest,
            "expires": self.expires,
            "wrapped": self.wrapped,
            "begun": self.begun,
            "code": self.code,
            "secret_id": self.secret,
            "message": None if receipt is None else receipt.id,
            "message_time": None if receipt is None else receipt.time,
            "message_digest": None if receipt is None else receipt.digest,
        }


def _of_row(row: Mapping[str, Any]) -> Upload:
    message = row["message"]
    return Upload(
        reference=row["reference"],
        system=row["system"],
        media=row["media"],
        state=row["state"],
        size=row["size"],
        digest=row["digest"],
        expires=Ms(row["expires"]),
        wrapped=row["wrapped"],
        begun=Ms(row["begun"]),
        code=row["code"],
        secret=row["secret_id"],
        receipt=None
        if message is None
        else Duplicate(RecordId(message), Ms(row["message_time"]), row["message_digest"]),
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """The message that an offer is about: the reference that follows from it, and its secret."""

    reference: str
    secret_id: str
    secret: bytes = field(repr=False)


class Uploads:
    """Of one process; several may work on one store. `quota`: bytes that one system may have waiting."""

    def __init__(
        self, store: Store, wrapper: KeyWrapper, *, vault: Vault, quota: int = 0, most: int = MOST_WAITING
    ) -> None:
        self._store = store
        self._wrapper = wrapper
        self._vault = vault
        self._quota = quota
        self._most = most
        self._reserving = asyncio.Lock()
        self._sweep_at = Ms(0)

    async def begin(self, system: str, media: Media, reserve: int, now: Ms) -> Draft:
        """An upload of at most `reserve` bytes. Raises AMANA-UPLOAD-001 when the system has too much waiting."""
        reference = secrets.token_hex(16)
        secret = secrets.token_bytes(SECRET_BYTES)
        wrapped = self._wrapper.wrap(secret, _context(reference))
        expires = Ms(now + LIFETIME_MS)
        upload = Upload(reference, system, media, "open", reserve, "", expires, wrapped, now)
        async with self._reserving:
            where = {"system": system, "state": ["open", "ready"], "expires": (">", now), "secret_id": None}
            waiting = await self._store.rows("upload", where)
            if len(waiting) >= self._most:
                raise BadMessage("AMANA-UPLOAD-001", f"limit {self._most} uploads")
            if sum(row["size"] for row in waiting) + reserve > self._quota:
                raise BadMessage("AMANA-UPLOAD-001", f"limit {self._quota} bytes")
            await self._store.write([Write("upload", [upload.row()], "add")])
        return Draft(self, upload, BodyKey(secret, PURPOSE))

    async def find(self, system: str, reference: str, now: Ms, *, states: tuple[State, ...] = ("ready",)) -> Upload:
        """An upload of this system in one of these states. Raises AMANA-CLAIM-001: one that is somebody else's, expired
        or still open is no more there than one that never was."""
        rows = await self._store.rows("upload", {"reference": reference})
        upload = _of_row(rows[0]) if rows else None
        if upload is None or upload.system != system or upload.state not in states or upload.expires <= now:
            raise BadMessage("AMANA-CLAIM-001")
        return upload

    async def pieces(self, upload: Upload) -> AsyncIterator[bytes]:
        """Its bytes in order. Raises AMANA-CLAIM-001 when they are gone meanwhile."""
        secret = await self._secret(upload)
        if upload.state != "ready" or secret is None:
            raise BadMessage("AMANA-CLAIM-001")
        key = BodyKey(secret, PURPOSE)
        for number in range(-(-upload.size // PIECE)):
            rows = await self._store.rows("upload_piece", {"reference": upload.reference, "n": number})
            if not rows:
                raise BadMessage("AMANA-CLAIM-001")
            yield key.open_seal(_name(upload.reference, number), rows[0]["sealed"])

    async def redeem(self, system: str, claim: Claim, code: str, now: Ms) -> tuple[Upload, Claimed | None]:
        """The bytes that a claim stands for; None when a message under this code has used them already. Raises
        AMANA-CLAIM-001, AMANA-CLAIM-003 where digest or size disagree, AMANA-CLAIM-004 when another code used them."""
        upload = await self.find(system, claim.reference, now, states=("ready", "used"))
        if upload.secret is not None:
            raise BadMessage("AMANA-CLAIM-001")
        if claim.size != upload.size or not hmac.compare_digest(claim.digest.encode(), upload.digest.encode()):
            raise BadMessage("AMANA-CLAIM-003")
        if upload.state == "used":
            if upload.code != code:
                raise BadMessage("AMANA-CLAIM-004")
            return upload, None
        content = bytearray()
        async for piece in self.pieces(upload):
            content += piece
        return upload, Claimed(bytes(content), upload.media)

    async def offer(self, system: str, content: bytes, origin: Origin, now: Ms) -> Claim:
        """Lay out JSON for a system to fetch; durable on return. Offered again, it is what it was while it lasts."""
        rows = await self._store.rows("upload", {"reference": origin.reference})
        for upload in map(_of_row, rows):
            if upload.state == "ready" and upload.system == system and upload.expires > now:
                return Claim(upload.reference, upload.digest, upload.size)
            await self.drop(upload)
        expires = Ms(now + LIFETIME_MS)
        upload = Upload(
            origin.reference, system, "json", "open", len(content), "", expires, b"", now, secret=origin.secret_id
        )
        await self.keep(upload)
        draft = Draft(self, upload, BodyKey(origin.secret, PURPOSE))
        await draft.add(content)
        made = await draft.finish()
        return Claim(made.reference, made.digest, made.size)

    async def _secret(self, upload: Upload) -> bytes | None:
        if upload.secret is not None:
            return (await self._vault.open([upload.secret])).get(upload.secret)
        return self._wrapper.unwrap(upload.wrapped, _context(upload.reference)) if upload.state == "ready" else None

    async def settle(self, upload: Upload, code: str, outcome: Admitted | Duplicate) -> None:
        """A message holds the bytes now: destroy the key and the copy, remember the receipt until it expires."""
        receipt = Duplicate(outcome.id, outcome.time, outcome.digest)
        used = replace(upload, state="used", wrapped=bytes(len(upload.wrapped)), code=code, receipt=receipt)
        await self._store.write([Write("upload", [used.row()])])
        await self._drop_pieces(upload)

    async def drop(self, upload: Upload) -> None:
        """Destroy it, key first."""
        gone = replace(upload, wrapped=bytes(len(upload.wrapped)), expires=Ms(0))
        await self._store.write([Write("upload", [gone.row()])])
        await self._drop_pieces(upload)
        await self._store.write([Write("upload", [{"reference": upload.reference}], "drop")])

    async def sweep(self, now: Ms) -> int:
        """Drop what has expired or was left over, some at a time and once a minute; returns how many."""
        if now < self._sweep_at:
            return 0
        expired = await self._store.rows("upload", {"expires": ("<=", now)}, limit=SWEPT_AT_ONCE)
        stale = {"state": "open", "begun": ("<=", now - STALE_MS)}
        left = await self._store.rows("upload", stale, limit=SWEPT_AT_ONCE)
        found = {row["reference"]: row for row in expired + left}
        for row in found.values():
            await self.drop(_of_row(row))
        self._sweep_at = Ms(now if len(found) >= SWEPT_AT_ONCE else now + SWEEP_MS)
        return len(found)

    async def _drop_pieces(self, upload: Upload) -> None:
        numbers = range(-(-upload.size // PIECE))
        await self._store.write(
            [Write("upload_piece", [{"reference": upload.reference, "n": n} for n in numbers], "drop")]
        )

    # for Draft

    async def keep_piece(self, upload: Upload, number: int, sealed: bytes) -> None:
        row = {"reference": upload.reference, "n": number, "sealed": sealed}
        await self._store.write([Write("upload_piece", [row], "add")])

    async def keep(self, upload: Upload) -> None:
        await self._store.write([Write("upload", [upload.row()])])


class Draft:
    """An upload that is still coming in."""

    def __init__(self, uploads: Uploads, upload: Upload, key: BodyKey) -> None:
        self._uploads = uploads
        self._upload = upload
        self._key = key
        self._digest = hashlib.sha256()
        self._rest = bytearray()
        self._pieces = 0
        self.size = 0

    async def add(self, content: bytes) -> None:
        """Take more bytes. Raises AMANA-SIZE-001 past what was reserved."""
        self.size += len(content)
        if self.size > self._upload.size:
            raise BadMessage("AMANA-SIZE-001", f"limit {self._upload.size} bytes")
        self._digest.update(content)
        self._rest += content
        while len(self._rest) >= PIECE:
            await self._flush(PIECE)

    async def finish(self) -> Upload:
        """Durable and ready on return."""
        if self._rest:
            await self._flush(len(self._rest))
        digest = DIGEST + self._digest.hexdigest()
        upload = replace(self._upload, state="ready", size=self.size, digest=digest)
        await self._uploads.keep(upload)
        return upload

    async def drop(self) -> None:
        """It will not be whole."""
        await self._uploads.drop(replace(self._upload, size=self._pieces * PIECE))

    async def _flush(self, size: int) -> None:
        number, piece = self._pieces, bytes(self._rest[:size])
        del self._rest[:size]
        self._pieces += 1  # first: a write that failed may be stored all the same
        sealed = self._key.seal(_name(self._upload.reference, number), piece)
        await self._uploads.keep_piece(self._upload, number, sealed)


def _context(reference: str) -> bytes:
    return f"upload/{reference}".encode()


def _name(reference: str, number: int) -> str:
    return f"{reference}/{number}"
