"""A month as a list of acts: onboarding, a few employees' records, a run, its approval. Each act may be done again.

Rule: every act holds the very bytes that it sends, so that doing it again after a crash sends the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Final

from hub.demo.preset import Preset, load
from hub.demo.world import Month, make_month
from hub.gateway.admission import Refusal
from tests.simulator.hub import PEOPLE, SimHub, push_envelope, sha256

PERIOD: Final = "2026-10"
PAID: Final = "2026-11"
PAYROLL: Final = "BAYARCONTOH-GAJI"
URL: Final = "https://receiver.example/push"

Act = Callable[[SimHub], Awaitable[None]]


@cache
def preset() -> Preset:
    return load("kementerian")


@cache
def month(people: int = 3, seed: int = 11) -> Month:
    return make_month(preset(), PERIOD, people, seed)


@dataclass(slots=True)
class Script:
    """The acts of one month. `digest` is what the checker reads from the computed run before approving. `speaks`: the
    format that the receiver is registered with."""

    month: Month = field(default_factory=month)
    speaks: str = "json"
    requests: dict[str, bytes] = field(default_factory=dict)

    @property
    def run(self) -> str:
        return f"{preset().institution.code}-{PERIOD}-1"

    async def do(self, hub: SimHub, acts: list[Act]) -> None:
        for act in acts:
            await act(hub)

    # onboarding

    def onboarding(self) -> list[Act]:
        changes = onboarding_changes(self.speaks)
        return [self._change(f"onboard-{n}", kind, args) for n, (kind, args) in enumerate(changes)]

    # records

    def records(self) -> list[Act]:
        world = self.month.world
        acts: list[Act] = []
        for exchange in preset().exchanges:
            if exchange.code == "TUKIN-OUT":
                continue
            sample = import_module(f"adapters.{exchange.adapter}.sample")
            for message in sample.messages(exchange.exchange, world):
                if exchange.system:
                    acts.append(_push(exchange.system, push_envelope(exchange.code, message.body)))
                else:
                    acts.append(_punch(message.query["SN"], message.path, message.query, message.body))
        return acts

    # the run

    def open_run(self) -> Act:
        args = {
            "institution": preset().institution.code,
            "period": PERIOD,
            "paid": PAID,
            "ruleSet": preset().rule_set.id,
            "ruleVersion": preset().rule_set.version,
        }
        return self._change("run.open", "run.open", args)

    def approve(self, operator: Any = None) -> Act:
        async def act(hub: SimHub) -> None:
            [row] = await hub.store.rows("run", {"code": self.run})
            request = self.requests.get("run.approve")
            if request is None:
                args = {"run": self.run, "digest": row["digest"]}
                request = self.requests["run.approve"] = hub.signed("run.approve", args, operator or PEOPLE.checker)
            outcome = await hub.change(request)
            assert outcome.accepted, (outcome.code, outcome.detail)

        return act

    def whole(self) -> list[Act]:
        return [*self.records(), settle, self.open_run(), settle, self.approve(), settle]

    def _change(self, name: str, kind: str, args: dict[str, Any]) -> Act:
        async def act(hub: SimHub) -> None:
            request = self.requests.get(name)
            if request is None:
                request = self.requests[name] = hub.signed(kind, args)
            outcome = await hub.change(request, first=kind == "hub.start")
            assert outcome.accepted, (kind, outcome.code, outcome.detail)

        return act


async def settle(hub: SimHub) -> None:
    await hub.settle()


def _push(system: str, text: bytes) -> Act:
    async def act(hub: SimHub) -> None:
        answer = await hub.push(system, text)
        assert not isinstance(answer, Refusal), (answer.code, answer.detail)

    return act


def _punch(serial: str, path: str, query: Any, body: bytes) -> Act:
    async def act(hub: SimHub) -> None:
        await hub.punch(serial, path, query, body)

    return act


def onboarding_changes(speaks: str = "json") -> list[tuple[str, dict[str, Any]]]:
    """What the first operator signs, in order."""
    p = preset()
    first = {"name": "admin", "person": "First Person", "publicKey": PEOPLE.admin.public.pem()}
    second = {
        "name": "checker",
        "person": "Second Person",
        "publicKey": PEOPLE.checker.public.pem(),
        "roles": ["approver"],
    }
    changes: list[tuple[str, dict[str, Any]]] = [
        ("hub.start", {"hubPublicKey": PEOPLE.hub.public.pem(), "operator": first}),
        ("operator.add", second),
        ("institution.add", {"code": p.institution.code, "name": p.institution.name}),
        ("institution.add", {"code": p.payroll.code, "name": p.payroll.name}),
    ]
    sender = PEOPLE.sender.public.pem()
    changes += [("system.add", _system(p.institution.code, system.code, sender, None)) for system in p.systems]
    receiver = _system(p.payroll.code, PAYROLL, PEOPLE.receiver.public.pem(), URL)
    changes.append(("system.add", receiver if speaks == "json" else receiver | {"options": {"format": speaks}}))
    for e in p.exchanges:
        if e.code == "TUKIN-OUT":
            continue
        changes.append(
            ("api.add", {"code": e.code, "adapter": e.adapter, "exchange": e.exchange, **_dedupe(e.adapter)})
        )
        if e.system:
            changes.append(("grant.add", {"system": e.system, "code": e.code}))
    out = {"code": "TUKIN-OUT", "adapter": "adk_tukin", "exchange": "files", "direction": "out"}
    changes.append(("api.add", out))
    changes.append(("subscription.add", {"system": PAYROLL, "code": "TUKIN-OUT", "institution": p.institution.code}))
    for n, device in enumerate(p.devices):
        changes.append(
            (
                "device.add",
                {
                    "adapter": "zkteco_adms",
                    "serial": device.serial,
                    "institution": p.institution.code,
                    "code": "ADMS-ATT",
                    "zone": device.zone,
                    "secretPathSha256": sha256(f"path-{n}"),
                },
            )
        )
    return changes


def _system(institution: str, code: str, public_key: str, url: str | None) -> dict[str, Any]:
    args: dict[str, Any] = {
        "institution": institution,
        "code": code,
        "clientId": f"client-{code}",
        "secretSha256": sha256(code),
        "publicKey": public_key,
    }
    return args | ({"url": url} if url else {})


def _dedupe(adapter: str) -> dict[str, Any]:
    if adapter != "zkteco_adms":
        return {}
    return {"assurance": "device"}
