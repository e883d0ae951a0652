"""What operators did, as an auditor reads it over `/api/v1`; and that erasing asks for messages that are known."""

from __future__ import annotations

import pytest

from hub.cli.main import invoke
from hub.control.client import Refused
from hub.ports import Write
from signing import jsontext
from signing.keys import generate
from tests.unit.api.desk import Desk
from tests.unit.api.test_reads import RUN, SECRET_DIGEST, compute, message, signal


def test_every_change_is_listed_with_who_what_and_when(desk: Desk) -> None:
    """Newest first, with the objects that it touched; page after page gives each record once, and no secret."""
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "x"})
        system = {"institution": "KEM", "code": "HR", "clientId": "c1", "publicKey": generate().public.pem()}
        client.change("system.add", system | {"secretSha256": SECRET_DIGEST})
        first = client.get("/api/v1/changes?limit=2")
        rest = client.get(f"/api/v1/changes?limit=2&after={first['next']}")
    rows = first["items"] + rest["items"]
    assert [(row["position"], row["kind"], row["operator"], row["accepted"]) for row in rows] == [
        (2, "system.add", "admin", True),
        (1, "institution.add", "admin", True),
        (0, "hub.start", "admin", True),
    ]
    assert [row["touched"] for row in rows[:2]] == [["system HR"], ["institution KEM"]]
    assert (rest["next"], SECRET_DIGEST in jsontext.render(rows).decode()) == (None, False)


def test_reads_of_personal_data_are_listed(desk: Desk) -> None:
    """Who opened what of which run, and how many; newest first, page by page."""
    compute(desk, [signal(0), signal(1)])
    with desk.client() as client:
        client.get(f"/api/v1/runs/{RUN}/signals?full=true")
        client.get("/api/v1/reconcile")
        first = client.get("/api/v1/audit?limit=1")
        rest = client.get(f"/api/v1/audit?limit=1&after={first['next']}")
    rows = first["items"] + rest["items"]
    assert [(row["operator"], row["what"], row["of"], row["count"]) for row in rows] == [
        ("admin", "reconcile", "hub", 2),
        ("admin", "pay.signals", RUN, 2),
    ]
    assert rest["next"] is None


def test_the_log_of_operators_is_a_command(desk: Desk) -> None:
    """`operator log` shows changes, `--reads` who opened personal data."""
    compute(desk, [signal(0)])
    with desk.client() as client:
        client.get(f"/api/v1/runs/{RUN}/signals?full=true")
    changes = invoke(["operator", "log", "--data", str(desk.data)])
    reads = invoke(["operator", "log", "--reads", "--data", str(desk.data)])
    assert [status for status, _ in (changes, reads)] == [0, 0]
    assert [word for word in ("run.open", "institution KEM", "accepted") if word not in changes[1]] == []
    assert [word for word in ("pay.signals", RUN, "admin") if word not in reads[1]] == []


def test_only_messages_that_came_in_can_be_erased(desk: Desk) -> None:
    """An id that the hub does not know, or of a message that goes out, is refused and leaves no record."""
    rows = [message("aa", 1), message("bb", 2, kind="refused"), message("cc", 3, kind="out")]
    desk.write(Write("message", rows))
    known, refused, out = (row["id"] for row in rows)
    end = desk.control_end()
    with desk.client() as client:
        for ids in (["0" * 64], [known, "0" * 64], [out]):
            with pytest.raises(Refused) as answer:
                client.change("message.erase", {"ids": ids, "reason": "an objection"})
            assert answer.value.code == "AMANA-CHANGE-002"
        assert desk.control_end() == end
        assert client.change("message.erase", {"ids": [known, refused], "reason": "x"})["result"] == {"messages": 2}
        touched = client.get("/api/v1/changes?limit=1")["items"][0]["touched"]
    assert touched == [f"message {known}", f"message {refused}"]
