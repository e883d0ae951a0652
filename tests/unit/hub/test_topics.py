"""Topic names and partitions."""

from __future__ import annotations

import pytest

from hub import topics


def test_layout_names_every_topic_with_its_partitions() -> None:
    """`control`, `audit` and `registry` keep one order; all others have the number that the setting says."""
    actual = topics.layout(adapters=["a"], contracts=["attendance.day"], systems=["HR-1"], partitions=6)
    assert actual == {
        "control": 1,
        "audit": 1,
        "registry": 1,
        "receipts": 6,
        "deadletters": 6,
        "refusals": 6,
        "signals.pay": 6,
        "signals.hr": 6,
        "pulls": 6,
        "confirmations": 6,
        "inbox.relay": 6,
        "inbox.a": 6,
        "records.attendance.day": 6,
        "outbox.HR-1": 6,
    }


def test_default_partitions() -> None:
    """A topic has four partitions unless it is said otherwise."""
    assert (topics.partitions_of("inbox.a"), topics.partitions_of("control")) == (4, 1)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "é", "x" * 201, "a\n"])
def test_names_that_an_engine_refuses_are_refused_here(name: str) -> None:
    """A topic's name takes what SQLite and Kafka both take."""
    for make in (topics.inbox, topics.records, topics.outbox):
        with pytest.raises(ValueError, match="topic"):
            make(name)
