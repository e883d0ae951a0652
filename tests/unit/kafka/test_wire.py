"""How a record lies in Kafka."""

from __future__ import annotations

from hub.kafka.wire import headers_of, parse_record
from hub.records import Record


def test_headers_are_utf8_in_their_order() -> None:
    """Names as text, values as UTF-8 bytes, nothing added."""
    record = Record(b"k", {"z": "ą", "a": "", "ce_id": "1"}, b"v")
    assert headers_of(record) == [("z", "ą".encode()), ("a", b""), ("ce_id", b"1")]


def test_what_others_wrote_is_taken_without_an_error() -> None:
    """Bytes that are not UTF-8, a header twice or without a value, no key and no value: a record all the same."""
    headers = [("guid", b"\x01\xff\x80"), ("a", b"1"), ("a", b"2"), ("none", None)]
    assert parse_record(None, headers, None) == Record(b"", {"guid": "\x01\\xff\\x80", "a": "2", "none": ""}, b"")
