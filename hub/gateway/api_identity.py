"""`/api/v1/identity`: numbers that contradict each other. Rule: it opens personal data, so every look is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from hub.errors import BadMessage
from hub.gateway.api_reads import Context, Filter, Reader
from hub.reads.audit import record_read
from hub.reads.identity import Conflicts, list_conflicts, masked_row

if TYPE_CHECKING:
    from hub.control.view import View

router = APIRouter(prefix="/api/v1")


@router.get("/identity/conflicts", tags=["pay"])
async def conflicts(context: Context, reader: Reader, institution: Filter = None, full: bool = False) -> Conflicts:
    """Conflicts between numbers of employees, of one institution or of all, the numbers masked; `full`: as they are. The
    read is recorded, and which."""
    view: View = context.follower.directory.now()
    if institution is not None and view.institution(institution) is None:
        raise BadMessage("AMANA-READ-001", "institution")
    codes = sorted(one.code for one in view.institutions()) if institution is None else [institution]
    found, opened = await list_conflicts(context.store, context.vault, codes)
    about = "hub" if institution is None else institution
    what = "identity.conflicts" if full else "identity.conflicts.masked"
    await record_read(context.bus, reader, what, about, opened, context.clock.now())
    return {"items": found if full else [masked_row(row) for row in found]}
