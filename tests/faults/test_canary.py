"""A canary in every payload, every number of a person and every secret of the demo: it sings nowhere.

Searched: what the demo printed and the hub logged, keys and headers of every record, the files on the disk byte by byte,
every column of the index, what the commands and the HTTP interface answer, errors included.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from hub.cli.main import invoke
from hub.ports import Append
from hub.records import Record
from signing.jsontext import parse, render
from tests.faults.canaries import Canaries, Place, canaries_of, columns, files, open_parts
from tests.faults.served import serving
from tests.journeys.demo_run import DemoRun
from tests.journeys.stored import every_record, opened_log, with_log

pytestmark = pytest.mark.timeout(300)

DEVICES: Final = ("serial",)
"""The directory knows its devices by serial: `device list` and the table `device` are where an operator looks it up."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A copy of the demo's hub, served again and asked about everything; what it answered, and its files meanwhile."""

    data: Path
    canaries: Canaries
    answers: list[Place]
    errors: list[Place]
    files: list[Place]


@pytest.fixture(scope="module")
def looked(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    data = demo.copy(tmp_path_factory.mktemp("looked") / "data")
    canaries = canaries_of(demo, data)
    with serving(data) as served:
        answers = ask_everything(data)
        errors = ask_wrongly(served.url, data, demo)
        held = files(data)
    return Looked(data, canaries, answers, errors, held)


def typed(data: Path, *words: str, as_json: bool = True) -> Place:
    """One command: all that it printed, whether it went well or not."""
    status, text = invoke([*words, "--data", str(data), *(["--json"] if as_json else [])])
    return f"`amana {' '.join(words[:2])}` ({status})", text.encode()


def ask_everything(data: Path) -> list[Place]:
    """Every read about messages, and what a person looks at when something is wrong."""
    listed = typed(data, "message", "list", "--limit", "500")
    found = [listed, typed(data, "message", "list", as_json=False)]
    rows: list[dict[str, Any]] = parse(listed[1])["items"]
    one_of_each = {(row["kind"], row["system"], row["code"], row["state"]): row["id"] for row in rows}
    assert len(one_of_each) > 8
    for id_ in one_of_each.values():
        found += [typed(data, "message", verb, id_) for verb in ("show", "trace")]
    found += [typed(data, "message", "trace", rows[0]["id"], as_json=False)]
    letters = typed(data, "dead-letter", "list")
    for row in parse(letters[1])["items"]:
        found.append(typed(data, "dead-letter", "show", row["id"]))
    for words in (["reconcile"], ["doctor"], ["pay", "list"], ["system", "list"], ["operator", "list"]):
        found += [typed(data, *words), typed(data, *words, as_json=False)]
    assert [name for name, text in found if not text] == []
    return [*found, letters]


def ask_wrongly(url: str, data: Path, demo: DemoRun) -> list[Place]:
    """Requests that must be refused, each with a canary where a careless hub would quote it."""
    world, secrets = demo.month().world, demo.secrets
    person = world.people[0]
    body = render({"data": {"pushCode": person.name, "esbBody": {"nip": person.employee_id}}, "signature": "AAAA"})
    client = {"grant_type": "client_credentials", "client_id": person.employee_id}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/esb/push-request", {"content": body, "headers": {"authorization": f"Bearer {secrets['token'][0]}"}}),
        ("POST", "/esb/push-request", {"content": body, "headers": {"authorization": f"Bearer {person.account}"}}),
        ("POST", "/esb/push-request", {"content": body[:-9]}),
        ("POST", "/oauth/token", {"data": client | {"client_secret": secrets["client secret"][0]}}),
        ("POST", "/oauth/token", {"content": person.name.encode()}),
        ("GET", f"/api/v1/messages/{person.employee_id}", {}),
        ("POST", "/api/v1/changes", {"content": body}),
        ("GET", "/api/v1/messages", {"headers": {"authorization": f"Amana {person.name}"}}),
        ("POST", f"/iclock/cdata?SN={person.national_id}&table=ATTLOG", {"content": f"{person.pin}\tnever\t0\t1"}),
        ("POST", f"/{secrets['secret path'][0]}/iclock/cdata?SN=NOBODY&table=ATTLOG", {"content": b"\xff"}),
        ("GET", f"/{person.employee_id}", {}),
    ]
    found: list[Place] = []
    with httpx.Client(base_url=url, trust_env=False) as http:  # noqa: TID251 - somebody outside
        for method, path, parts in requests:
            answer = http.request(method, path, **parts)
            assert 400 <= answer.status_code < 500, (method, answer.status_code)
            headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            found.append(
                (f"answer {answer.status_code} to {method} number {len(found)}", headers.encode() + answer.content)
            )
    run = parse(typed(data, "pay", "list")[1])["items"][0]["code"]
    found += [
        typed(data, "message", "show", person.employee_id),
        typed(data, "message", "list", "--after", person.name),
        typed(data, "pay", "explain", "NO-SUCH-RUN", "--employee", person.employee_id),
        typed(data, "pay", "explain", run, "--employee", "199912312099121999"),
    ]
    return found


def test_nothing_is_printed_or_logged(demo: DemoRun, looked: Looked) -> None:
    """What the demo and its hub printed and logged, and what the hub logged when it was asked wrongly."""
    logs = [(name, content) for name, content in looked.files if name == "serve.log"]
    assert len(demo.printed) > 1000
    assert len(logs) == 1
    assert looked.canaries.find([("printed", demo.printed), *logs]) == []


def test_no_key_or_header_of_a_record_tells(looked: Looked) -> None:
    """Every record of every topic: its open part holds ids, HMACs and digests."""
    parts = list(open_parts(with_log(looked.data, every_record)))
    assert len(parts) > 10_000
    assert looked.canaries.find([("keys and headers", b"\n".join(part for _, part in parts))]) == []


def test_no_file_of_the_hub_tells(looked: Looked) -> None:
    """Byte by byte, write-ahead logs included: no payload, no person, no key, no opened secret."""
    names = {name for name, _ in looked.files}
    assert {"bus.db", "bus.db-wal", "store.db", "store.db-wal", "serve.log"} <= names
    assert looked.canaries.find(looked.files, besides=DEVICES) == []


def test_no_column_of_the_index_tells(looked: Looked) -> None:
    """The store holds codes, times, HMACs, public keys and names of institutions and operators; bodies are sealed."""
    places = dict(columns(looked.data / "store.db"))
    assert looked.canaries.find(places.items()) == ["serial in device.serial"]


def test_no_answer_tells(looked: Looked) -> None:
    """Messages listed, shown and traced, dead letters, reconciliation, the doctor."""
    assert looked.canaries.find(looked.answers) == []


def test_no_error_tells(looked: Looked) -> None:
    """Who sends a secret or a number to the wrong place does not get it back, nor does the next one who looks."""
    assert looked.canaries.find(looked.errors) == []


@pytest.mark.parametrize("place", ["log line", "header", "key", "column", "file", "answer"])
def test_a_planted_canary_is_found(place: str, looked: Looked, tmp_path: Path, demo: DemoRun) -> None:
    """The search is no formality: one canary of each kind, put where it must not be, is found there."""
    data = demo.copy(tmp_path / "data")
    samples = {kind: found[0] for kind, found in {**looked.canaries.texts, **looked.canaries.keys}.items()}
    samples["tap"] = b"0042\t2026-10-05 07:12:44\t0\t1"
    for kind, needle in samples.items():
        assert f"{kind} in here" in looked.canaries.find(plant(place, data, needle)), kind


def plant(place: str, data: Path, needle: bytes) -> list[Place]:
    """Put it there, and collect as the tests do."""
    match place:
        case "log line" | "file":
            name = "serve.log" if place == "log line" else "bus.db-wal"
            (data / name).write_bytes(b'{"event":"' + needle + b'"}\n')
            found = [content for at, content in files(data) if at == name]
        case "header" | "key":
            text = needle.decode("latin-1")
            record = Record(needle, {}, b"") if place == "key" else Record(b"k", {"ce_id": text}, b"")
            found = [
                b"\n".join(
                    part.decode().encode("latin-1") if place == "header" else part for part in appended(data, record)
                )
            ]
        case "column":
            with sqlite3.connect(data / "store.db") as connection:
                connection.execute("UPDATE message SET detail = ?", (needle.decode("latin-1"),))
            connection.close()
            found = [dict(columns(data / "store.db"))["message.detail"].decode().encode("latin-1")]
        case _:
            found = [b'{"detail": "' + needle + b'"}']
    return [("here", content) for content in found]


def appended(data: Path, record: Record) -> list[bytes]:
    """Open parts of a log that got one record more."""

    async def append() -> list[bytes]:
        async with opened_log(data) as log:
            await log.append([Append("audit", 0, [record])])
            return [
                part for name, part in open_parts([("audit", r) for t, r in await every_record(log) if t == "audit"])
            ]

    return asyncio.run(append())
