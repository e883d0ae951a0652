"""Nothing personal is shown to who did not ask for it: every address that is read and every command that reads, over a
hub that holds a canary in every kind of message.

A new route or command fails here until somebody has said what it is read with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from hub.cli.main import app as commands
from hub.cli.main import invoke
from hub.control.client import ClientError, HubClient, Refused
from hub.ports import Admitted
from hub.registry.app import PREFIX, ROUTES
from signing import tokens
from signing.jsontext import parse, render
from tests.simulator.contracting import PINNED, register, rule
from tests.simulator.hub import HUB_KEYS, PEOPLE, SimHub, push_envelope
from tests.simulator.month import PAYROLL, Script, month, preset
from tests.simulator.pulls import SimProvider, ask, asking, send_late
from tests.simulator.relaying import CODE, FIRST, SENDER, add_receiver, change, send, subscribe
from tests.simulator.window import Window, opened
from tests.unit.feeds.office import Office

CANARY: Final = "KENARI"
FREE: Final = "BEBAS"
OPEN: Final = {"messages", "runs", "dead-letters", "systems", "join", "joins", "contracts"}


def letter(word: str, number: int = 1) -> bytes:
    """A body under the tagged contract: the subject line is personal, the number is not."""
    return render({"nomor": number, "perihal": f"{CANARY}-{word}"})


async def everything() -> SimHub:
    """A month with its run, pulls, letters that were taken, refused, set aside, stopped, delivered and left waiting."""
    hub = SimHub()
    await asking(hub)
    provider = SimProvider(lambda n: {0: "answer", 1: "refuse", 2: "defer"}.get(n, "silent"))  # type: ignore[arg-type, return-value]
    names = [(await ask(hub, provider, {"tanya": f"{CANARY}-PULL-{n}"}))["requestId"] for n in range(4)]
    await send_late(hub, provider, names[2], {"jawab": f"{CANARY}-LATE"})
    rules = [
        rule("numbered", "message.nomor > 0", onFailure="DLQ"),
        rule("public", "message.nomor != 13", mode="READ"),
    ]
    tags = {"tags": {"perihal": ["pii"]}}
    await register(hub.registry, hub.clock.now(), rules={"domainRules": rules}, metadata=tags)
    await add_receiver(hub, FIRST)
    for code, more in ((CODE, {"contract": PINNED}), (FREE, {})):
        await change(hub, "api.add", {"code": code, "direction": "relay", **more})
        await change(hub, "grant.add", {"system": SENDER, "code": code})
    await subscribe(hub, FIRST, collect=True)
    await change(hub, "subscription.add", {"system": PAYROLL, "code": FREE})
    for n, word in ((1, "TAKEN"), (0, "SET-ASIDE"), (13, "STOPPED")):
        await send(hub, letter(word, n))
    hub.receiver.manner = lambda _, code: "refuse" if code == FREE else "accept"
    assert isinstance(await hub.push(SENDER, push_envelope(FREE, letter("FREE"))), Admitted)
    exchange = next(one for one in preset().exchanges if one.system)
    broken = render({"data": [{"nip": f"{CANARY}-ROW", "nama": CANARY}]})
    await hub.push(exchange.system, push_envelope(exchange.code, broken))
    device = preset().devices[0].serial
    enrolled = f"USER PIN=77\tName={CANARY} DEVICE\tPri=0\tPasswd=\tCard=\tGrp=1\n".encode()
    await hub.punch(device, "/iclock/cdata", {"SN": device, "table": "ATTLOG", "Stamp": "1"}, enrolled)
    script = Script()
    await script.do(hub, script.whole())
    await hub.settle()
    return hub


def refused(window: Window) -> None:
    """Pushes that are refused and remembered with their bytes: a broken contract, a code that nobody granted."""
    token = tokens.issue(HUB_KEYS.token, SENDER, window.context.clock.now() + 60_000, 0)
    with window.raw() as http:
        for code, body in ((CODE, b'{"nomor":"%b","perihal":1}' % CANARY.encode()), ("PEG-GET", letter("UNGRANTED"))):
            answer = http.post(
                "/esb/push-request",
                content=push_envelope(code, body),
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
            assert answer.status_code >= 400
            assert CANARY.encode() not in answer.content


def canaries() -> list[str]:
    """What must be nowhere: the word of this test, and what makes the month's people recognisable."""
    people = [(p.employee_id, p.national_id, p.name, p.account) for p in month().world.people]
    return [CANARY, *(value for person in people for value in person if len(value) > 5)]


def seen(shown: Any, hidden: list[str]) -> list[str]:
    """The canaries in what is shown, escaped or not."""
    text = shown if isinstance(shown, str) else render(shown).decode()
    return [value for value in hidden if value in text]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """The whole of it, served; made once."""
    with opened(tmp_path_factory.mktemp("masking") / "hub", everything) as found:
        refused(found)
        yield found


def look(client: HubClient, target: str) -> Any:
    """What an operator sees there: the answer, or the words of a refusal."""
    try:
        return client.get(target)
    except ClientError as error:
        return str(error)


def listed(window: Window, what: str, member: str) -> list[str]:
    with window.client() as client:
        return [str(row[member]) for row in client.get(f"/api/v1/{what}?limit=1000")["items"]]


def targets(window: Window) -> Iterator[str]:
    """Every address of the API that is read, for every object that there is."""
    named = {
        "messages": listed(window, "messages", "id") + listed(window, "messages", "requestId"),
        "dead-letters": listed(window, "dead-letters", "id"),
        "systems": listed(window, "systems", "code"),
        "runs": listed(window, "runs", "code"),
        "contracts": listed(window, "contracts", "name"),
        "joins": ["0" * 32],
        "join": ["0" * 32],
    }
    with window.raw() as http:
        paths = http.get("/api/openapi.json").json()["paths"]
    for path, operations in paths.items():
        if "get" not in operations:
            continue
        before, brace, rest = path.partition("{")
        if not brace:
            yield path
            continue
        kind = before.removeprefix("/api/v1/").rstrip("/")
        assert kind in named, f"{path}: say here which objects it is read for"
        yield from (before + name + rest.partition("}")[2] for name in named[kind])


def test_no_address_of_the_api_shows_what_is_personal(window: Window) -> None:
    """Lists, details, traces, bodies, signals, conflicts: masked, refused or without it."""
    hidden, looked, kinds = canaries(), 0, set()
    with window.client() as client:
        for target in targets(window):
            assert seen(look(client, target), hidden) == [], target
            looked += 1
        rows = client.get("/api/v1/messages?limit=1000")["items"]
        kinds = {(row["kind"], row["state"]) for row in rows}
        stages = {row["code"] for row in client.get("/api/v1/dead-letters?limit=1000")["items"]}
    assert looked > 100
    assert {kind for kind, _ in kinds} >= {"inbox", "out", "pull"}
    assert stages >= {"AMANA-RULE-002", "AMANA-RULE-003", "AMANA-OUT-001", "AMANA-TRANS-001"}, stages


def test_every_body_opens_masked_and_whole_only_on_request(window: Window) -> None:
    """A tagged member is masked, an open one is not; unmasked the canary is there, and the audit says who asked."""
    hidden = canaries()
    with window.client() as client:
        rows = client.get(f"/api/v1/messages?limit=1000&code={CODE}")["items"]
        [taken] = [row for row in rows if row["kind"] == "out"]
        assert client.get(f"/api/v1/messages/{taken['id']}/body")["body"]["nomor"] == 1
        whole = client.get(f"/api/v1/messages/{taken['id']}/body?full=true")["body"]
        run = listed(window, "runs", "code")[0]
        signals = client.get(f"/api/v1/runs/{run}/signals?full=true")
        looks = [(row["operator"], row["what"], row["of"]) for row in client.get("/api/v1/audit")["items"]][:2]
    assert whole["perihal"] == f"{CANARY}-TAKEN"
    assert seen(signals, hidden) != []
    assert looks == [("admin", "pay.signals", run), ("admin", "message.body", taken["id"])]


def test_who_has_no_right_to_unmask_is_refused(window: Window) -> None:
    """An approver sees bodies masked, and is refused whole ones by name of the reason."""
    name = next(row for row in listed(window, "messages", "id"))
    with window.client(PEOPLE.checker) as client:
        with pytest.raises(Refused, match="AMANA-OPER-004"):
            client.get(f"/api/v1/messages/{name}/body?full=true")
        assert "items" in client.get("/api/v1/messages")


def test_neither_the_registry_nor_the_gateway_shows_it(window: Window) -> None:
    """Every address of the registry, health, metrics, the log's description; open to everybody, so without any body."""
    hidden = canaries()
    given = {"id": "1", "guid": "0" * 32, "subject": "surat-value", "version": "1", "context": "."}
    paths = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/asyncapi.json",
        "/esb/push-request",
        "/esb/request",
        "/iclock/cdata",
    ]
    for pattern, operations in ROUTES.items():
        if "GET" in operations:
            parts = [given[part.strip("{}")] if part.startswith("{") else part for part in pattern]
            paths.append("/".join((PREFIX, *parts)))
    with window.raw() as http:
        for path in paths:
            assert seen(http.get(path).text, hidden) == [], path


READS: Final[dict[str, list[str]]] = {
    "reconcile": [], "doctor": [], "version": [],
    "institution list": [], "unit list": [], "system list": [], "system show": ["SYSTEM"],
    "join list": [], "join show": ["0" * 32], "services list": [], "services contract": ["employee"],
    "operator list": [], "operator log": [], "api list": [], "grant list": [], "subscription list": [],
    "device list": [], "device flags": [], "contract list": [], "contract show": ["employee"], "contract waivers": [], "contract states": [],
    "folder list": [], "poll list": [], "topic list": [], "adapter list": [], "message list": [], "message show": ["MESSAGE", "--body"],
    "message trace": ["MESSAGE"], "dead-letter list": [], "dead-letter show": ["LETTER", "--body"],
    "dead-letter groups": [], "identity conflicts": [], "pay rules": [], "pay list": [], "pay show": ["RUN"],
}  # fmt: skip
"""Commands that read from a hub, and with what."""

ASKED: Final = {"pay explain", "pay export"}
"""They are asked for personal data by name, and that is recorded."""

OTHERS: Final = {
    "serve", "demo", "send", "backup", "restore", "institution add", "unit add", "system add", "system test",
    "system suspend", "system resume", "system rotate-key", "system revoke-key", "system rotate-secret", "join request",
    "join status", "join approve", "join reject", "operator add", "operator suspend", "api add", "grant add",
    "grant options", "grant revoke", "subscription add", "subscription pause", "subscription resume", "device add", "device suspend",
    "contract export", "contract register", "contract check", "contract waive", "contract sign", "contract state",
    "contract use", "folder add", "folder suspend", "folder resume", "poll add", "poll suspend", "poll resume",
    "adapter check", "adapter new", "message erase", "message confirm", "message retry", "message discard",
    "dead-letter retry", "dead-letter skip", "dead-letter discard", "pay run", "pay approve", "conformance serve",
    "conformance report", "topic open", "topic sign", "topic close",
}  # fmt: skip
"""They change something, start something, or read no hub."""


def names_of(app: typer.Typer, above: tuple[str, ...] = ()) -> Iterator[str]:
    for one in app.registered_commands:
        yield " ".join((*above, str(one.name)))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from names_of(group.typer_instance, (*above, str(group.name)))


def test_every_command_is_known_here() -> None:
    """A new command is one that reads, one that is asked for personal data, or another: somebody has to say."""
    assert sorted(names_of(commands)) == sorted([*READS, *ASKED, *OTHERS])


@pytest.mark.parametrize("name", sorted(READS))
def test_no_command_shows_what_is_personal(window: Window, name: str) -> None:
    """As a table and as JSON."""
    hidden = canaries()
    objects = {
        "SYSTEM": ("systems", "code"),
        "MESSAGE": ("messages", "id"),
        "LETTER": ("dead-letters", "id"),
        "RUN": ("runs", "code"),
    }
    first = READS[name][:1]
    values = listed(window, *objects[first[0]]) if first and first[0] in objects else [None]
    values = values[:: max(1, len(values) // 12)]  # of every kind some
    for value in values:
        words = [value if word in objects else word for word in READS[name]]
        for form in ([], ["--json"]):
            _, said = invoke([*name.split(), *(str(word) for word in words), "--data", str(window.data), *form])
            assert seen(said, hidden) == [], (name, value)


def test_what_is_asked_for_by_name_is_recorded(window: Window, tmp_path: Path) -> None:
    """`pay export`, `pay explain`, `--unmasked`: the canary is there, and who saw it stands in the log of reads."""
    run, person = listed(window, "runs", "code")[0], month().world.people[0].employee_id
    data = ["--data", str(window.data)]
    assert invoke(["pay", "explain", run, "--employee", person, *data])[0] == 0
    assert invoke(["pay", "export", run, str(tmp_path / "signals.jsonl"), *data])[0] == 0
    assert person in (tmp_path / "signals.jsonl").read_text()
    [name] = _taken(window)
    status, said = invoke(["message", "show", name, "--unmasked", *data])
    assert (status, CANARY in said) == (0, True)
    with window.client() as client:
        looks = [row["what"] for row in client.get("/api/v1/audit")["items"]][:3]
    assert looks == ["message.body", "pay.signals", "pay.explain"]


def _taken(window: Window) -> list[str]:
    with window.client() as client:
        rows = client.get(f"/api/v1/messages?limit=1000&code={CODE}")["items"]
    return [row["id"] for row in rows if row["kind"] == "out"]


def test_files_and_what_lies_beside_them_show_nothing(tmp_path: Path) -> None:
    """A file that is taken, one that is refused, and the notes beside them: no line of either."""
    line = f"     {CANARY}\t2026-10-05 07:21:09\t101\t0\t1\t0\r\n".encode()

    async def story() -> SimHub:
        office = Office(tmp_path / "office")
        await office.onboard()
        office.drop("1_attlog.dat", line)
        office.drop("2_attlog.dat", b"\xff\x00" + line + b"\t" * 40)
        await office.look(4)
        await office.hub.settle()
        return office.hub

    with opened(tmp_path / "hub", story) as window:
        with window.client() as client:
            for target in targets(window):
                assert seen(look(client, target), [CANARY]) == [], target
        assert "inbox" in {parse(render(row))["kind"] for row in _rows(window)}
        for note in (tmp_path / "office").rglob("*.txt"):
            assert CANARY not in note.read_text()


def _rows(window: Window) -> list[Any]:
    with window.client() as client:
        rows: list[Any] = client.get("/api/v1/messages?limit=1000")["items"]
    return rows
