"""Onboarding of the trial: institution, the connector's system, the two providers, codes and grants, by signed changes.

Rule: on a directory that was onboarded before only what differs is changed: another key of the connector.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub import keys
from hub.conformance import files
from hub.conformance.provider import PATIENCE, URL
from hub.conformance.steps import LATE, PULL_CODES, PUSH_CODES
from hub.control.client import HubClient
from hub.serve.first import FIRST_OPERATOR
from signing.keys import PrivateKey, PublicKey

INSTITUTION: Final = "TRIAL"
CONNECTOR: Final = "CONNECTOR"
PROVIDER: Final = "TRIAL-PROVIDER"
SLOW: Final = "TRIAL-SLOW"
"""Provider of the late answers: a system of its own, so that its faults hold up no other trial code."""


@dataclass(frozen=True, slots=True)
class Onboarded:
    """Who the connector is at the trial hub, and the keys of both sides of it."""

    client_id: str
    client_secret: str = field(repr=False)
    connector: PublicKey
    provider: PrivateKey
    hub: PrivateKey


def onboard(folder: Path, connector: PublicKey) -> Onboarded:
    """Have everything that the steps need. The hub of `folder` must be ready."""
    data = folder / files.HUB
    provider = files.keep_key(folder / files.PROVIDER)
    hub = keys.load(keys.directory(data)).signing
    known = files.read_credentials(folder)
    with HubClient(data, None, keys.load_operator(keys.operator_file(keys.directory(data), FIRST_OPERATOR))) as client:
        if known is None:
            known = _onboard(client, connector, provider.public)
        elif known["keyId"] != connector.key_id:
            arguments = {"system": CONNECTOR, "publicKey": connector.pem(), "overlapSeconds": 0}
            client.change("system.rotate-key", arguments)
            known = known | {"keyId": connector.key_id}
    files.write_credentials(folder, known)
    files.write_hub_key(folder, hub.public)
    return Onboarded(known["clientId"], known["clientSecret"], connector, provider, hub)


def _onboard(client: HubClient, connector: PublicKey, provider: PublicKey) -> dict[str, Any]:
    client_id, secret = secrets.token_hex(16), secrets.token_urlsafe(32)
    client.change("institution.add", {"code": INSTITUTION, "name": "Trial of a connector"})
    _add_system(client, CONNECTOR, client_id, secret, connector)
    for code in (PROVIDER, SLOW):
        _add_system(client, code, secrets.token_hex(16), secrets.token_urlsafe(32), provider, URL)
    for code in PUSH_CODES:
        client.change("api.add", {"code": code, "direction": "relay"})
    for code in PULL_CODES:
        slow = {"provider": SLOW, "timeoutMs": round(PATIENCE * 1000)} if code == LATE else {"provider": PROVIDER}
        client.change("api.add", {"code": code, "direction": "pull"} | slow)
    for code in (*PUSH_CODES, *PULL_CODES):
        client.change("grant.add", {"system": CONNECTOR, "code": code})
    return {"clientId": client_id, "clientSecret": secret, "keyId": connector.key_id}


def _add_system(
    client: HubClient, code: str, client_id: str, secret: str, key: PublicKey, url: str | None = None
) -> None:
    arguments: dict[str, Any] = {
        "institution": INSTITUTION,
        "code": code,
        "clientId": client_id,
        "secretSha256": hashlib.sha256(secret.encode()).hexdigest(),
        "publicKey": key.pem(),
        "url": url,
        "options": {},
    }
    client.change("system.add", arguments)
