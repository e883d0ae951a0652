"""Which worker gets which partitions of a stage.

Rule: what one transaction must see together goes to one worker. So a stage's partitions fall into units, and a unit is never
split: all of the stage, all that concerns a key, or single partitions. A topic is handed out once every member of the group
knows it, else a unit would be split for as long as one of them does not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from math import gcd
from typing import TYPE_CHECKING, Final

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from hub.delivery.sharing import INTAKE
from hub.runs.codec import NAME as RUNS
from hub.topics import OUTBOX, RECEIPTS

if TYPE_CHECKING:
    from aiokafka.cluster import ClusterMetadata

    from hub.stages.brake import Place

Unit = tuple[object, ...]

WHOLE: Final = frozenset({RUNS})
"""Stages of which one worker has all: their rows are made of records of several topics, with different keys."""

_VERSION: Final = 0


def units(stage: str, topics: Mapping[str, int]) -> dict[Place, Unit]:
    """The unit of each partition of these topics (name -> number of partitions)."""
    places = [(topic, partition) for topic in sorted(topics) for partition in range(topics[topic])]
    if stage in WHOLE:
        return dict.fromkeys(places, ())
    if stage != INTAKE:
        return {place: place for place in places}
    # a key's outboxes and receipts: with h its hash, h % n says h % g for every g that divides n
    keyed = {topic: n for topic, n in topics.items() if topic == RECEIPTS or topic.startswith(OUTBOX)}
    common = gcd(*keyed.values())
    return {place: ("key", place[1] % common) if place[0] in keyed else () for place in places}


def share_out(stage: str, topics: Mapping[str, int], members: Sequence[str]) -> dict[str, list[Place]]:
    """Partitions by member: as many units for each as there are, in an order that depends on the names alone. Stages begin
    at different members, so that several with one unit each do not all come to the first."""
    ordered = sorted(members)
    of_place = units(stage, topics)
    numbers = {unit: n for n, unit in enumerate(dict.fromkeys(of_place.values()))}
    shares: dict[str, list[Place]] = {member: [] for member in ordered}
    first = zlib.crc32(stage.encode())
    for place, unit in of_place.items():
        shares[ordered[(first + numbers[unit]) % len(ordered)]].append(place)
    return shares


def make_assignor(stage: str, prefix: str) -> type[AbstractPartitionAssignor]:
    """The assignor of a stage's group, whose topics are called `prefix` and the hub's name."""

    class Assignor(AbstractPartitionAssignor):  # type: ignore[misc]  # the library has no types
        name = "amana-units"

        @classmethod
        def assign(
            cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
        ) -> dict[str, ConsumerProtocolMemberAssignment]:
            known = [set(member.subscription) for member in members.values()]
            numbers = {topic: cluster.partitions_for_topic(topic) for topic in set.intersection(*known)}
            topics = {topic.removeprefix(prefix): len(found) for topic, found in numbers.items() if found}
            shares = share_out(stage, topics, list(members))
            return {member: _assignment(places, prefix) for member, places in shares.items()}

        @classmethod
        def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
            return ConsumerProtocolMemberMetadata(_VERSION, list(topics), b"")

        @classmethod
        def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
            del assignment

    return Assignor


def _assignment(places: Sequence[Place], prefix: str) -> ConsumerProtocolMemberAssignment:
    by_topic: dict[str, list[int]] = {}
    for topic, partition in places:
        by_topic.setdefault(prefix + topic, []).append(partition)
    return ConsumerProtocolMemberAssignment(_VERSION, sorted(by_topic.items()), b"")
