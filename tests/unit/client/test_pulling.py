"""Pulls, outboxes and large bodies through the client: what it takes for an answer, and what it asks twice."""

from __future__ import annotations

import httpx
import pytest

from hub.client import SendingError
from hub.client.answers import digest_of
from hub.client.sender import INLINE
from signing import envelope, jsontext
from signing.encrypted import open_for
from signing.keys import KeyRing, KeyWindow
from tests.unit.client.fake_hub import HUB, STRANGER, Handler, Hub, cut_off, receipt, refusal, status, success


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def page(*ids: str, cursor: str | None = None, more: bool = False) -> Handler:
    messages = [
        {"requestId": one, "code": "X", "time": "2026-11-02T00:00:00.000Z", "esbBody": {"n": one}} for one in ids
    ]
    body = {"messages": messages, "cursor": cursor, "more": more, "waiting": len(ids)}
    return success(jsontext.render(body))


def test_an_answer_is_handed_over_as_the_hub_signed_it() -> None:
    """Code and body are asked as given; the answer's body keeps its spelling, down to a zero behind the point."""
    hub = Hub(success(b'{"amount":1.50,"name":"\xc3\x89mile"}'))
    with hub.sender() as sender:
        got = sender.pull("REG", b'{"id":"1"}', user_id="u1")
    assert (hub.paths, hub.asked(0)) == (["/esb/request"], {"apiCode": "REG", "userId": "u1", "esbBody": {"id": "1"}})
    assert (got.body, got.deferred, got.request_id) == (b'{"amount":1.50,"name":"\xc3\x89mile"}', False, "c" * 32)
    assert got.value["name"] == "Émile"


def test_a_deferred_answer_is_told_from_an_empty_one_and_fetched_by_its_request_id() -> None:
    """No body: the answer follows. An empty object is an answer. The second pull names the first one's id."""
    hub = Hub(success(None, message="AMANA-PULL-010: the answer follows"), success(b"{}"))
    with hub.sender() as sender:
        first = sender.pull("REG")
        second = sender.pull("REG", request_id=first.request_id)
    assert (first.deferred, first.body, first.value) == (True, None, None)
    assert first.message is not None
    assert hub.asked(1) == {"apiCode": "REG", "requestId": "c" * 32}
    assert (second.deferred, second.value) == (False, {})


@pytest.mark.parametrize("answer", [success(b"{}", key=STRANGER), status(200), status(502)])
def test_what_the_hub_did_not_sign_is_no_answer(answer: Handler) -> None:
    """Another key, no envelope, a proxy's page: nothing is proven, and nothing is asked again."""
    hub = Hub(answer)
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.pull("REG", b"{}")
    assert (failed.value.sure, len(hub.pushed)) == (False, 1)


def test_a_signed_failure_of_the_provider_is_final() -> None:
    """A gateway's 504 that the hub signed carries its code and is not asked again."""
    hub = Hub(refusal(504, "AMANA-PULL-004: too late"))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.pull("REG", b"{}")
    assert (failed.value.code, failed.value.status, len(hub.pushed)) == ("AMANA-PULL-004", 504, 1)


@pytest.mark.parametrize("trouble", [refuse_connection, status(429, retry_after="3"), status(503)])
def test_a_pull_that_cannot_have_arrived_is_asked_again(trouble: Handler) -> None:
    """No connection, 429 and 503: again, as the hub says."""
    hub = Hub(trouble, success(b"{}"))
    with hub.sender() as sender:
        assert sender.pull("REG", b"{}").value == {}
    assert len(hub.pushed) == 2


def test_a_pull_that_may_have_arrived_is_not_asked_again() -> None:
    """A provider may do something when asked: a broken connection ends the pull, and says that nothing is known."""
    hub = Hub(cut_off, success(b"{}"))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.pull("REG", b"{}")
    assert (failed.value.sure, len(hub.pushed)) == (False, 1)


def test_a_hub_that_stays_unable_is_named_with_its_code() -> None:
    """After the last attempt the stable code of the 503 is shown."""
    hub = Hub(refusal(503, "AMANA-BUS-001: full"))
    with hub.sender() as sender, pytest.raises(SendingError, match="AMANA-BUS-001"):
        sender.pull("REG", b"{}")


def test_an_outbox_is_read_page_by_page_and_confirmed_behind_the_reader() -> None:
    """Every message once, in order; a page is confirmed with the question for the next, the last one at the end."""
    hub = Hub(page("a", "b", cursor="2", more=True), page("c", cursor="3"), page())
    with hub.sender() as sender:
        got = [(m.request_id, m.value["n"]) for m in sender.read_outbox(limit=2, confirm=True)]
    assert got == [("a", "a"), ("b", "b"), ("c", "c")]
    assert [hub.asked(n)["esbBody"] for n in range(3)] == [
        {"limit": 2},
        {"limit": 2, "cursor": "2", "confirm": ["a", "b"]},
        {"limit": 1, "confirm": ["c"]},
    ]
    assert {hub.asked(n)["apiCode"] for n in range(3)} == {"OUTBOX"}


def test_a_message_whose_body_came_as_text_reads_like_any_other() -> None:
    """What the hub's answer could not hold is the same JSON; a message with neither is no page of an outbox."""
    row = {"requestId": "a", "code": "X", "time": "2026-11-02T00:00:00.000Z"}
    hub = Hub(
        success(jsontext.render({"messages": [row | {"bodyText": '{"n":"a"}'}]})),
        success(jsontext.render({"messages": [row]})),
    )
    with hub.sender() as sender:
        assert [message.value for message in sender.read_outbox()] == [{"n": "a"}]
        with pytest.raises(SendingError, match="no page"):
            list(sender.read_outbox())


def test_what_a_reader_broke_off_at_is_not_confirmed() -> None:
    """A reader that fails at the second message leaves the whole page waiting: it comes again under the same ids."""
    hub = Hub(page("a", "b"))
    with hub.sender() as sender:
        for message in sender.read_outbox(confirm=True):
            if message.request_id == "b":
                break
    assert len(hub.pushed) == 1


def test_reading_an_outbox_is_repeated_whatever_happens() -> None:
    """Reading and confirming twice are harmless, so a broken connection is tried again."""
    hub = Hub(cut_off, page("a"))
    with hub.sender() as sender:
        assert [m.request_id for m in sender.read_outbox()] == ["a"]
    assert len(hub.pushed) == 2


def test_a_large_body_is_uploaded_and_claimed() -> None:
    """Past the size of an envelope the raw bytes go first, and the push carries a signed reference to them."""
    body = b'{"rows":"' + b"x" * INLINE + b'"}'
    claim = {"reference": "r1", "digest": digest_of(body), "size": len(body)}
    hub = Hub(success(jsontext.render(claim)), receipt())
    with hub.sender() as sender:
        sender.push("X", body)
    assert hub.paths == ["/esb/upload", "/esb/push-request"]
    assert hub.pushed[0] == body
    frame = envelope.frame(hub.pushed[1])
    envelope.verify(frame, KeyRing([KeyWindow(sender._key.public, 0, None)]), hub.clock.now())
    assert jsontext.parse(frame.data) == {"pushCode": "X", "esbBody": {"claim": claim}}


def test_an_upload_that_the_hub_holds_otherwise_is_not_claimed() -> None:
    """Another digest: nothing is pushed."""
    body = b'"' + b"x" * INLINE + b'"'
    claim = {"reference": "r1", "digest": digest_of(b"other"), "size": len(body)}
    hub = Hub(success(jsontext.render(claim)), receipt())
    with hub.sender() as sender, pytest.raises(SendingError):
        sender.push("X", body)
    assert hub.paths == ["/esb/upload"]


def test_an_answer_that_is_no_page_is_no_outbox() -> None:
    """A success with something else in it is not taken for an empty outbox."""
    hub = Hub(success(b'{"rows":[]}'))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        list(sender.read_outbox())
    assert failed.value.sure is False
    assert HUB.public.key_id not in repr(failed.value)


def test_an_encrypted_body_opens_for_the_hub_alone() -> None:
    """With `encrypt` nobody on the way reads the body; the hub's key opens it to the very bytes."""
    hub = Hub(receipt(), success(b"{}"))
    with hub.sender(encrypt=True) as sender:
        sender.push("X", b' {"amount":1.50} ')
        sender.pull("REG", b'{"id":"1"}')
    assert open_for(hub.asked(0)["esbBody"], HUB) == b'{"amount":1.50}'
    assert open_for(hub.asked(1)["esbBody"], HUB) == b'{"id":"1"}'


LARGE = b'{"rows":"' + b"y" * 100 + b'"}'


def claimed(digest: str = digest_of(LARGE), size: int = len(LARGE)) -> Handler:
    return success(jsontext.render({"claim": {"reference": "ref-1", "digest": digest, "size": size}}))


def test_a_large_answer_is_fetched_by_its_signed_reference() -> None:
    """A claim in place of a body: the bytes are fetched, and held against the digest that the hub signed."""
    hub = Hub(claimed(), lambda _: httpx.Response(200, content=LARGE))
    with hub.sender() as sender:
        got = sender.pull("REG")
    assert (got.body, hub.paths) == (LARGE, ["/esb/request", "/esb/upload/ref-1"])


@pytest.mark.parametrize("answer", [claimed(digest_of(b"other")), claimed(size=1)])
def test_fetched_bytes_that_were_not_signed_for_are_not_believed(answer: Handler) -> None:
    """Another digest or size: no answer."""
    hub = Hub(answer, lambda _: httpx.Response(200, content=LARGE))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.pull("REG")
    assert failed.value.sure is False


def test_a_reference_that_is_gone_shows_the_hubs_word() -> None:
    """A signed refusal of the fetch carries its code."""
    hub = Hub(claimed(), refusal(404, "AMANA-CLAIM-001: no such upload"))
    with hub.sender() as sender, pytest.raises(SendingError) as failed:
        sender.pull("REG")
    assert failed.value.code == "AMANA-CLAIM-001"


@pytest.mark.parametrize(
    "body", [b'{"claim":{"reference":"../x","digest":"d","size":1}}', b'{"claim":"x"}', b'{"claim":{}}']
)
def test_what_only_looks_like_a_reference_is_a_body(body: bytes) -> None:
    """Nothing is fetched for it, and no path is made of it."""
    hub = Hub(success(body))
    with hub.sender() as sender:
        assert sender.pull("REG").body == body
    assert hub.paths == ["/esb/request"]


def test_many_confirmations_go_in_parts_and_what_is_unknown_is_told() -> None:
    """A thousand in a question; none asks nothing."""
    empty = {"messages": [], "cursor": None, "more": False, "waiting": 0, "unknown": ["x"]}
    hub = Hub(success(jsontext.render(empty)))
    with hub.sender() as sender:
        assert sender.confirm([]) == []
        assert sender.confirm(str(n) for n in range(1001)) == ["x", "x"]
    assert [len(hub.asked(n)["esbBody"]["confirm"]) for n in range(2)] == [1000, 1]
