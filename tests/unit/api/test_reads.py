"""Reads over `/api/v1`: who may, what is shown, what is recorded of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.control.client import SOCKET, HubClient, Refused
from hub.control.requests import body_target, sign_read
from hub.ports import Write
from hub.rundir import run_directory
from hub.runs.codec import rebuild_run, run_digest
from schemas.datarules import MASK
from signing import jsontext
from signing.keys import generate
from tests.unit.api.desk import Desk

EMPLOYEE = "199001012015031001"
RUN = "KEM-2026-10-1"
SECRET_DIGEST = "5" * 64


def raw(desk: Desk) -> httpx.Client:  # noqa: TID251
    transport = httpx.HTTPTransport(uds=str(run_directory(desk.data) / SOCKET))
    return httpx.Client(transport=transport, base_url="http://hub")  # noqa: TID251 - as no client does


def signed(desk: Desk, method: str, target: str) -> dict[str, str]:
    return {"authorization": sign_read(desk.admin, method, target, desk.clock.now())}


def signal(number: int, status: str = "ready", net: str = "950") -> dict[str, Any]:
    ready = status == "ready"
    return {
        "signalId": f"{number:064x}",
        "run": RUN,
        "employeeId": EMPLOYEE if number == 0 else f"{number:018d}",
        "status": status,
        "gross": "1000" if ready else None,
        "cut": str(1000 - int(net)) if ready else None,
        "net": net if ready else None,
    }


def open_run(desk: Desk) -> None:
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        args = {"institution": "KEM", "period": "2026-10", "paid": "2026-11"}
        client.change("run.open", args | {"ruleSet": "permenaker-15-2024", "ruleVersion": "1"})


def compute(desk: Desk, signals: list[dict[str, Any]], **differing: Any) -> None:
    """A computed run whose row fits its signals, but for what differs."""
    open_run(desk)
    order = desk.follower.directory.now().run(RUN)
    assert order is not None
    run = rebuild_run(order, {"unmatchedPunches": 0}, signals)
    row = {
        "institution": "KEM",
        "period": "2026-10",
        "state": "computed",
        "digest": run_digest(run),
        "counts": run["counts"],
        "totals": run["totals"],
        "opened_at": 1,
    }
    desk.compute(RUN, signals, row | differing)


# who may


def test_a_read_needs_an_operators_signature(desk: Desk) -> None:
    """Without the header: 401, a stable code, and the scheme to use."""
    with raw(desk) as http:
        answer = http.get("/api/v1/institutions")
    assert (answer.status_code, answer.json()["code"]) == (401, "AMANA-OPER-001")
    assert answer.headers["www-authenticate"] == "Amana"


def test_a_signature_is_for_one_target(desk: Desk) -> None:
    """A header signed for one listing opens no other, and no other page of it."""
    headers = signed(desk, "GET", "/api/v1/institutions?limit=1")
    with raw(desk) as http:
        codes = [http.get(path, headers=headers).status_code for path in ("/api/v1/runs", "/api/v1/institutions")]
        right = http.get("/api/v1/institutions?limit=1", headers=headers).status_code
    assert (codes, right) == ([401, 401], 200)


def test_a_suspended_operator_reads_nothing(desk: Desk) -> None:
    """From the suspension on, the operator's signature is worth nothing."""
    key = desk.add_operator("second", "Person Two")
    with desk.client() as client:
        client.change("operator.suspend", {"keyId": key.public.key_id})
    with desk.client(key) as client, pytest.raises(Refused) as refused:
        client.get("/api/v1/institutions")
    assert refused.value.code == "AMANA-OPER-001"


def test_the_hubs_public_key_is_open_to_everybody(desk: Desk) -> None:
    """Whoever holds a receipt can fetch what verifies it."""
    with HubClient(desk.data, None) as client:
        shown = client.public("/api/v1/hub")
    assert shown["publicKey"] == desk.keys.signing.public.pem()
    assert shown["keyId"] == desk.keys.signing.public.key_id


# listings


def test_pages_cover_a_listing_once_and_in_order(desk: Desk) -> None:
    """Following `next` from the first page visits every row exactly once."""
    with desk.client() as client:
        for n in (3, 1, 4, 5, 2):
            client.change("institution.add", {"code": f"I{n}", "name": "x"})
        seen: list[str] = []
        after = ""
        while True:
            page = client.get(f"/api/v1/institutions?limit=2{after}")
            seen += [row["code"] for row in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
    assert seen == ["I1", "I2", "I3", "I4", "I5"]


@pytest.mark.parametrize(
    ("query", "named"),
    [("limit=0", "limit"), ("limit=many", "limit"), ("after=%21%21", "after"), ("after=WzEsMiwzXQ", "after")],
)
def test_a_wrong_parameter_is_named(desk: Desk, query: str, named: str) -> None:
    """AMANA-HTTP-004 says which parameter and not what it held."""
    with desk.client() as client:
        client.change("institution.add", {"code": "A", "name": "x"})
        with pytest.raises(Refused) as refused:
            client.get(f"/api/v1/institutions?{query}")
    assert refused.value.code == "AMANA-HTTP-004"
    assert refused.value.detail.startswith(named)
    assert "many" not in refused.value.detail


def test_no_secret_and_no_serial_is_shown(desk: Desk) -> None:
    """A system shows its client id and never the digest of its secret; a device only the end of its serial."""
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "x"})
        system = {"institution": "KEM", "code": "HR", "clientId": "c1", "publicKey": generate().public.pem()}
        client.change("system.add", system | {"secretSha256": SECRET_DIGEST})
        device = {"institution": "KEM", "adapter": "zkteco_adms", "serial": "CKJB203360123", "networks": ["10.0.0.0/8"]}
        client.change("device.add", device)
        systems, devices = client.get("/api/v1/systems"), client.get("/api/v1/devices")
    text = (jsontext.render(systems) + jsontext.render(devices)).decode()
    assert systems["items"][0]["clientId"] == "c1"
    assert systems["items"][0]["keys"][0]["valid"] is True
    assert devices["items"][0]["serial"] == "…123"
    assert [hidden for hidden in (SECRET_DIGEST, "CKJB203360123") if hidden in text] == []


@pytest.mark.parametrize(
    "target", ["systems/NO", "runs/NO", "messages/abcdef12", "dead-letters/abcdef12", "messages/zz"]
)
def test_what_is_not_there_is_404_with_a_code(desk: Desk, target: str) -> None:
    """A read that names nothing says so, and is no change."""
    with desk.client() as client, pytest.raises(Refused) as refused:
        client.get(f"/api/v1/{target}")
    assert (refused.value.status, refused.value.code) == (404, "AMANA-READ-001")


# messages


def message(name: str, time: int, **members: Any) -> dict[str, Any]:
    row = {"kind": "inbox", "system": "HR", "institution": "KEM", "code": "X", "state": "translated"}
    place = {"topic": "", "partition": 0, "offset": 0, "time": time, "updated": time, "detail": "", "parent": ""}
    return {**row, **place, "id": name.ljust(64, "0"), "request_id": name.ljust(32, "0"), "version": 1, **members}


def test_messages_come_newest_first_and_filtered(desk: Desk) -> None:
    """Pages of the index go back in time; a state chooses."""
    rows = [message(f"a{n}", n, state="refused" if n == 2 else "translated") for n in range(5)]
    desk.write(Write("message", rows))
    with desk.client() as client:
        first = client.get("/api/v1/messages?limit=3")
        rest = client.get(f"/api/v1/messages?limit=3&after={first['next']}")
        refused = client.get("/api/v1/messages?state=refused")
    names = [row["requestId"][:2] for row in first["items"] + rest["items"]]
    assert (names, rest["next"]) == (["a4", "a3", "a2", "a1", "a0"], None)
    assert [row["requestId"][:2] for row in refused["items"]] == ["a2"]


def test_a_message_is_found_by_the_beginning_of_its_id(desk: Desk) -> None:
    """Six digits are enough while nobody else's id begins so; otherwise the name is refused."""
    desk.write(Write("message", [message("abcdef01", 1), message("abcdef02", 2)]))
    with desk.client() as client:
        shown = client.get("/api/v1/messages/abcdef01")
        with pytest.raises(Refused) as refused:
            client.get("/api/v1/messages/abcdef0")
    assert shown["id"] == "abcdef01".ljust(64, "0")
    assert refused.value.detail == "several begin so: name more of it"


# pay


def test_opening_signals_is_recorded_without_what_was_read(desk: Desk) -> None:
    """The audit says who, what and how many; no employee number."""
    compute(desk, [signal(0), signal(1, "held")])
    with desk.client() as client:
        page = client.get(f"/api/v1/runs/{RUN}/signals?full=true")
    [entry] = desk.audited()
    assert [item["employeeId"] for item in page["items"]] == [EMPLOYEE, f"{1:018d}"]
    assert (entry["operator"], entry["what"], entry["of"], entry["count"]) == (
        desk.admin.public.key_id,
        "pay.signals",
        RUN,
        2,
    )
    assert EMPLOYEE not in jsontext.render(entry).decode()


def test_signals_are_masked_unless_somebody_asks_for_more(desk: Desk) -> None:
    """No employee, account or amount is in a page that was not asked for in full; the audit says which it was."""
    compute(desk, [signal(0), signal(1, "held")])
    with desk.client() as client:
        page = client.get(f"/api/v1/runs/{RUN}/signals")
    assert [(item["employeeId"], item["status"]) for item in page["items"]] == [(MASK, "ready"), (MASK, "held")]
    assert EMPLOYEE not in jsontext.render(page).decode()
    assert [entry["what"] for entry in desk.audited()] == ["pay.signals.masked"]


def test_held_signals_are_chosen_by_status(desk: Desk) -> None:
    """`status=held` opens the held ones only; another word is refused."""
    compute(desk, [signal(0), signal(1, "held")])
    with desk.client() as client:
        page = client.get(f"/api/v1/runs/{RUN}/signals?status=held")
        with pytest.raises(Refused) as refused:
            client.get(f"/api/v1/runs/{RUN}/signals?status=paid")
    assert [item["status"] for item in page["items"]] == ["held"]
    assert refused.value.code == "AMANA-HTTP-004"


def test_erased_signals_are_named_and_not_guessed(desk: Desk) -> None:
    """When a run's secret is gone its signals are listed as erased."""
    compute(desk, [signal(0)])
    desk.run(desk.log.erase([f"run:{RUN}"]))
    with desk.client() as client:
        page = client.get(f"/api/v1/runs/{RUN}/signals")
    assert (page["items"], page["erased"]) == ([], [f"{0:064x}"])


def test_explain_finds_one_employee_and_is_recorded(desk: Desk) -> None:
    """Asked by number, only that employee's signal is opened."""
    compute(desk, [signal(0), signal(1)])
    with desk.client() as client:
        found = client.ask(f"/api/v1/runs/{RUN}/explain", {"employee": EMPLOYEE})
    assert [item["employeeId"] for item in found["signals"]] == [EMPLOYEE]
    assert [(entry["what"], entry["count"]) for entry in desk.audited()] == [("pay.explain", 1)]


def test_a_question_cannot_be_exchanged_under_its_signature(desk: Desk) -> None:
    """The signed header covers the digest of the question: another question needs another signature."""
    compute(desk, [signal(0), signal(1)])
    target = f"/api/v1/runs/{RUN}/explain"
    with raw(desk) as http:
        answer = http.post(target, content=b'{"employee":"1"}', headers=signed(desk, "POST", target))
    assert answer.json()["code"] == "AMANA-OPER-001"
    assert desk.audited() == []


# reconciliation


def test_a_run_reconciles_with_its_signals(desk: Desk) -> None:
    """Counts, sums and digest are computed again from the opened signals; nothing was sent before approval."""
    compute(desk, [signal(0), signal(1, net="800"), signal(2, "held")])
    with desk.client() as client:
        found = client.get("/api/v1/reconcile")
    assert [check for check in found["checks"] if not check["ok"]] == []
    assert found["reconciled"] is True
    nets = [check["actual"] for check in found["checks"] if check["name"] == f"run {RUN}: net"]
    assert nets == ["1750"]


@pytest.mark.parametrize(
    ("differing", "named"),
    [
        ({"totals": {"gross": "1000", "cut": "50", "net": "951"}}, f"run {RUN}: net"),
        ({"counts": {"employees": 2, "ready": 1, "held": 0, "unmatchedPunches": 0}}, f"run {RUN}: signals"),
        ({"digest": "sha256:" + "0" * 64}, f"run {RUN}: digest"),
    ],
)
def test_what_differs_is_named(desk: Desk, differing: dict[str, Any], named: str) -> None:
    """A total, a count or a digest that does not fit its signals fails under its name."""
    compute(desk, [signal(0)], **differing)
    with desk.client() as client:
        found = client.get("/api/v1/reconcile")
    assert found["reconciled"] is False
    assert named in [check["name"] for check in found["checks"] if not check["ok"]]


def test_a_delivery_before_approval_is_found(desk: Desk) -> None:
    """Something sent for a run that nobody approved does not reconcile."""
    compute(desk, [signal(0)])
    place = {"topic": "outbox.P", "partition": 0, "offset": 0, "run": RUN, "updated": 1, "since": 1, "secret_id": "x"}
    row = {"id": "d", "subscription": "s", "system": "P", "key": "k", "request_id": "r", "state": "due", "attempts": 0}
    desk.write(Write("delivery", [row | place]))
    with desk.client() as client:
        found = client.get("/api/v1/reconcile")
    assert [check["name"] for check in found["checks"] if not check["ok"]] == [
        f"run {RUN}: nothing sent before its approval"
    ]


def test_a_message_that_the_index_lacks_is_found(desk: Desk) -> None:
    """A record of an inbox without a row in the index does not reconcile."""
    desk.append("inbox.siasn", 0, b"lost")
    with desk.client() as client:
        found = client.get("/api/v1/reconcile")
    failed = [(check["expected"], check["actual"]) for check in found["checks"] if not check["ok"]]
    assert failed == [(1, 0)]


def test_a_place_that_was_passed_over_is_not_missed(desk: Desk) -> None:
    """A message that lies in the log twice has one row in the index: its other place is known and left out."""
    desk.append("inbox.siasn", 0, b"again")
    row = {"topic": "inbox.siasn", "partition": 0, "offset": 0}
    desk.write(Write("passed_over", [row]))
    with desk.client() as client:
        found = client.get("/api/v1/reconcile")
    assert [check for check in found["checks"] if not check["ok"]] == []


def test_status_says_how_far_everything_is(desk: Desk) -> None:
    """A stage that has read one of three records of its partition is two behind."""
    desk.append("inbox.siasn", 0, b"a", b"b", b"c")
    row = {"stage": "translate", "topic": "inbox.siasn", "partition": 0, "position": 1, "watermarks": {}}
    desk.write(Write("stage_progress", [row | {"epoch": 1, "owner": "w"}]))
    with desk.client() as client:
        status = client.get("/api/v1/status")
    assert status["stages"] == [{"stage": "translate", "partitions": 1, "behind": 2}]
    assert (status["health"], status["controlEnd"] - 1 - status["directoryPosition"]) == ("ready", 0)


def test_a_signed_read_is_answered_once(desk: Desk) -> None:
    """Whoever copies the header of a read gets nothing with it, whether the read is a GET or asks in its body."""
    body = b'{"employee":"1"}'
    asked = "/api/v1/runs/NONE-2026-10-1/explain"
    with raw(desk) as http:
        header = signed(desk, "GET", "/api/v1/systems")
        first, again = (http.get("/api/v1/systems", headers=header) for _ in range(2))
        header = signed(desk, "POST", body_target(asked, body))
        codes = [http.post(asked, content=body, headers=header).json()["code"] for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()["code"]) == (200, 401, "AMANA-OPER-005")
    assert codes == ["AMANA-READ-001", "AMANA-OPER-005"]
