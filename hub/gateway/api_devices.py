"""`/api/v1/device-flags`: what is odd about the clocks of devices. Rule: counts and ids only; nothing is opened here."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from hub.gateway.api_reads import After, Context, Filter, Limit, Reader
from hub.reads import flags
from hub.reads.flags import FlaggedMessageRow, FlagRow
from hub.reads.rows import Page

router = APIRouter(prefix="/api/v1")


def _where(
    institution: Filter = None,
    system: Filter = None,
    device: Filter = None,
    flag: Filter = None,
    from_: Annotated[date | None, Query(alias="from")] = None,
    to: date | None = None,
) -> dict[str, Any]:
    given = {"institution": institution, "system": system, "device": device, "flag": flag}
    return flags.where_of(given, from_, to)


Where = Annotated[dict[str, Any], Depends(_where)]


@router.get("/device-flags", tags=["directory"])
async def device_flags(
    context: Context, _: Reader, where: Where, limit: Limit = 100, after: After = None
) -> Page[FlagRow]:
    """Which device raised which flag: in how many punches and messages, and between when, by the days on which they came."""
    return await flags.list_flags(context.store, context.follower.directory.now(), where, limit, after)


@router.get("/device-flags/messages", tags=["directory"])
async def flagged_messages(
    context: Context, _: Reader, where: Where, limit: Limit = 100, after: After = None
) -> Page[FlaggedMessageRow]:
    """The messages whose punches have such a flag, newest first."""
    return await flags.list_flagged(context.store, where, limit, after)
