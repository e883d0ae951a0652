"""What the hub adds to a provider's own time, at 100 pulls a second, each with a new token: idle, and while pay runs compute.

The hub is a real `amana serve`; the provider (20 ms) and the opener of pay runs are processes of their own. Pulls come at
fixed times whatever becomes of those before them (open loop). *Added* is the time from the first byte of a pull to the last
of its answer, as its sender sees it, less what the provider counted for the same request: so the sender's own work and every
wait for a processor count against the hub. `with_token` counts from the moment at which the pull was due, token included.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import psutil
import uvloop

from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Operator
from hub.demo.receiver import Payroll
from hub.demo.traffic import Books, Credentials, Device, open_sender
from signing import envelope, jsontext
from signing.keyfiles import read_private
from signing.keys import load_private
from tests.bench.pull_provider import length_of
from tests.faults.month_run import PERIOD, Unit, hub_key, set_up

RATE: Final = 100.0  # pulls per second
OWN: Final = 0.020  # seconds that the provider takes
MOST: Final = 15.0  # milliseconds that the hub may add, at the 95th percentile
PEOPLE: Final = 250
CODE: Final = "BENCH-GET"
WARMING: Final = 1.0  # seconds before it counts
FAILED: Final = 60_000.0  # milliseconds that a pull without an answer counts
_CODE: Final = re.compile(rb"AMANA-[A-Z]+-[0-9]{3}")
_REQUEST: Final = re.compile(rb'"requestId":"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class Sample:
    """One pull. Seconds: from its first byte, and from when it was due."""

    request: str
    taken: float
    since_due: float


@dataclass(slots=True)
class Asker:
    """A system that pulls: its idle connections, and how it asks for a token. `refused`: codes of pulls that failed."""

    address: tuple[str, int]
    system: Credentials
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def sealed(self, count: int) -> list[bytes]:
        """Signed questions, no two alike."""
        found = []
        for number in itertools.islice(self.numbers, count):
            members = {"apiCode": CODE, "esbBody": {"employeeId": f"{199000000000000000 + number}"}}
            found.append(envelope.seal(envelope.render_data(members), self.system.key))
        return found

    async def ask(self, body: bytes, due: float) -> None:
        """A token, then the pull; what breaks off counts as refused."""
        try:
            await self._ask(body, due)
        except (OSError, asyncio.IncompleteReadError):
            self.refused["connection"] += 1

    async def _ask(self, body: bytes, due: float) -> None:
        link = self.idle.pop() if self.idle else await asyncio.open_connection(*self.address)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.system.client_id,
            "client_secret": self.system.client_secret,
        }
        kind = "content-type: application/x-www-form-urlencoded"
        reply = await exchange(link, "/oauth/token", urlencode(form).encode(), kind)
        token = jsontext.parse(reply)["access_token"]
        head = f"authorization: Bearer {token}\r\ncontent-type: application/json"
        began = time.perf_counter()
        answer = await exchange(link, "/esb/request", body, head)
        ended = time.perf_counter()
        self.idle.append(link)
        found = _REQUEST.search(answer)
        if found is None or b'"success":true' not in answer:
            self.refused[(_CODE.search(answer) or [b"no code"])[0].decode()] += 1
        else:
            self.samples.append(Sample(found[1].decode(), ended - began, ended - due))


async def exchange(
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str, body: bytes, headers: str
) -> bytes:
    """The body of the answer to one POST."""
    reader, writer = link
    head = f"POST {path} HTTP/1.1\r\nhost: hub\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    top = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(length_of(top))


async def pull_for(asker: Asker, seconds: float) -> None:
    """Open loop: one pull every 1/RATE seconds, whatever becomes of the others."""
    bodies = asker.sealed(round(seconds * RATE))
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, body in enumerate(bodies):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(asker.ask(body, due))


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def stolen_seconds() -> float:
    """Processor seconds that other guests of the same host took from this machine, where it tells."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def role_seconds(hub: HubProcess) -> dict[str, float]:
    """Processor seconds that each role of the hub has used."""
    found = {}
    for process in psutil.Process(hub.pid).children():
        words = process.cmdline()
        used = process.cpu_times()
        found[words[words.index("--role") + 1]] = used.user + used.system
    return found


def measure(hub: HubProcess, asker: Asker, provider_url: str, seconds: float, name: str) -> dict[str, Any]:
    """One row. The first second is not counted."""

    busy: list[float] = []
    stolen: list[float] = []

    async def go() -> tuple[dict[str, float], float, float]:
        await pull_for(asker, WARMING)
        asker.samples.clear()
        asker.refused.clear()
        before, began = {"client": cpu_seconds(), **role_seconds(hub)}, time.perf_counter()
        psutil.cpu_percent(None)  # from here on
        taken = stolen_seconds()
        await pull_for(asker, seconds)
        passed = time.perf_counter() - began
        busy.append(psutil.cpu_percent(None) / 100)
        stolen.append((stolen_seconds() - taken) / passed)
        after = {"client": cpu_seconds(), **role_seconds(hub)}
        shares = {name: round((after[name] - used) / passed, 3) for name, used in before.items()}
        rate = len(asker.samples) / passed
        for _, writer in asker.idle:
            writer.close()
        asker.idle.clear()
        return shares, rate, passed

    gc.collect()
    gc.disable()
    try:
        shares, rate, passed = uvloop.run(go())
    finally:
        gc.enable()
    own = httpx.get(provider_url, trust_env=False).json()
    failed = [FAILED] * asker.refused.total()
    added = sorted((one.taken - own[one.request]) * 1000 for one in asker.samples) + failed
    with_token = sorted((one.since_due - own[one.request]) * 1000 for one in asker.samples) + failed
    value = round(percentile(added, 95), 2)
    return {
        "name": name,
        "value": value,
        "unit": "ms",
        "limit": MOST,
        "limit_name": "most that may be added",
        "ratio": round(value / MOST, 3),
        "better": "less",
        "floor": MOST,
        "aim": 10,
        "p50": round(percentile(added, 50), 2),
        "p99": round(percentile(added, 99), 2),
        "with_token_p95": round(percentile(with_token, 95), 2),
        "provider_p50": round(statistics.median(own[one.request] for one in asker.samples) * 1000, 2),
        "pulls": len(added),
        "refused": dict(asker.refused),
        "rate": round(rate, 1),
        "client_cpu": shares["client"],
        "cpu": shares,
        "machine_busy": round(busy[0], 2),
        "stolen": round(stolen[0], 3),
        "gateway_ms": round(shares["gateway"] * passed * 1000 / len(added), 2),
    }


def percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


@contextmanager
def provider(key_file: Path) -> Iterator[str]:
    """A running provider; its address."""
    command = [sys.executable, "-m", "tests.bench.pull_provider", str(key_file), str(OWN)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/ask"
        process.terminate()


@contextmanager
def computing(data: Path) -> Iterator[list[float]]:
    """Meanwhile pay runs are opened, one after the other. Afterwards the list holds the seconds that each took."""
    seconds: list[float] = []
    command = [sys.executable, "-m", "tests.bench.pull_bench", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first is about to be opened
        yield seconds
        process.terminate()
        seconds += [float(line) for line in process.stdout]


def open_runs(data: Path) -> None:
    """What the process behind `computing` does, until it is ended."""
    operator = Operator(data)
    institution = operator.run("device", "list")["items"][0]["institution"]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with suppress(BrokenPipeError):
        while True:
            began = time.perf_counter()
            operator.run("pay", "run", "--institution", institution, "--period", PERIOD, "--wait", "120")
            sys.stdout.write(f"{time.perf_counter() - began}\n")
            sys.stdout.flush()


def send_month(unit: Unit, url: str) -> None:
    """The month of the unit, from its systems and devices, and wait until every message is translated."""
    public, books = hub_key(url), Books()
    for code, system in unit.onboarded.systems.items():
        with open_sender(url, system, public) as sender:
            for exchanged, body in unit.pushes(code):
                sender.push(exchanged, body)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:  # noqa: TID251 - a device's own
        devices = {
            serial: Device(http, prefix, serial, "ADMS-ATT") for serial, prefix in unit.onboarded.prefixes.items()
        }
        for message in unit.uploads():
            devices[message.query["SN"]].upload(message, books)
    unit.reconcile()


def onboard(data: Path, url: str, keys: Path) -> Credentials:
    """A provider at `url` with the code that it answers, and who may ask it."""
    operator = Operator(data)
    operator.run("institution", "add", "--code", "BENCH", "--name", "Unit that pulls (made up)")
    add = ("system", "add", "--institution", "BENCH", "--generate-key", str(keys))
    operator.run(*add, "--code", "BENCH-PROV", "--endpoint", url)
    asker = operator.run(*add, "--code", "BENCH-ASK")
    operator.run("api", "add", "--code", CODE, "--provider", "BENCH-PROV")
    operator.run("grant", "add", "--system", "BENCH-ASK", "--code", CODE)
    key = load_private(read_private(keys / "BENCH-ASK.pem"))
    return Credentials("BENCH-ASK", asker["clientId"], asker["clientSecret"], key)


def run(seconds: float, people: int = PEOPLE) -> list[dict[str, Any]]:
    """Half of `seconds` idle, half while runs compute."""
    phase = max(5.0, seconds / 2 - WARMING)
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as directory:
        hub = HubProcess(Path(directory) / "data")
        keys = Path(directory) / "keys"
        keys.mkdir(mode=0o700)
        hub.start()
        try:
            with provider(keys / "BENCH-PROV.pem") as url:
                unit = set_up(hub.data, Payroll().url, people)
                asker = Asker(("127.0.0.1", hub.port), onboard(hub.data, url, keys))
                send_month(unit, hub.url)
                rows = [measure(hub, asker, url, phase, "pull.added")]
                with computing(hub.data) as runs:
                    rows.append(measure(hub, asker, url, phase, "pull.added_computing"))
                rows[-1] |= {"employees": people, "runs": len(runs)}
        finally:
            hub.stop()
    return rows


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        open_runs(Path(sys.argv[1]))
