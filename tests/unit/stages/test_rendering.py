"""How the records of one message are divided between calls of an adapter."""

from __future__ import annotations

from hub.stages.rendering import Given, split

RECORDS = [Given("a", b"one", {"n": 1}), Given("a", b"two", {"n": 2}), Given("b", b"one", {"n": 3})]


def test_by_message_all_records_go_together_under_the_key_of_the_message() -> None:
    """One batch in the order of the rows; of no records there is none."""
    [batch] = split(RECORDS, "message", b"sender")
    assert (batch.key, [r.value["n"] for r in batch.records]) == (b"sender", [1, 2, 3])
    assert split([], "message", b"sender") == []


def test_by_person_each_batch_has_the_key_and_the_records_of_one_person() -> None:
    """People in the order in which they come first, each one's records in the order of the rows."""
    found = [(batch.key, [r.value["n"] for r in batch.records]) for batch in split(RECORDS, "person", b"sender")]
    assert found == [(b"one", [1, 3]), (b"two", [2])]
