"""Any record survives the way through Kafka's own encoding of a batch."""

from __future__ import annotations

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from hub.kafka.wire import headers_of, parse_record
from hub.records import Record

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
RECORDS = st.builds(Record, st.binary(max_size=40), st.dictionaries(TEXT, TEXT, max_size=8), st.binary(max_size=300))


@given(st.lists(RECORDS, min_size=1, max_size=5), st.integers(0, 1 << 41))
def test_records_survive_the_batch_format(records: list[Record], time: int) -> None:
    """Built with aiokafka's builder, read with its reader: equal, headers in their order, the time too."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 20)
    for offset, record in enumerate(records):
        assert builder.append(offset, time, record.key, record.value, headers_of(record)) is not None
    batch = MemoryRecords(bytes(builder.build())).next_batch()
    assert batch is not None
    found = list(batch)
    assert [parse_record(made.key, made.headers, made.value) for made in found] == records
    assert [list(parse_record(made.key, made.headers, made.value).headers) for made in found] == [
        list(record.headers) for record in records
    ]
    assert {made.timestamp for made in found} == {time}
