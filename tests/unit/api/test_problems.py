"""Failures of `/api`: every one a problem document with a stable code, none with internals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.control.client import SOCKET
from hub.control.requests import sign_read
from hub.errors import TryAgain
from hub.rundir import run_directory
from tests.unit.api.desk import Desk

PRIVATE = "199001012015031001"


def ask(desk: Desk, method: str, path: str, **parts: Any) -> httpx.Response:
    transport = httpx.HTTPTransport(uds=str(run_directory(desk.data) / SOCKET))
    with httpx.Client(transport=transport, base_url="http://hub") as client:  # noqa: TID251 - requests no client makes
        return client.request(method, path, **parts)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "AMANA-HTTP-003"),
        ("GET", "/nothing/at/all", 404, "AMANA-HTTP-003"),
        ("DELETE", "/api/v1/runs", 405, "AMANA-HTTP-001"),
        ("PUT", "/api/v1/changes", 405, "AMANA-HTTP-001"),
    ],
)
def test_wrong_paths_and_methods_are_problem_documents(
    desk: Desk, method: str, path: str, status: int, code: str
) -> None:
    """What does not exist is refused with a code, in the one form."""
    answer = ask(desk, method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_wrong_method_is_told_the_right_one(desk: Desk) -> None:
    """405 names the methods of the path in `Allow` (RFC 9110, section 15.5.6) and in its detail."""
    answers = [ask(desk, "PUT", path) for path in ("/api/v1/changes", "/api/v1/runs")]
    told = [(answer.headers["allow"], answer.json()["detail"]) for answer in answers]
    assert told == [("GET, POST", "allowed: GET, POST"), ("GET", "allowed: GET")]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=many", "limit: a whole number from 1 to 1000"),
        ("limit=0", "limit: a whole number from 1 to 1000"),
        ("kind=" + "x" * 201, "kind: at most 200 characters"),
    ],
)
def test_a_wrong_parameter_is_told_in_words(desk: Desk, query: str, words: str) -> None:
    """What is expected, as a person says it."""
    target = f"/api/v1/messages?{query}"
    header = {"authorization": sign_read(desk.admin, "GET", target, desk.clock.now())}
    assert ask(desk, "GET", target, headers=header).json()["detail"] == words


def break_store(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(type(desk.store), "rows", fail)


def test_what_nobody_expected_shows_no_internals(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """AMANA-HUB-001 with a request id; the text of the exception is neither answered nor logged."""
    break_store(desk, monkeypatch, RuntimeError(f"near {PRIVATE}"))
    target = "/api/v1/messages"
    header = {"authorization": sign_read(desk.admin, "GET", target, desk.clock.now())}
    answer = ask(desk, "GET", target, headers=header)
    logged = capfd.readouterr()
    assert (answer.status_code, answer.json()["code"]) == (500, "AMANA-HUB-001")
    assert len(answer.json()["requestId"]) == 32
    assert [
        text for text in (answer.text, logged.out, logged.err) if PRIVATE in text or "RuntimeError" in answer.text
    ] == []


def test_what_may_be_repeated_says_when(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store or log that is busy answers 503 and Retry-After."""
    break_store(desk, monkeypatch, TryAgain("AMANA-BUS-001", after=7))
    target = "/api/v1/messages"
    header = {"authorization": sign_read(desk.admin, "GET", target, desk.clock.now())}
    answer = ask(desk, "GET", target, headers=header)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "AMANA-BUS-001", "7")


def test_the_openapi_document_describes_every_read_and_the_change(desk: Desk) -> None:
    """Each path of the API stands in the document, with the shape of what it answers."""
    document = ask(desk, "GET", "/api/openapi.json").json()
    names = ("institutions", "systems", "apis", "grants", "subscriptions", "devices", "operators", "messages", "runs")
    expected = {f"/api/v1/{name}" for name in names} | {"/api/v1/changes", "/api/v1/reconcile", "/api/v1/hub"}
    assert expected - set(document["paths"]) == set()
    answered = document["paths"]["/api/v1/runs/{run}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answered["schema"] == {"$ref": "#/components/schemas/RunDetail"}
    assert "requestBody" in document["paths"]["/api/v1/changes"]["post"]
