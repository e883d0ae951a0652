"""The desk where join requests wait: taken in within bounds, shown to operators, compared before one is approved.

Rule: what strangers may store is bounded, per address and in all, and ends after thirty days; a request is believed only
as far as its signature holds, each time it is read; once it is decided its row goes, and the directory answers.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

from hub.control.joining import is_known
from hub.errors import BadMessage, TryAgain
from hub.gateway.address import neighbourhood
from hub.gateway.quota import HOUR, Budget
from hub.joining.request import Asked, read_request
from hub.keys import subject_key
from hub.ports import Write
from hub.records import Ms

if TYPE_CHECKING:
    from hub.control.view import View
    from hub.gateway.context import GatewayContext

DAY: Final = 24 * HOUR
LIFE: Final = 30 * DAY
SHOWN_AFTER: Final = 7 * DAY
"""How long an expired request still says that it has expired."""

FRESH: Final = DAY
"""How far the time in a request may lie from the hub's: an old one cannot come again after it has expired."""

PER_ADDRESS: Final = 10
ASKS_PER_HOUR: Final = 60
"""Of one address, whatever becomes of them: each costs a look at a signature and at the table."""

DROPPED_AT_ONCE: Final = 1000
TABLE: Final = "join_request"
APPROVE: Final = "join.approve"
REJECT: Final = "join.reject"

Row = dict[str, Any]

_NAME = re.compile(r"[0-9a-f]{64}")


class Joins:
    """One per gateway process."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._asks = Budget(ASKS_PER_HOUR, HOUR)
        self._taking = asyncio.Lock()
        self._tidied: int | None = None

    async def take(self, body: bytes, address: str) -> str:
        """Let a request wait; its id. One that waits already, or is decided, is the same request. Raises `BadMessage`
        AMANA-JOIN-001 to -004, AMANA-CODE-001 or AMANA-SIZE-001, `TryAgain` AMANA-JOIN-004 past the rate."""
        context, now = self._context, self._context.clock.now()
        place = subject_key(context.keys.hmac, "address", neighbourhood(address)).hex()
        if not self._asks.spend(place, 1, now):
            raise TryAgain("AMANA-JOIN-004", "too many within the hour", after=self._asks.seconds_left(now))
        asked = read_request(body)
        await context.follower.catch_up()
        async with self._taking:
            if self._view.join(asked.id) is not None or await self._row(asked.id) is not None:
                return asked.id
            self._examine(asked, now)
            await self._make_room(asked, place, now)
            row = {
                "id": asked.id,
                "key_id": asked.key.key_id,
                "address": place,
                "made": now,
                "expires": now + LIFE,
                "envelope": body,
            }
            await context.store.write([Write(TABLE, [row], "add")])
        return asked.id

    async def find(self, name: str) -> Row | None:
        """The row of a request that waits, or did until it expired; None once it is decided."""
        if not _NAME.fullmatch(name):
            return None
        await self._context.follower.catch_up()
        return None if self._view.join(name) is not None else await self._row(name)

    async def check(self, kind: str, args: dict[str, Any]) -> None:
        """Before a decision is put into the log: it must be about the request that waits, and do no more than that asks
        for. Raises `BadMessage` AMANA-CHANGE-002 or AMANA-JOIN-005."""
        if kind not in {APPROVE, REJECT}:
            return
        row = await self._row(args["request"])
        if row is None:
            raise BadMessage("AMANA-CHANGE-002", "join request")
        if kind == REJECT:
            return
        if row["expires"] <= self._context.clock.now():
            raise BadMessage("AMANA-JOIN-005", "it has expired")
        asked = reread(row)
        if asked is None:
            raise BadMessage("AMANA-JOIN-005", "what is kept is not what was signed")
        member = difference(asked, args)
        if member is not None:
            raise BadMessage("AMANA-JOIN-005", f"{member}: not as it was asked for")

    async def settled(self, kind: str, args: dict[str, Any]) -> None:
        """After a decision: its row goes. One that cannot be dropped now goes with `tidy`."""
        if kind in {APPROVE, REJECT}:
            try:
                await self._drop([args["request"]])
            except TryAgain:
                self._tidied = None

    async def tidy(self, now: Ms) -> None:
        """Forget what is decided or long expired, now and then."""
        if self._tidied is not None and now - self._tidied < HOUR:
            return
        store = self._context.store
        old = await store.rows(TABLE, {"expires": ("<", now - SHOWN_AFTER)}, limit=DROPPED_AT_ONCE)
        decided = await store.rows(TABLE, {"id": [join.request for join in self._view.joins()[-DROPPED_AT_ONCE:]]})
        await self._drop([row["id"] for row in (*old, *decided)])
        self._tidied = now

    @property
    def _view(self) -> View:
        return self._context.follower.directory.now()

    async def _row(self, name: str) -> Row | None:
        rows = await self._context.store.rows(TABLE, {"id": name})
        return rows[0] if rows else None

    async def _drop(self, names: list[str]) -> None:
        if names:
            await self._context.store.write([Write(TABLE, [{"id": name} for name in names], "drop")])

    def _examine(self, asked: Asked, now: Ms) -> None:
        if abs(now - asked.said.at) > FRESH:
            raise BadMessage("AMANA-JOIN-001", "at: not within a day of the hub's clock")
        for number, code in enumerate(asked.said.codes, 1):
            if self._view.api(code) is None:
                raise BadMessage("AMANA-CODE-001", f"number {number} of codes; see GET /api/v1/services")
        if is_known(self._view, asked.key.key_id):
            raise BadMessage("AMANA-JOIN-003")

    async def _make_room(self, asked: Asked, place: str, now: Ms) -> None:
        store = self._context.store
        waiting = {"expires": (">", now)}
        if await store.rows(TABLE, waiting | {"key_id": asked.key.key_id}, limit=1):
            raise BadMessage("AMANA-JOIN-003")
        most = self._context.settings.join_requests
        if most == 0:
            raise BadMessage("AMANA-JOIN-004", "this hub takes none")
        if await _number(store.count(TABLE, waiting | {"address": place})) >= PER_ADDRESS:
            raise BadMessage("AMANA-JOIN-004", f"{PER_ADDRESS} from this address wait")
        if await _number(store.count(TABLE, waiting)) >= most:
            raise BadMessage("AMANA-JOIN-004", "the waiting list is full")


async def _number(counting: Any) -> int:
    found: dict[tuple[Any, ...], int] = await counting
    return found.get((), 0)


def reread(row: Row) -> Asked | None:
    """The request of a row; None when somebody has changed what is kept."""
    try:
        asked = read_request(bytes(row["envelope"]))
    except BadMessage:
        return None
    return asked if asked.id == row["id"] else None


def difference(asked: Asked, args: dict[str, Any]) -> str | None:
    """The first argument of an approval that is not what was asked for. Fewer codes are no difference; names are left out
    for what exists."""
    said = asked.said
    same = {
        "institution": args.get("institution") == said.institution,
        "institutionName": args.get("institutionName") in {None, said.name},
        "unit": args.get("unit") == said.unit,
        "unitName": args.get("unitName") in {None, said.unit_name},
        "system": args.get("system") == said.system,
        "publicKey": args.get("publicKey") == said.public_key,
        "secretSha256": args.get("secretSha256") == said.secret_sha256,
        "url": args.get("url") == said.url,
        "options": args.get("options", {}) == asked.options,
        "codes": set(args.get("codes", [])) <= set(said.codes),
    }
    return next((name for name, held in same.items() if not held), None)
