"""Onboarding of the demo's institutions through the real commands, as an operator would type them.

Rule: every step is `amana ...` with `--json`; what the hub must know comes from the preset, secrets from the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.main import invoke
from hub.demo.preset import Exchange, Preset
from hub.demo.traffic import Credentials, UnexpectedError
from signing import jsontext
from signing.keyfiles import read_private
from signing.keys import load_private


@dataclass(frozen=True, slots=True)
class Onboarded:
    """Who may do what now. `prefixes`: what stands before a device's path, `places`: the folder of one that is read from
    files, both by serial."""

    systems: dict[str, Credentials]
    prefixes: dict[str, str]
    places: dict[str, str]
    checker: Path


class Operator:
    """Types `amana` commands with one operator's key."""

    def __init__(self, data: Path, key: Path | None = None) -> None:
        self._tail = ["--data", str(data), *(["--operator", str(key)] if key else [])]

    def run(self, *words: str) -> dict[str, Any]:
        """One command; its JSON answer. A failure is an `UnexpectedError` with the command's own words."""
        status, text = invoke([*words, *self._tail, "--json"])
        if status != 0:
            raise UnexpectedError(f"`amana {' '.join(words[:2])}` ended with {status}: {text.strip()}")
        answer: dict[str, Any] = jsontext.parse(text.encode())
        return answer

    def reconcile(self) -> dict[str, Any]:
        """`amana reconcile`, whose exit status says whether everything adds up yet."""
        status, text = invoke(["reconcile", *self._tail, "--json"])
        if status not in {0, 1} or not text.startswith("{"):
            raise UnexpectedError(f"`amana reconcile` ended with {status}: {text.strip()}")
        answer: dict[str, Any] = jsontext.parse(text.encode())
        return answer


def onboard(data: Path, preset: Preset, payroll_url: str, tick: Callable[[], None]) -> Onboarded:
    """Institutions, systems, codes, grants, devices, a subscription and a second operator."""
    operator = Operator(data)
    keys = data / "demo-keys"
    keys.mkdir(mode=0o700)

    def step(*words: str) -> dict[str, Any]:
        answer = operator.run(*words)
        tick()
        return answer

    unit, payroll = preset.institution, preset.payroll
    checker = keys / "checker.pem"
    step("operator", "add", "--name", "checker", "--person", "Second person (made up)", "--role", "approver",
         "--generate-key", str(checker))  # fmt: skip
    for institution in (unit, payroll):
        step("institution", "add", "--code", institution.code, "--name", institution.name)
    systems = {}
    receivers = {exchange.system for exchange in preset.of_way("out")}
    told = {exchange.system for exchange in preset.of_way("back")}
    for code in [system.code for system in preset.systems] + sorted(receivers):
        owner = payroll.code if code in receivers else unit.code
        endpoint = ["--endpoint", payroll_url if code in receivers else f"{payroll_url}/{code}"]
        endpoint = endpoint if code in receivers | told else []
        answer = step("system", "add", "--institution", owner, "--code", code, "--generate-key", str(keys), *endpoint)
        key = load_private(read_private(keys / f"{code}.pem"))
        systems[code] = Credentials(code, answer["clientId"], answer["clientSecret"], key)
    for exchange in preset.exchanges:
        step("api", "add", "--code", exchange.code, "--adapter", exchange.adapter, "--exchange", exchange.exchange)
        if exchange.system in receivers or exchange.back:
            subscribed = ("--system", exchange.system, "--code", exchange.code, "--institution", unit.code)
            step("subscription", "add", *subscribed, *_options(exchange))
        elif exchange.system:
            step("grant", "add", "--system", exchange.system, "--code", exchange.code)
    (pushed,) = preset.of_way("device")
    prefixes, places = {}, {}
    for device in preset.devices:
        if device.code:
            exchange = next(exchange for exchange in preset.of_way("folder") if exchange.code == device.code)
            answer = step("device", "add", "--institution", unit.code, "--adapter", exchange.adapter, "--serial",
                          device.serial, "--zone", device.zone, "--files-only")  # fmt: skip
            answer = step("folder", "add", "--system", exchange.system, "--code", exchange.code, "--name",
                          exchange.folder, "--device", answer["result"]["id"], *_options(exchange))  # fmt: skip
            places[device.serial] = answer["result"]["place"]
            continue
        where = ["--secret-path"] if device.secret_path else ["--network", "127.0.0.0/8"]
        answer = step("device", "add", "--institution", unit.code, "--adapter", pushed.adapter, "--serial",
                      device.serial, "--zone", preset.devices[0].zone, "--option", f"TimeZone={device.zone}",
                      "--code", pushed.code, *where)  # fmt: skip
        prefixes[device.serial] = f"/{answer['secretPath']}" if device.secret_path else ""
    return Onboarded(systems, prefixes, places, checker)


def _options(exchange: Exchange) -> list[str]:
    return [word for name, value in exchange.options.items() for word in ("--option", f"{name}={value}")]


def steps(preset: Preset) -> int:
    """How many commands `onboard` types."""
    receivers = {e.system for e in preset.of_way("out")}
    granted = sum(bool(e.system) for e in preset.exchanges)
    devices = sum(2 if device.code else 1 for device in preset.devices)
    return 3 + len(preset.systems) + len(receivers) + len(preset.exchanges) + granted + devices
