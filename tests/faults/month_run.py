"""A made-up unit at a served hub: onboarded by the real commands, its month as messages, its pay run.

Rule: a command that got no answer is asked about before it is given again, as an operator would; so each of these may
be cut off by a kill at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.kit.registry import find
from adapters.kit.sample import SampleMessage
from hub.control.client import HubClient
from hub.demo.onboarding import Onboarded, Operator, onboard
from hub.demo.preset import Exchange, Preset, load
from hub.demo.traffic import Credentials, UnexpectedError
from hub.demo.world import Month, make_month
from signing.jsontext import canonical, parse
from signing.keyfiles import read_private
from signing.keys import PublicKey, load_private, load_public

PERIOD: Final = "2026-10"
SEED: Final = 21
WITHIN: Final = 120.0  # seconds
LOAD: Final = "BEBANCONTOH"
"""Institution whose systems only make load: what they push enters no pay run."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unit:
    """One hub's made-up unit. `loaders`: systems of the institution that only makes load."""

    data: Path
    preset: Preset
    month: Month
    onboarded: Onboarded
    loaders: list[Credentials]

    @property
    def maker(self) -> Operator:
        return Operator(self.data)

    @property
    def checker(self) -> Operator:
        return Operator(self.data, self.onboarded.checker)

    # what it sends

    def sources(self) -> list[Exchange]:
        return [e for e in self.preset.exchanges if not e.system or e.system in {s.code for s in self.preset.systems}]

    def pushes(self, system: str) -> list[tuple[str, bytes]]:
        """The month's messages of one system: code and body."""
        adapters = find()
        return [
            (e.code, message.body)
            for e in self.sources()
            if e.system == system
            for message in adapters[e.adapter].sample(e.exchange, self.month.world)
        ]

    def uploads(self) -> list[SampleMessage]:
        """The month's batches of all devices."""
        adapters = find()
        return [
            message
            for e in self.sources()
            if not e.system
            for message in adapters[e.adapter].sample(e.exchange, self.month.world)
        ]

    # its pay run

    def open_run(self) -> str:
        """Open the month's run, once; its code."""

        def ask() -> str:
            listed = self.maker.run("pay", "list")["items"]
            if listed:
                return str(listed[0]["code"])
            opening = ("--institution", self.preset.institution.code, "--period", PERIOD)
            return str(self.maker.run("pay", "run", *opening, "--rules", self.preset.rule_set.id)["result"]["run"])

        return insist(ask, "a run is opened")

    def computed(self, run: str) -> str:
        """The digest of the run, once it has one."""
        return str(insist(lambda: self.maker.run("pay", "show", run)["digest"], "the run is computed"))

    def approve(self, run: str, digest: str) -> None:
        def ask() -> bool:
            if not self.maker.run("pay", "show", run)["approvedBy"]:
                self.checker.run("pay", "approve", run, "--digest", digest)
            return True

        insist(ask, "the run is approved")

    def delivered(self, run: str) -> dict[str, Any]:
        """The run as shown once every delivery of it is confirmed."""

        def ask() -> dict[str, Any] | None:
            shown = self.maker.run("pay", "show", run)
            states = [delivery["state"] for delivery in shown["deliveries"]]
            return shown if states and set(states) == {"confirmed"} else None

        return insist(ask, "payroll confirmed every file")

    def reconcile(self) -> dict[str, Any]:
        """What `amana reconcile` says, once the index has caught up and it all adds up."""
        return insist(lambda: self.maker.run("reconcile"), "everything reconciles")

    def export(self, run: str, file: Path) -> list[bytes]:
        """Canonical signals of the run, sorted by signal id."""
        self.maker.run("pay", "export", run, str(file))
        values = [parse(line) for line in file.read_bytes().splitlines()]
        return [canonical(value) for value in sorted(values, key=lambda value: str(value["signalId"]))]


def insist(ask: Callable[[], T | None], what: str) -> T:
    """Ask until there is a true answer; a hub that is down or just coming up is asked again."""
    deadline = time.monotonic() + WITHIN
    last = ""
    while True:
        answer: T | None
        try:
            answer = ask()
        except UnexpectedError as error:
            answer, last = None, str(error)
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {WITHIN:.0f} s: {what}. {last}"
        time.sleep(0.05)


def hub_key(url: str) -> PublicKey:
    with HubClient(None, url) as client:
        return load_public(client.public("/api/v1/hub")["publicKey"])


def add_loaders(data: Path, count: int) -> list[Credentials]:
    """Systems that push `JSON-OUTAGE` of an institution of their own."""
    operator = Operator(data)
    keys = data / "demo-keys"
    operator.run("institution", "add", "--code", LOAD, "--name", "Unit that makes load (made up)")
    made = []
    for number in range(count):
        code = f"{LOAD}-{number}"
        answer = operator.run("system", "add", "--institution", LOAD, "--code", code, "--generate-key", str(keys))
        operator.run("grant", "add", "--system", code, "--code", "JSON-OUTAGE")
        key = load_private(read_private(keys / f"{code}.pem"))
        made.append(Credentials(code, answer["clientId"], answer["clientSecret"], key))
    return made


def set_up(data: Path, payroll_url: str, people: int, loaders: int = 0) -> Unit:
    """Onboard everybody; the hub is being served, and nothing is killed meanwhile."""
    preset = load("kementerian")
    onboarded = onboard(data, preset, payroll_url, lambda: None)
    made = add_loaders(data, loaders) if loaders else []
    return Unit(data, preset, make_month(preset, PERIOD, people, SEED), onboarded, made)
