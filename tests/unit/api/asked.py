"""Applicants of the tests: requests to join, sent as anybody on the network would."""

from __future__ import annotations

from typing import Any

import httpx

from hub.control.client import SOCKET
from hub.joining.request import sign_request
from hub.records import Ms
from hub.rundir import run_directory
from signing.keys import PrivateKey, generate
from tests.unit.api.desk import Desk

SECRET = "a client secret that never travels"
MEMBERS = {
    "institution": "NEW",
    "name": "A new agency",
    "system": "NEWHR",
    "contact": "Person Three, 555 0100",
    "codes": ["EMP"],
}


def raw(desk: Desk) -> httpx.Client:  # noqa: TID251
    transport = httpx.HTTPTransport(uds=str(run_directory(desk.data) / SOCKET))
    return httpx.Client(transport=transport, base_url="http://hub")  # noqa: TID251 - as no client does


def request(desk: Desk, key: PrivateKey | None = None, *, late: int = 0, **more: Any) -> bytes:
    """A request as an applicant signs it; `late`: so many milliseconds ago."""
    return sign_request(key or generate(), SECRET, MEMBERS | more, Ms(desk.clock.now() - late))


def post(desk: Desk, body: bytes) -> tuple[int, Any]:
    """Status and answer."""
    with raw(desk) as http:
        answer = http.post("/api/v1/join", content=body, headers={"content-type": "application/json"})
    return answer.status_code, answer.json()


def state(desk: Desk, name: str) -> Any:
    with raw(desk) as http:
        return http.get(f"/api/v1/join/{name}").json()


def add_code(desk: Desk, code: str = "EMP") -> None:
    with desk.client() as client:
        client.change("api.add", {"code": code, "adapter": "siasn", "exchange": "employees"})


def approval(desk: Desk, name: str, **more: Any) -> dict[str, Any]:
    """Arguments of an approval of what waits under this id, for an institution that is new."""
    from hub.joining.request import read_request

    with desk.client() as client:
        shown = client.get(f"/api/v1/joins/{name}")
    asked = read_request(shown["request"].encode())
    args = {
        "request": name,
        "fingerprint": asked.key.key_id[:32],
        "institution": asked.said.institution,
        "institutionName": asked.said.name,
        "system": asked.said.system,
        "clientId": "c" * 32,
        "secretSha256": asked.said.secret_sha256,
        "publicKey": asked.said.public_key,
        "url": asked.said.url,
        "codes": list(asked.said.codes),
    }
    return {member: value for member, value in (args | more).items() if value is not None}
