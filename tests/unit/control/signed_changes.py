"""People who sign changes, and a control log as a list of bodies: what the tests of the directory are written in."""

from __future__ import annotations

from typing import Any

from hub.control.directory import Directory, Outcome, render_body
from hub.control.requests import sign_change
from hub.records import Ms
from signing.keys import PrivateKey, generate

NOW = Ms(1_793_577_600_000)
"""2 November 2026: the month that is paid in these tests is over."""
CUTOFF = {"inbox.siasn": [3, 0], "inbox.zkteco_adms": [7, 9]}

ADMIN = generate()
SECOND = generate()
HUB = generate()
SYSTEM = generate()


def pem(key: PrivateKey) -> str:
    return key.public.pem()


def start_args() -> dict[str, Any]:
    return {"hubPublicKey": pem(HUB), "operator": {"name": "root", "person": "Person One", "publicKey": pem(ADMIN)}}


class Script:
    """A directory that is told one change after the other. Time goes on by one second per change."""

    def __init__(self, *, started: bool = True) -> None:
        self.directory = Directory()
        self.bodies: list[bytes] = []
        self.now = NOW
        if started:
            outcome = self.tell("hub.start", start_args(), hub={"start": True})
            assert outcome.accepted, outcome

    def tell(
        self,
        change: str,
        args: dict[str, Any],
        *,
        by: PrivateKey = ADMIN,
        hub: dict[str, Any] | None = None,
        nonce: str | None = None,
    ) -> Outcome:
        """Sign a change and append it."""
        return self.append(sign_change(by, change, args, self.now, nonce), hub)

    def append(self, envelope: bytes, hub: dict[str, Any] | None = None) -> Outcome:
        """Append an envelope as it is."""
        return self.take(render_body(envelope, self.now, hub or {}))

    def take(self, body: bytes) -> Outcome:
        """Append a body as it is."""
        position = len(self.bodies)
        self.bodies.append(body)
        self.now = Ms(self.now + 1000)
        return self.directory.apply(position, body, f"{position:064x}")

    # the usual nation

    def unit(self) -> None:
        """An institution with a system that may push under one code, and a receiver that gets another."""
        for change, args in (
            ("institution.add", {"code": "KEMEN", "name": "A ministry"}),
            ("system.add", system_args("HRIS")),
            ("system.add", system_args("PAYROLL", publicKey=None)),
            ("api.add", {"code": "SIASN-EMP", "adapter": "siasn", "exchange": "employees"}),
            ("api.add", {"code": "TUKIN-OUT", "adapter": "adk_tukin", "exchange": "run", "direction": "out"}),
            ("grant.add", {"system": "HRIS", "code": "SIASN-EMP"}),
        ):
            outcome = self.tell(change, args)
            assert outcome.accepted, outcome


def system_args(code: str, **more: Any) -> dict[str, Any]:
    args = {
        "institution": "KEMEN",
        "code": code,
        "clientId": f"client-{code}",
        "secretSha256": "ab" * 32,
        "publicKey": pem(SYSTEM),
    }
    return {name: value for name, value in (args | more).items() if value is not None}


def run_args(**more: Any) -> dict[str, Any]:
    return {
        "institution": "KEMEN",
        "period": "2026-10",
        "paid": "2026-11",
        "ruleSet": "permenaker-15-2024",
        "ruleVersion": "1",
    } | more


def device_args(serial: str, **more: Any) -> dict[str, Any]:
    return {"adapter": "zkteco_adms", "serial": serial, "institution": "KEMEN", "networks": ["10.1.0.0/16"]} | more


def refusal(outcome: Outcome) -> tuple[bool, str, str]:
    return outcome.accepted, outcome.code, outcome.detail
