"""Uploading and claiming, as a system does it: on top of `gateway_client`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from hub.gateway.app import Gateway
from signing import jsontext
from tests.journeys.gateway_client import Reply, Site, nothing
from tests.unit.gateway.onboarded import CALENDAR

BODY = jsontext.render(CALENDAR)
OTHER = {**CALENDAR["records"][0], "workingDays": ["2026-10-02"]}


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def claim_of(content: bytes, reference: str, **changed: Any) -> dict[str, Any]:
    """The body of a message that claims an upload."""
    return {"claim": {"reference": reference, "digest": digest_of(content), "size": len(content), **changed}}


async def upload(
    site: Site,
    content: bytes | Sequence[bytes],
    *,
    token: str | None = None,
    media: str = "application/json",
    **headers: str,
) -> Reply:
    sent = {"Authorization": f"Bearer {token or await site.token()}", "Content-Type": media}
    return await site.ask("POST", "/esb/upload", content, sent | {k.replace("_", "-"): v for k, v in headers.items()})


async def uploaded(site: Site, content: bytes = BODY, **others: str) -> str:
    """The reference of an upload that is taken."""
    return str(site.verified(await upload(site, content, **others))["esbBody"]["reference"])


async def fetch(site: Site, reference: str, token: str | None = None) -> Reply:
    sent = {"Authorization": f"Bearer {token or await site.token()}"}
    return await site.ask("GET", f"/esb/upload/{reference}", b"", sent)


async def kept(site: Site) -> tuple[int, int]:
    """Rows of uploads and of their pieces."""
    return len(await site.store.rows("upload")), len(await site.store.rows("upload_piece"))


def restarted(site: Site) -> Site:
    """The same hub after a restart of its gateway: what it had in memory is gone."""
    return Site(Gateway(site.gateway.context, nothing), site.log, site.store, site.house, site.clock)
