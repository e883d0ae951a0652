"""The acts of a demo, in order: start, onboard, send, bring files, attack, open a run, approve, receive, reconcile.

Rule: each act goes over HTTP or through a command, like anybody's; each keeps the books of `traffic`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.registry import find
from adapters.kit.sample import SampleMessage, World
from hub.client import SendingError
from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Onboarded, Operator, onboard, steps
from hub.demo.preset import Exchange, Preset
from hub.demo.receiver import Payroll
from hub.demo.report import Report
from hub.demo.traffic import Books, Device, Hostile, Stick, UnexpectedError, describe, open_sender, push_again, push_all
from hub.demo.world import Month
from signing.keys import PublicKey, load_public

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

WITHIN: Final = 30.0  # seconds that the hub has for what it does by itself


@dataclass(slots=True)
class Scene:
    """What the acts share. `messages`: by API code."""

    hub: HubProcess
    preset: Preset
    month: Month
    messages: Mapping[str, list[SampleMessage]]
    books: Books
    progress: Progress

    @contextmanager
    def bar(self, text: str, total: int) -> Iterator[Callable[[], None]]:
        """A progress bar; yields what moves it on."""
        task = self.progress.add_task(text, total=total)
        yield lambda: self.progress.advance(task)

    def exchanges(self, *ways: str) -> list[Exchange]:
        """The preset's exchanges of these ways, way by way."""
        return [exchange for way in ways for exchange in self.preset.of_way(way)]


def perform(hub: HubProcess, preset: Preset, month: Month, console: Console) -> Report:
    """The whole month; returns what came out, reconciled or not. Raises `UnexpectedError`."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    began = monotonic()
    columns = (TextColumn("{task.description:<46}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        scene = Scene(hub, preset, month, {}, Books(), progress)
        adapters = find()
        sources = scene.exchanges("in", "device", "folder")
        scene.messages = {e.code: adapters[e.adapter].sample(e.exchange, seen_by(preset, month, e)) for e in sources}
        with scene.bar("Starting the hub", 1) as tick:
            hub.start()
            tick()
        payroll = Payroll()
        try:
            with scene.bar("Onboarding, through the real commands", steps(preset)) as tick:
                onboarded = onboard(hub.data, preset, payroll.url, tick)
            hub_key = _hub_key(hub)
            others = {e.system: onboarded.systems[e.system].key for e in scene.exchanges("back")}
            payroll.start(hub_key, onboarded.systems[scene.exchanges("out")[0].system].key, others)
            send_month(scene, onboarded, hub_key)
            bring_files(scene, onboarded)
            send_hostile(scene, onboarded, hub_key)
            report = pay(scene, onboarded, payroll)
        except SendingError as error:
            raise UnexpectedError(describe(error)) from error
        finally:
            payroll.stop()
    report.seconds = monotonic() - began
    return report


def _hub_key(hub: HubProcess) -> PublicKey:
    import httpx

    return load_public(httpx.get(f"{hub.url}/api/v1/hub", trust_env=False).json()["publicKey"])


def send_month(scene: Scene, onboarded: Onboarded, hub_key: PublicKey) -> None:
    """Everything that the institution's systems and devices have of the month."""
    import httpx

    for exchange in scene.exchanges("in"):
        messages = scene.messages[exchange.code]
        with (
            open_sender(scene.hub.url, onboarded.systems[exchange.system], hub_key) as sender,
            scene.bar(f"{exchange.system} pushes {exchange.code}", len(messages)) as tick,
        ):
            push_all(sender, exchange.code, messages, scene.books, tick)
            if exchange is scene.exchanges("in")[-1]:
                push_again(sender, exchange.code, messages[-1], scene.books)
    (exchange,) = scene.exchanges("device")
    uploads = scene.messages[exchange.code]
    with (
        httpx.Client(base_url=scene.hub.url, trust_env=False, timeout=30) as http,  # noqa: TID251 - a device's own
        scene.bar(f"Devices upload {exchange.code}", len(uploads)) as tick,
    ):
        devices = {serial: Device(http, prefix, serial, exchange.code) for serial, prefix in onboarded.prefixes.items()}
        for device in devices.values():
            device.greet()
        for number, message in enumerate(uploads):
            device = devices[message.query["SN"]]
            device.upload(message, scene.books)
            if number == len(uploads) // 3:  # the answer was lost on the way: the device sends the batch again
                device.upload(message, scene.books, again=True)
            tick()


def seen_by(preset: Preset, month: Month, exchange: Exchange) -> World:
    """The made-up unit as one exchange has it: with those devices alone whose taps it carries."""
    codes = {device.serial: device.code for device in preset.devices}
    carried = "" if not exchange.system else exchange.code
    return replace(month.world, devices=[d for d in month.world.devices if codes[d.serial] == carried])


def bring_files(scene: Scene, onboarded: Onboarded) -> None:
    """What an office without network brings at the end: the file of each device, the same file once more under another
    name, and one that is no such file. The first is taken, the second has no effect, the third is refused."""
    messages = [(e, message) for e in scene.exchanges("folder") for message in scene.messages[e.code]]
    if not messages:
        return
    with scene.bar("A rural office brings its files, late", len(messages)) as tick:
        for exchange, message in messages:
            stick = Stick(scene.hub.folders / onboarded.places[message.query["SN"]])
            stick.drop("mfano_attlog.dat", message.body)
            stick.drop("mfano_attlog_again.dat", message.body)
            stick.drop("mfano_attlog_other.dat", b"this is no file of a device\n")
            wanted = {"done": ["admitted", "duplicate"], "refused": ["AMANA-FEED-003"]}
            noted = _wait(stick.noted, lambda noted: sum(map(len, noted.values())) >= 3, "the hub's notes on files")
            if noted != wanted:
                raise UnexpectedError(f"files were noted as {noted}, expected {wanted}")
            scene.books.sent += 2
            scene.books.admitted += 1
            scene.books.duplicates += 1
            scene.books.rows[exchange.code] += message.rows
            tick()


def send_hostile(scene: Scene, onboarded: Onboarded, hub_key: PublicKey) -> None:
    """Seven attacks and mistakes, each of which must be refused with its code."""
    import httpx

    first = next(e for e in scene.exchanges("in") if e.adapter != scene.exchanges("in")[0].adapter)
    victim = onboarded.systems[first.system]
    message = scene.messages[first.code][0]
    foreign = next(e for e in scene.exchanges("in") if e.system != first.system)
    operator = Operator(scene.hub.data)
    with (
        httpx.Client(base_url=scene.hub.url, trust_env=False, timeout=30) as http,  # noqa: TID251 - an attacker's own
        open_sender(scene.hub.url, victim, hub_key) as sender,
        scene.bar("Attacks and mistakes, each refused by its code", 7) as tick,
    ):
        hostile = Hostile(http, sender, victim, scene.books)
        attacks: tuple[Callable[[], None], ...] = (
            lambda: hostile.tampered(first.code, message),
            lambda: hostile.foreign_key(first.code, message),
            lambda: hostile.contract_breach(first.code),
            lambda: hostile.no_grant(foreign.code, scene.messages[foreign.code][0]),
            lambda: hostile.oversized(first.code),
            lambda: hostile.no_token(first.code, message),
        )
        for attack in attacks:
            attack()
            tick()
        old = victim.key
        key_file = scene.hub.data / "demo-keys" / "rotated"
        key_file.mkdir(mode=0o700)
        operator.run("system", "rotate-key", first.system, "--generate-key", str(key_file))
        operator.run("system", "revoke-key", first.system, old.public.key_id)
        hostile.revoked_key(first.code, message, old)
        tick()


def pay(scene: Scene, onboarded: Onboarded, payroll: Payroll) -> Report:
    """Open a run, wait for its signals, let a second person approve, wait for payroll, and reconcile."""
    maker, checker = Operator(scene.hub.data), Operator(scene.hub.data, onboarded.checker)
    preset, world, books = scene.preset, scene.month.world, scene.books
    with scene.bar("Pay run: open, compute, approve, deliver", 4) as tick:
        run = maker.run("pay", "run", "--institution", world.institution, "--period", world.period,
                        "--rules", preset.rule_set.id)["result"]["run"]  # fmt: skip
        tick()
        computed = _wait(lambda: maker.run("pay", "show", run), lambda shown: bool(shown["digest"]), "the pay run")
        tick()
        if payroll.files:
            raise UnexpectedError("something was delivered before the run was approved")
        checker.run("pay", "approve", run, "--digest", computed["digest"])
        tick()
        shown = _wait(
            lambda: maker.run("pay", "show", run),
            lambda shown: bool(shown["deliveries"]) and all(d["state"] == "confirmed" for d in shown["deliveries"]),
            "payroll's confirmations",
        )
        tick()
    wanted = sum(books.refused.values())
    reconciled = _wait(
        maker.reconcile,
        lambda found: bool(found["reconciled"]) and sum(found["refused"].values()) >= wanted,
        "the hub's own totals",
        fatal=False,
    )
    return make_report(scene, shown, reconciled, payroll)


def make_report(scene: Scene, run: Mapping[str, Any], hub: Mapping[str, Any], payroll: Payroll) -> Report:
    """The hub's figures held against the generator's books and the oracle."""
    books, expected = scene.books, scene.month.expected
    counts, totals = run["counts"], run["totals"]
    report = Report(
        control_totals={"employees": counts.get("employees"), **totals, "digest": run["digest"]},
        sent=books.sent,
        admitted=sum(hub["admitted"].values()),
        duplicates=books.duplicates,
        refused=dict(hub["refused"]),
        records=dict(hub["records"]),
        signals={"ready": counts.get("ready", 0), "held": counts.get("held", 0)},
        delivered=sum(delivery["state"] == "confirmed" for delivery in run["deliveries"]),
    )
    check = report.check
    check("sent", books.sent, books.admitted + books.duplicates + sum(books.refused.values()))
    check("admitted", books.admitted, report.admitted)
    check("refused, by code", dict(sorted(books.refused.items())), dict(sorted(report.refused.items())))
    for contract, rows in sorted(expected_records(scene).items()):
        check(f"records {contract}", rows, report.records.get(contract, 0))
    refused_rows = sum(message.refused for messages in scene.messages.values() for message in messages)
    check("rows refused one by one", refused_rows, sum(hub["deadLetters"].values()))
    check("employees in the run", expected.employees, counts.get("employees"))
    check("signals ready", expected.ready, report.signals["ready"])
    check("signals held", expected.held, report.signals["held"])
    check("taps of nobody", scene.month.unmatched, counts.get("unmatchedPunches"))
    for name in ("gross", "cut", "net"):
        check(f"control total {name}", getattr(expected, name), totals.get(name))
    files = payroll.files
    check("refused by payroll", [], payroll.refused)
    told = [body for exchange in scene.exchanges("back") for body in payroll.told(exchange.system)]
    check("messages confirmed", report.delivered, len(files) + len(told))
    if told:
        check("scores told to the performance system", expected.scored, scores_of(told))
    check("people in the files", expected.ready, sum(file.count for file in files))
    for name in ("gross", "cut", "net"):
        check(f"files' {name}", getattr(expected, name), str(sum(getattr(file, name) for file in files)))
    check("the hub's own equalities", [], [row["name"] for row in hub["checks"] if not row["ok"]])
    return report


def scores_of(told: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """How many scores were told, and what they come to together."""
    rows = [row for body in told for row in body.get("scores", ())]
    return len(rows), f"{sum((Decimal(row['score']) for row in rows), Decimal(0)).normalize():f}"


def expected_records(scene: Scene) -> dict[str, int]:
    """Canonical records that must come of the books, by contract; attendance days are made by the run."""
    adapters = find()
    expected: dict[str, int] = {}
    for exchange in scene.exchanges("in", "device", "folder"):
        for contract in adapters[exchange.adapter].manifest.exchange(exchange.exchange).contracts:
            expected[contract] = expected.get(contract, 0) + scene.books.rows[exchange.code]
    return expected


def _wait(
    ask: Callable[[], dict[str, Any]], done: Callable[[dict[str, Any]], bool], what: str, *, fatal: bool = True
) -> dict[str, Any]:
    deadline = monotonic() + WITHIN
    pause = 0.05
    while True:
        found = ask()
        if done(found):
            return found
        if monotonic() > deadline:
            if fatal:
                raise UnexpectedError(f"{what} did not come within {WITHIN:.0f} s")
            return found
        sleep(pause)
        pause = min(0.5, pause * 1.5)
