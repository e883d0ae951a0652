"""Whatever arrives, the gateway answers with a stable code: never a 500, never silence, never what was sent."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signing import envelope
from tests.journeys.gateway_client import Site, open_site
from tests.soak import rounds
from tests.unit.gateway.onboarded import NETWORK, SERIAL

TARGETS = [
    "/esb/push-request",
    "/esb/request",
    "/oauth/token",
    f"/iclock/cdata?SN={SERIAL}&table=ATTLOG",
    f"/iclock/cdata?SN={SERIAL}&table=",
    "/iclock/cdata?%FF=%00&&=",
    "/iclock/",
    "//iclock/cdata",
]
KINDS = ["", "application/json", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x", "\x7f"]
scraps = st.lists(
    st.sampled_from(
        [
            b'{"data":{',
            b'},"signature":"',
            b'"}',
            b"{",
            b"}",
            b"[" * 70,
            b'"\\u',
            b"--x\r\n",
            b"\r\n",
            b"\0",
            b"\xff",
            b"grant_type=client_credentials&client_id=",
            b"1e999",
            b'"esbBody":',
            b"\t",
            b"2026-10-01 07:00:00",
            b"%",
        ]
    )
    | st.binary(max_size=8),
    max_size=8,
).map(b"".join)


REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT"]),
        "target": st.sampled_from(TARGETS),
        "kind": st.sampled_from(KINDS),
        "token": st.sampled_from(["", "Bearer", "Basic", "Basic !", "Basic Og==", "Bearer a.b", "good"]),
        "body": scraps,
        "sign": st.booleans(),
    }
)


async def judge(site: Site, method: str, target: str, kind: str, token: str, body: bytes, sign: bool) -> None:
    given_token = f"Bearer {await site.token()}" if token == "good" else token
    sent = envelope.seal(b"{" + body + b"}", site.house.sender) if sign else body
    reply = await site.ask(method, target, sent, {"Content-Type": kind, "Authorization": given_token})
    assert reply.status < 500
    assert reply.headers["content-length"] == str(len(reply.body))
    assert b"Traceback" not in reply.body
    if target.startswith("/esb/"):
        assert site.verified(reply)["message"].startswith("AMANA-")


def test_garbage_is_refused_with_a_code(tmp_path: Path) -> None:
    """Scraps of every syntax, signed or not, at every path: each answer is below 500, and the engine's are signed."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        site = runner.run(stack.enter_async_context(open_site(tmp_path)))
        site.peer = NETWORK.replace("0/24", "9")

        @settings(max_examples=rounds(200), deadline=None)
        @given(REQUESTS)
        def each(request: dict[str, Any]) -> None:
            runner.run(judge(site, **request))

        try:
            each()
        finally:
            runner.run(stack.aclose())
