"""Records of pulls: their ids, and what stands in the open."""

from __future__ import annotations

from hub.delivery.states import Event
from hub.pull.exchange import Finding, failure, plain_words
from hub.pull.records import EXCHANGE, LATE, PURPOSE, Asked, digest_of, outcome_record
from hub.records import Ms
from signing.sealing import BodyKey

ASKED = Asked(
    id="a" * 64,
    name="a" * 32,
    key=b"k" * 16,
    partition=1,
    system="HR",
    institution="KEM",
    code="EMP-GET",
    provider="PROV",
    digest="sha256:" + "0" * 64,
    time=Ms(1),
)
ANSWER = b'{"data":{"success":true,"esbBody":{"name":"Siti Aminah"}},"signature":"x"}'
FOUND = Finding(Event.ANSWER, value={"name": "Siti Aminah"}, bound="exchange", form="json")


def test_an_outcome_made_twice_is_one() -> None:
    """Its id follows from the pull and the number alone, so an append of unknown fate may be made again, by another
    process too; the end of the exchange and the late answer have different ones."""
    first = outcome_record(ASKED, FOUND, number=EXCHANGE, now=Ms(2), position=5, received=ANSWER, secret=b"s" * 32)
    again = outcome_record(ASKED, failure("AMANA-PULL-021"), number=EXCHANGE, now=Ms(9), position=6)
    late = outcome_record(ASKED, FOUND, number=LATE, now=Ms(2), position=5, received=ANSWER, secret=b"s" * 32)
    assert first.headers["ce_id"] == again.headers["ce_id"] != late.headers["ce_id"]


def test_an_outcome_tells_nothing_in_the_open() -> None:
    """Digests, codes and names of systems in the headers; what was answered only under the request's secret."""
    record = outcome_record(ASKED, FOUND, number=EXCHANGE, now=Ms(2), position=5, received=ANSWER, secret=b"s" * 32)
    assert b"Siti" not in record.value
    assert "Siti" not in "".join(record.headers.values())
    assert record.headers["ce_digest"] == digest_of(ANSWER)
    assert BodyKey(b"s" * 32, PURPOSE).open_seal(record.headers["ce_id"], record.value) == ANSWER
    assert (record.key, record.headers["ce_secretid"]) == (ASKED.key, ASKED.id)


def test_an_erased_request_keeps_no_answer() -> None:
    """Without the secret there is nothing to seal under: the digest is recorded, the bytes are not."""
    record = outcome_record(ASKED, FOUND, number=EXCHANGE, now=Ms(2), position=5, received=ANSWER, secret=None)
    assert (record.value, record.headers["ce_digest"]) == (b"", digest_of(ANSWER))


def test_the_words_of_others_are_one_bounded_line() -> None:
    """Control characters, line breaks of every kind and a mark of byte order become one space; anything but text is
    nothing."""
    assert plain_words(" a\r\nb\x1b[0m\u2028c\ufeff ") == "a b [0m c"
    assert len(plain_words("x" * 10_000)) == 500
    assert plain_words(None) == plain_words({"a": 1}) == plain_words("\n") == ""


def test_a_finding_shows_no_payload() -> None:
    """Its `repr` may end in a log."""
    assert "Siti" not in repr(FOUND)
