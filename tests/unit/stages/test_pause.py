"""How long a stage of the worker lets things come together."""

from __future__ import annotations

from hub.stages.collect import Collect
from hub.stages.index import Index
from hub.stages.worker import GATHER, GATHER_SHARED, pause_after
from tests.simulator.hub import SimHub


def test_only_a_stage_that_has_caught_up_waits_for_more() -> None:
    """Behind a whole batch the next one is there: the index of a large file does not wait after each two thousand records."""
    hub = SimHub()
    index = Index(hub.store, hub.follower)
    assert [pause_after(index, passed) for passed in (0, 1, index.batch - 1)] == [GATHER["index"]] * 3
    assert pause_after(index, index.batch) == 0


def test_a_stage_that_others_wait_for_never_pauses() -> None:
    """Facts are collected at once."""
    hub = SimHub()
    assert pause_after(Collect(hub.store), 1) == 0


def test_what_is_on_the_way_to_a_receiver_never_pauses_where_workers_share_the_stages() -> None:
    """Only stages that show what happened, or collect for a run, look less often where each look costs by the partitions."""
    hub = SimHub()
    assert set(GATHER_SHARED) == {"index", "pulls", "collect"}
    assert pause_after(Collect(hub.store), 1, GATHER_SHARED) == GATHER_SHARED["collect"] > 0
    index = Index(hub.store, hub.follower)
    assert pause_after(index, index.batch, GATHER_SHARED) == 0
