"""`amana send` as its users and their scripts see it: what stands on which stream, and the exit status."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from hub.cli.main import run
from hub.cli.terminal import Terminal
from signing import jsontext
from signing.keyfiles import write_key
from tests.unit.client.fake_hub import HUB, SYSTEM, Hub, receipt, refusal, success


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Desk:
    """A made-up hub on a real port, and a shell at it."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(receipt())
        self.folder = folder
        write_key(folder / "key.pem", SYSTEM)
        (folder / "hub.pub").write_text(HUB.public.pem())
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = desk.hub.handle(httpx.Request("POST", f"http://hub{self.path}", content=body))
                self.send_response(answer.status_code)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def file(self, name: str, text: str = '{"a":1}') -> str:
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def send(self, *words: str, screen: bool = False) -> tuple[int, str, str]:
        """Status, standard output, standard error."""
        out, err = io.StringIO(), Screen() if screen else io.StringIO()
        common = ["--key", str(self.folder / "key.pem"), "--client-id", "id", "--client-secret", "secret", "--hub-key",
                  str(self.folder / "hub.pub"), "--url", f"http://127.0.0.1:{self.server.server_port}", "--code", "X"]  # fmt: skip
        status = run(["send", *words, *common], Terminal(out, err))
        return status, out.getvalue(), err.getvalue()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    opened = Desk(tmp_path)
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


def test_each_file_is_a_line_and_again_is_harmless(desk: Desk) -> None:
    """On no terminal: a line for each file, no bar; what the hub had already is called so, with status 0."""
    files = [desk.file(f"{n}.json") for n in range(4)]
    status, out, err = desk.send(*files)
    assert (status, out.splitlines(), err) == (
        0, [f"{file}: received, {'a' * 32}" for file in files], "4 of 4 held by the hub\n",
    )  # fmt: skip
    desk.hub.answers = [receipt(duplicate=True)]
    status, out, _ = desk.send(files[0])
    assert (status, out) == (0, f"{files[0]}: had already, {'a' * 32}\n")


def test_many_files_on_a_terminal_show_a_bar(desk: Desk) -> None:
    """The bar is on standard error, the lines follow it."""
    status, out, err = desk.send(*(desk.file(f"{n}.json") for n in range(3)), screen=True)
    assert (status, len(out.splitlines()), "sending" in err, "100%" in err) == (0, 3, True, True)


def test_a_refused_file_fails_the_command_and_the_others_go_on(desk: Desk) -> None:
    """Status 1, the hub's words beside the results, every other file held."""
    desk.hub.answers = [receipt(), refusal(403, "AMANA-GRANT-001: no grant"), receipt()]
    status, out, err = desk.send(*(desk.file(f"{n}.json", f'{{"n":{n}}}') for n in range(3)))
    assert (status, len(out.splitlines())) == (1, 2)
    assert "1.json: AMANA-GRANT-001: no grant" in err


def test_a_pull_prints_the_body_and_nothing_else(desk: Desk) -> None:
    """What the provider said can be piped, spelt as it was signed; the request id stands beside it."""
    desk.hub.answers = [success(b'{"amount":1.50}')]
    status, out, err = desk.send("--pull", desk.file("q.json"))
    assert (status, out) == (0, '{"amount":1.50}\n')
    assert "answered, " + "c" * 32 in err


def test_a_pull_needs_no_file_and_says_when_the_answer_follows(desk: Desk) -> None:
    """Nothing on standard output; the command that fetches the answer beside it."""
    desk.hub.answers = [success(None, message="AMANA-PULL-010: the answer follows")]
    status, out, err = desk.send("--pull", "--user-id", "u1")
    assert (status, out) == (0, "")
    assert "--pull --request-id " + "c" * 32 in err
    assert desk.hub.asked(0) == {"apiCode": "X", "userId": "u1"}


@pytest.mark.parametrize("pull", [True, False])
def test_json_is_one_document(desk: Desk, pull: bool) -> None:
    """With --json standard output is one JSON value, for pushes and for pulls."""
    if pull:
        desk.hub.answers = [success(b'{"n":1}')]
    status, out, err = desk.send("--json", desk.file("a.json"), *(["--pull"] if pull else []))
    value = jsontext.parse(out.encode())
    assert (status, value["sent"], value["failed"], err) == (0, 1, 0, "")
    [row] = value["answers" if pull else "messages"]
    assert (row["esbBody"], row["deferred"]) == ({"n": 1}, False) if pull else row["duplicate"] is False


@pytest.mark.parametrize("words", [[], ["--user-id", "u", "file"], ["--request-id", "r", "file"]])
def test_what_makes_no_sense_is_usage(desk: Desk, words: list[str]) -> None:
    """Nothing to push, or a pull's option on a push: status 2, and nothing is sent."""
    status, _, _ = desk.send(*(desk.file("f.json") if word == "file" else word for word in words))
    assert (status, desk.hub.pushed) == (2, [])


def test_the_token_is_kept_unless_told_otherwise(desk: Desk) -> None:
    """Two invocations, one token; with --no-token-cache another one, and no file."""
    file = desk.file("a.json")
    desk.send(file)
    desk.send(file)
    assert desk.hub.tokens == 1
    desk.send(file, "--no-token-cache")
    assert desk.hub.tokens == 2
    assert len(list((desk.folder / "cache" / "amana" / "tokens").iterdir())) == 1
