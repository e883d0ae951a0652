"""How a record lies in Kafka: one message, its headers UTF-8 (CloudEvents 1.0, binary mode), its sealed value as it is.

Rule: what the hub wrote comes back as it was, to the order of its headers. What others may have written is taken without
an error: a header that is not UTF-8 must not stop a partition.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.records import Record

Headers = list[tuple[str, bytes]]


def headers_of(record: Record) -> Headers:
    """Headers for a producer. Raises UnicodeEncodeError for text that is none (a lone surrogate)."""
    return [(name, text.encode()) for name, text in record.headers.items()]


def parse_record(key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> Record:
    """Inverse of a producer's (key, `headers_of`, value). What is missing is empty; of a header that is there twice the last
    one counts; bytes that are not UTF-8 are shown as escapes."""
    try:
        texts = {name: text.decode() for name, text in headers}  # type: ignore[union-attr]  # see below
    except (UnicodeDecodeError, AttributeError):
        texts = {name: "" if text is None else text.decode(errors="backslashreplace") for name, text in headers}
    return Record(key or b"", texts, value or b"")


def record_of(message: Any) -> Record:
    """The record of aiokafka's `ConsumerRecord`."""
    return parse_record(message.key, message.headers, message.value)
