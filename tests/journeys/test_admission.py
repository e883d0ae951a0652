"""A message from its token to its receipt, and every way to be turned away, through the real gateway and log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub import records as r
from hub.errors import TryAgain
from hub.gateway import refusals
from hub.ports import Answered, Candidate
from hub.records import Ms
from hub.settings import load
from signing import envelope
from signing.sealing import BodyKey
from tests.journeys.gateway_client import Site, open_site
from tests.unit.gateway.onboarded import CALENDAR, NETWORK, PATH, SECRET, SERIAL

PUNCHES = b"0042\t2026-10-01 07:21:09\t0\t1\t0\n7\t2026-10-01 07:22:10\t0\t1\t0\n"
UPLOAD = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=9999"
INSIDE = NETWORK.replace("0/24", "9")


async def opened(site: Site, record: r.Record, purpose: str) -> bytes:
    """The plain body of a record."""
    secret = (await site.log.open([record.headers[r.SECRET]]))[record.headers[r.SECRET]]
    return BodyKey(secret, purpose).open_seal(record.headers[r.ID], record.value)


def test_push_is_durable_and_receipted(tmp_path: Path) -> None:
    """A sender gets a signed receipt with the digest of what it sent, and the log opens to exactly these bytes."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            body = site.house.body()
            reply = await site.push(body)
            data = site.verified(reply)
            [record] = await site.records("inbox.generic_json")
            assert reply.status == 200
            assert data == {
                "success": True,
                "requestId": record.headers[r.ID][:32],
                "esbBody": {
                    "digest": "sha256:" + hashlib.sha256(body).hexdigest(),
                    "receivedAt": "2026-09-21T14:13:20.000Z",
                    "duplicate": False,
                },
            }
            assert await opened(site, record, "inbox") == body

    asyncio.run(story())


def test_duplicate_gets_the_first_receipt_again(tmp_path: Path) -> None:
    """The same payload, signed again an hour later, is stored once; the answer says so and repeats the receipt."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            first = site.verified(await site.push(site.house.body()))
            await site.clock.sleep(3600)
            second = site.verified(await site.push(site.house.body()))
            assert second == {**first, "esbBody": {**first["esbBody"], "duplicate": True}}
            assert len(await site.records("inbox.generic_json")) == 1

    asyncio.run(story())


def test_a_request_id_acknowledges_no_other_content(tmp_path: Path) -> None:
    """Under the rule request-id the same id with another body is a signed 409 that is kept with its bytes; the first
    body still gets its receipt, and only that one is a message."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            rule = {"code": "CAL-ID", "adapter": "generic_json", "exchange": "calendar", "dedupe": "request-id"}
            await site.change("api.add", rule)
            await site.change("grant.add", {"system": "HR", "code": "CAL-ID"})

            def sent(day: str) -> bytes:
                body = {"records": [{**CALENDAR["records"][0], "workingDays": [day]}]}
                data = envelope.render_data({"pushCode": "CAL-ID", "requestId": "r-1", "esbBody": body})
                return envelope.seal(data, site.house.sender)

            first = site.verified(await site.push(sent("2026-10-01")))
            other = sent("2026-10-02")
            reply = await site.push(other)
            again = site.verified(await site.push(sent("2026-10-01")))
            await site.gateway.refusals.flush()
            [record] = await site.records("refusals")
            assert reply.status == 409
            assert site.verified(reply)["message"].startswith("AMANA-DUP-001")
            assert (record.headers[r.SYSTEM], record.headers[r.CODE]) == ("HR", "CAL-ID")
            assert await opened(site, record, refusals.PURPOSE) == other
            assert again == {**first, "esbBody": {**first["esbBody"], "duplicate": True}}
            assert len(await site.records("inbox.generic_json")) == 1

    asyncio.run(story())


def test_concurrent_pushes_of_one_payload_are_one_message(tmp_path: Path) -> None:
    """However the requests of a group commit are mixed, one is new and the others are its duplicates."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            token = await site.token()
            replies = await asyncio.gather(*(site.push(site.house.body(), token) for _ in range(8)))
            answers = [site.verified(reply)["esbBody"]["duplicate"] for reply in replies]
            assert sorted(answers) == [False] + [True] * 7
            assert len(await site.records("inbox.generic_json")) == 1

    asyncio.run(story())


def test_refusal_of_a_known_system_is_kept_with_its_bytes(tmp_path: Path) -> None:
    """The answer is a signed failure whose message begins with the code; its request id leads to the sealed bytes."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            body = site.house.body().replace(b"2026-10-01", b"2026-10-02")
            reply = await site.push(body)
            data = site.verified(reply)
            await site.gateway.refusals.flush()
            [record] = await site.records("refusals")
            assert reply.status == 401
            assert data["success"] is False
            assert data["message"].startswith("AMANA-SIG-001: Signature Verification Failed")
            assert record.headers[r.ID].startswith(data["requestId"])
            assert record.headers[refusals.REASON] == "AMANA-SIG-001"
            assert record.headers[r.SYSTEM] == "HR"
            assert await opened(site, record, refusals.PURPOSE) == body
            assert await site.records("inbox.generic_json") == []

    asyncio.run(story())


def test_refused_bytes_have_a_quota_past_which_they_are_counted(tmp_path: Path) -> None:
    """A system that sends nothing but nonsense fills no disk: the quota of the hour is all that is kept."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            token = await site.token()
            nonsense = b"x" * 60_000
            most = refusals.BYTES_PER_HOUR // (len(nonsense) + refusals.RECORD_BYTES)
            for _ in range(most + 3):
                assert (await site.push(nonsense, token)).status == 400
            await site.gateway.refusals.flush()
            [row] = await site.store.rows("refusal_count")
            assert len(await site.records("refusals")) == most
            assert (row["code"], row["count"], row["bytes"]) == ("AMANA-FRM-001", 3, 3 * len(nonsense))

    asyncio.run(story())


def test_strangers_are_counted_and_nothing_of_theirs_is_kept(tmp_path: Path) -> None:
    """Without a token there is a count per minute, address and code; the address is kept as an HMAC only."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            for _ in range(2):
                assert (await site.push(b"{}", "nonsense")).status == 401
            await site.gateway.refusals.flush()
            assert (await site.push(b"{}", "nonsense")).status == 401
            await site.gateway.refusals.flush()
            [row] = await site.store.rows("refusal_count")
            assert (row["code"], row["count"], row["bytes"]) == ("AMANA-AUTH-001", 3, 6)
            assert site.peer not in str(row)
            assert await site.records("refusals") == []

    asyncio.run(story())


def test_body_past_the_limit_is_refused_however_it_arrives(tmp_path: Path) -> None:
    """In one piece, in many, or with a declared length that nobody will wait for."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            pieces = [b"x" * 30_000] * 3
            huge = {"Content-Length": str(1 << 40)}
            ways: list[tuple[bytes | list[bytes], dict[str, str], bool]] = [
                (b"x" * 70_000, {}, False),
                (pieces, {}, False),
                (pieces, huge, True),
            ]
            for body, headers, close in ways:
                reply = await site.ask("POST", "/esb/push-request", body, headers)
                assert reply.status == 413
                assert site.verified(reply)["message"].startswith("AMANA-SIZE-001")
                assert ("connection" in reply.headers) is close
            pieces = [b"x" * 500_000] * 3
            assert (await site.ask("POST", "/esb/push-request", pieces)).headers["connection"] == "close"

    asyncio.run(story())


class Broken:
    """An admission table that stores nothing."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        raise self.error

    async def prove(self) -> None:
        raise self.error


def test_log_that_cannot_store_is_a_signed_503_and_no_receipt(tmp_path: Path) -> None:
    """The sender is told when to send again; a device gets 503 and keeps its batch."""

    async def story() -> None:
        broken = Broken(TryAgain("AMANA-BUS-001", after=3))
        async with open_site(tmp_path, admissions=broken) as site:
            reply = await site.push(site.house.body())
            site.peer = INSIDE
            upload = await site.ask("POST", UPLOAD, PUNCHES)
            assert (reply.status, reply.headers["retry-after"]) == (503, "3")
            assert site.verified(reply)["message"].startswith("AMANA-BUS-001")
            assert (upload.status, upload.headers["retry-after"]) == (503, "3")
            assert not upload.body.startswith(b"OK")

    asyncio.run(story())


def test_what_nobody_expected_is_answered_and_logged_without_payload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect is AMANA-HUB-001, signed: no stack trace goes out, and its text, which may quote a payload, nowhere."""

    async def story() -> None:
        async with open_site(tmp_path, admissions=Broken(RuntimeError("MARKER"))) as site:
            reply = await site.push(site.house.body())
            assert reply.status == 500
            assert site.verified(reply)["message"].startswith("AMANA-HUB-001")
            assert b"MARKER" not in reply.body
            assert b"Traceback" not in reply.body

    from hub import logs

    logs.configure()
    asyncio.run(story())
    said = capsys.readouterr()
    assert "gateway.failed" in said.err
    assert "MARKER" not in said.err + said.out


def test_device_gets_ok_only_for_what_is_stored_and_once(tmp_path: Path) -> None:
    """An upload is a message of assurance `device`; sent again it is acknowledged again and stored no second time."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            site.peer = INSIDE
            hello = await site.ask("GET", f"/iclock/cdata?SN={SERIAL}&options=all")
            first = await site.ask("POST", UPLOAD, PUNCHES)
            again = await site.ask("POST", UPLOAD, PUNCHES)
            longer = await site.ask("POST", UPLOAD, PUNCHES + b"7\t2026-10-01 16:00:00\t1\t1\t0\n")
            stored = await site.records("inbox.zkteco_adms")
            assert hello.body.startswith(b"GET OPTION FROM")
            assert [reply.status for reply in (hello, first, again, longer)] == [200] * 4
            assert first.body.startswith(b"OK")
            assert again.body == first.body
            assert [record.headers[r.ROWS] for record in stored] == ["all", "2"]
            assert stored[0].headers[r.ASSURANCE] == "device"
            assert await opened(site, stored[0], "inbox") == PUNCHES
            assert SERIAL not in str(stored[0].headers)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("peer", "target", "status"),
    [
        (INSIDE, UPLOAD, 200),
        ("198.51.100.7", f"/{PATH}{UPLOAD}", 200),
        ("198.51.100.7", UPLOAD, 403),
        (INSIDE, f"/wrong{UPLOAD}", 403),
        (INSIDE, UPLOAD.replace(SERIAL, "DEVICE0002"), 403),
        (INSIDE, "/iclock/cdata?table=ATTLOG", 403),
        (INSIDE, "/iclock/nothing?SN=1", 404),
        (INSIDE, "/iclock/devicecmd", 403),
    ],
)
def test_device_is_known_by_serial_and_network_or_secret_path(
    tmp_path: Path, peer: str, target: str, status: int
) -> None:
    """A serial alone proves nothing: the request must come from the device's network, or by its secret path."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            site.peer = peer
            reply = await site.ask("POST", target, PUNCHES)
            assert reply.status == status
            assert len(await site.records("inbox.zkteco_adms")) == (1 if status == 200 else 0)

    asyncio.run(story())


def test_forwarded_address_is_believed_from_a_named_proxy_only(tmp_path: Path) -> None:
    """Anybody can write a header: without the setting it changes nothing, with it only the proxy's word counts."""

    async def story(proxies: list[str], peer: str, expected: int) -> None:
        settings = load(tmp_path, max_body=65_536, trusted_proxies=proxies)
        async with open_site(tmp_path, settings=settings) as site:
            site.peer = peer
            site.extra = [(b"x-forwarded-for", f"203.0.113.1, {INSIDE}".encode())]
            assert (await site.ask("POST", UPLOAD, PUNCHES)).status == expected

    for number, (proxies, peer, expected) in enumerate(
        [([], "10.0.0.1", 403), (["10.0.0.0/8"], "10.0.0.1", 200), (["10.0.0.0/8"], "198.51.100.7", 403)]
    ):
        tmp_path = tmp_path / str(number)
        tmp_path.mkdir()
        asyncio.run(story(proxies, peer, expected))


def basic(client: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


def multipart(fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    parts = [f'--b0\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    return ("".join(parts) + "--b0--\r\n").encode(), {"Content-Type": "multipart/form-data; boundary=b0"}


def test_token_is_given_for_every_way_that_clients_ask(tmp_path: Path) -> None:
    """Basic header, urlencoded form, multipart form, and header with form: the same three members come back."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            form = {"grant_type": "client_credentials", "client_id": "client-hr", "client_secret": SECRET}
            plain = "&".join(f"{k}={v}" for k, v in form.items()).encode()
            body, kind = multipart(form)
            ways = [
                (plain, {"Content-Type": "application/x-www-form-urlencoded"}),
                (body, kind),
                (b"grant_type=client_credentials", basic("client-hr", SECRET)),
                (plain, basic("client-hr", SECRET)),
            ]
            for content, headers in ways:
                reply = await site.ask("POST", "/oauth/token", content, headers)
                assert reply.status == 200
                assert list(reply.json) == ["access_token", "token_type", "expires_in"]
                assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 3600)
                assert reply.headers["cache-control"] == "no-store"

    asyncio.run(story())


def test_wrong_credentials_are_invalid_client_and_throttled_per_address(tmp_path: Path) -> None:
    """401 and `invalid_client` (RFC 6749); past the limit 429 with Retry-After for failures from that address, while
    correct credentials and other addresses go on being served."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            grant = b"grant_type=client_credentials"
            wrong = basic("client-hr", SECRET.replace("0", "1"))
            replies = [await site.ask("POST", "/oauth/token", grant, wrong) for _ in range(40)]
            assert replies[0].status == 401
            assert replies[0].json["error"] == "invalid_client"
            assert replies[0].headers["www-authenticate"].startswith("Basic")
            assert replies[-1].status == 429
            assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
            assert (await site.ask("POST", "/oauth/token", grant, basic("client-hr", SECRET))).status == 200
            site.peer = "198.51.100.8"
            assert (await site.ask("POST", "/oauth/token", grant, wrong)).status == 401

    asyncio.run(story())


def test_unready_until_every_part_is_up_and_again_while_draining(tmp_path: Path) -> None:
    """`/readyz` follows bus, store and keys; `/healthz` says only that the process lives."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            health = site.gateway.context.health
            assert (await site.ask("GET", "/readyz")).status == 503
            for part in ("bus", "store", "keys"):
                health.up(part)
            assert (await site.ask("GET", "/readyz")).status == 200
            health.drain()
            assert (await site.ask("GET", "/readyz")).json == {"status": "draining"}
            assert (await site.ask("GET", "/readyz")).status == 503
            assert (await site.ask("GET", "/healthz")).status == 200

    asyncio.run(story())
