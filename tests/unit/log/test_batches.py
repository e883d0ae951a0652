"""How records lie in a stored batch."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Halt
from hub.log.batches import MAX_RECORDS, checksum, encode_record, encode_records, parse_batch, render_batch
from hub.records import Record

NAMES = st.sampled_from(["ce_id", "ce_derived", "ce_period", "ce_system"])
RECORDS = st.lists(
    st.builds(
        Record, st.binary(max_size=4), st.dictionaries(NAMES, st.sampled_from(["", "a", "b"])), st.binary(max_size=4)
    ),
    max_size=30,
)


def stored(body: bytes, count: int) -> list[Record]:
    return parse_batch(7, count, 9, checksum(7, count, 9, body), body)


@given(RECORDS, RECORDS)
def test_records_come_back_as_they_went_in(together: list[Record], alone: list[Record]) -> None:
    """Whatever their headers have in common: same records, same order of records and of headers."""
    body = render_batch([*encode_records(together), *map(encode_record, alone)])
    records = [*together, *alone]
    found = stored(body, len(records))
    assert found == records
    assert [list(record.headers) for record in found] == [list(record.headers) for record in records]


def test_records_that_were_read_share_no_headers() -> None:
    """Who changes the headers of one record that it read changes no other."""
    records = [Record(b"k", {"ce_id": "1", "ce_system": "s"}, b"") for _ in range(3)]
    found = stored(render_batch(encode_records(records)), 3)
    found[0].headers["ce_system"] = "other"
    assert found[1:] == records[1:]


def test_what_all_records_say_stands_there_once() -> None:
    """A thousand records that differ in one header take the room of that header, of their keys and of their values."""
    headers = {f"ce_name{n}": "a text that is the same in all of them" for n in range(16)}
    records = [Record(b"k" * 16, {**headers, "ce_id": f"{n:064d}"}, b"v" * 100) for n in range(1000)]
    assert len(render_batch(encode_records(records))) < 1000 * (64 + 16 + 100 + 8) + 2000


def test_a_chunk_has_no_more_records_than_a_batch_may() -> None:
    """Many records are cut where the limit is."""
    records = [Record(b"k", {"ce_id": str(n)}, b"") for n in range(2 * MAX_RECORDS + 1)]
    assert [chunk.count for chunk in encode_records(records)] == [MAX_RECORDS, MAX_RECORDS, 1]


@pytest.mark.parametrize(
    "stretch",
    [
        [{"ce_id": "1"}, [], [b"k", b"k"], [b"v"]],
        [{"ce_id": "1"}, [["ce_id", ["1"]]], [b"k", b"k"], [b"v", b"v"]],
        [{"ce_id": "1"}, [["ce_id", ["1", "2", "3"]]], [b"k", b"k"], [b"v", b"v"]],
        [{"ce_id": "1"}, [["ce_time", ["1", "2"]]], [b"k", b"k"], [b"v", b"v"]],
    ],
    ids=["a value is missing", "a column is short", "a column is long", "a column of a header that is not there"],
)
def test_a_stretch_that_is_not_even_is_damage(stretch: list[object]) -> None:
    """Bytes with a true checksum that no writer of ours made stop the reader instead of giving it other records."""
    body = b"\x02" + msgspec.msgpack.encode([stretch])
    with pytest.raises(Halt, match="AMANA-LOG-001"):
        stored(body, 2)


def test_another_version_is_refused() -> None:
    """A batch of another format is not guessed at."""
    with pytest.raises(Halt, match="AMANA-LOG-001"):
        stored(b"\x01" + msgspec.msgpack.encode([]), 0)
