"""A message that ends the process of the worker: it is found out, put aside, and what stands behind it goes on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from adapters import _hostile
from adapters.kit import registry
from hub.client import Sender
from hub.demo.onboarding import Operator
from hub.serve.listening import read_address
from hub.serve.readiness import await_ready
from hub.stages.hand import LIST
from signing.jsontext import parse, render
from signing.keyfiles import read_private
from signing.keys import load_private
from tests.faults.hostile_child import FOLDER, also
from tests.faults.month_run import hub_key, insist

SETTINGS = {"AMANA_MESSAGE_SECONDS": "8", "AMANA_WORKER_MEMORY": "800000000", "AMANA_PARTITIONS": "1"}


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the hostile adapter under a name that is not hidden."""
    folder = tmp_path_factory.mktemp("outside")
    (origin,) = _hostile.__path__
    shutil.copytree(origin, folder / "hostile", ignore=shutil.ignore_patterns("__pycache__"))
    manifest = folder / "hostile" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('id = "_hostile"', 'id = "hostile"'))
    return folder


@pytest.fixture
def hub(tmp_path: Path, adapters: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A served hub that has the hostile adapter; commands know it too."""
    monkeypatch.setitem(registry._found, registry.ROOT, also(adapters))
    command = [sys.executable, "-m", "tests.faults.hostile_child", "--data", str(tmp_path / "data"), "--port", "0"]
    environment = {**os.environ, **SETTINGS, FOLDER: str(adapters)}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as hub:
        assert await_ready(tmp_path / "data", 60, lambda: hub.poll() is None)
        yield hub
        if hub.poll() is None:
            hub.kill()


@contextmanager
def _sending(data: Path) -> Iterator[Callable[[str], str]]:
    """Onboard one system; how it sends a message that asks the adapter for something, which gives the request id."""
    operator, key = Operator(data), data / "sender-keys"
    key.mkdir(mode=0o700)
    operator.run("institution", "add", "--code", "CONTOH", "--name", "Unit (made up)")
    added = operator.run("system", "add", "--institution", "CONTOH", "--code", "S1", "--generate-key", str(key))
    operator.run("api", "add", "--code", "HOSTILE", "--adapter", "hostile", "--exchange", "wears-out")
    operator.run("grant", "add", "--system", "S1", "--code", "HOSTILE")
    private = load_private(read_private(key / "S1.pem"))
    url = read_address(data)
    assert url is not None
    numbers = count()
    with Sender(url, added["clientId"], added["clientSecret"], private, hub_key(url)) as sender:

        def send(word: str) -> str:
            body = render({"rows": [{"do": word, "number": next(numbers)}]})
            return sender.send(sender.seal("HOSTILE", body)).request_id

        yield send


def _states(data: Path, sent: Sequence[str]) -> list[str]:
    """States of the messages, in the order in which they were sent."""
    states = {item["requestId"]: item["state"] for item in Operator(data).run("message", "list")["items"]}
    return [states.get(request, "") for request in sent]


def _letters(data: Path) -> list[str]:
    return sorted(item["code"] for item in Operator(data).run("dead-letter", "list")["items"])


@pytest.mark.parametrize(
    ("word", "code", "status", "deaths"),
    [
        ("abort", "AMANA-TRANS-005", "-6", 2),
        ("hang", "AMANA-TRANS-005", "-14", 2),
        ("hoard", "AMANA-TRANS-003", "", 0),
    ],
)
def test_a_message_that_wears_the_worker_out(
    tmp_path: Path, hub: subprocess.Popen[str], word: str, code: str, status: str, deaths: int
) -> None:
    """It costs two lives of the worker at most, then it is a dead letter; the messages around it are translated."""
    data = tmp_path / "data"
    with _sending(data) as send:
        sent = [send(asked) for asked in ("nothing", word, "nothing", "nothing")]
    expected = ["translated", "refused", "translated", "translated"]
    insist(lambda: _states(data, sent) == expected, "the messages behind it are translated")
    assert _letters(data) == [code]
    hub.terminate()
    _, said = hub.communicate(timeout=20)
    assert re.findall(r"worker ended \((.*)\)", said) == [status] * deaths


def test_what_was_put_aside_is_tried_again_by_a_replay(tmp_path: Path, hub: subprocess.Popen[str]) -> None:
    """The count of a message is kept until the stage has gone on behind it, and no longer."""
    data = tmp_path / "data"
    with _sending(data) as send:
        sent = [send("abort")]
        insist(lambda: _letters(data) == ["AMANA-TRANS-005"], "it is put aside")
        assert list(parse((data / LIST).read_bytes()).values()) == [2]
        sent.append(send("nothing"))
        insist(lambda: _states(data, sent) == ["refused", "translated"], "the next one is translated")
    assert parse((data / LIST).read_bytes()) == {}
    assert hub.poll() is None
