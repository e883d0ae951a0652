"""What a subscriber reads in Kafka itself: opened bodies behind the prefix of the agreed encoding, in a topic of its own.

Rule: who is written to in clear was given leave by two people (hub.control.publishing); which schema a body has, the registry
says. A message may lie there twice, under one `ce_id`; its first copy lies in the order of its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hub.contracts.names import SUBJECT, URN, parse_pinned, subject_of
from hub.delivery.checking import is_file
from hub.delivery.outcomes import Proof
from hub.delivery.receipts import NUMBER, OFFSET, PARTITION, SUBSCRIPTION, TOPIC
from hub.delivery.states import Event
from hub.errors import BadMessage, ConfigError, TryAgain
from hub.ports import Append
from hub.records import (
    CODE,
    CONTENT_TYPE,
    DATASCHEMA,
    ID,
    INSTITUTION,
    PERIOD,
    REQUEST,
    RUN,
    SOURCE,
    SPECVERSION,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    partition_of,
)
from hub.topics import partitions_of, subscriber

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.ports import Bus

MAGIC: Final = b"\x00"
LATEST: Final = -1
OPEN: Final = (ID, SOURCE, DATASCHEMA, SYSTEM, INSTITUTION, CODE, PERIOD, RUN, REQUEST, SUBSCRIPTION, NUMBER)
"""Headers of the outbox that go along as they are."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """`partitions`: of a topic that is not there yet. `sound`: topics that were made or looked at by this process: one that
    others made may keep for ever what is not sealed."""

    bus: Bus
    registry: Following
    partitions: int
    sound: set[str] = field(default_factory=set)

    async def write(self, system: str, key: bytes, headers: Mapping[str, str], body: bytes) -> Proof:
        """What comes of a message that is written to a topic instead of being called for."""
        number = await schema_id(headers.get(DATASCHEMA, ""), self.registry)
        if number is None:
            return Proof(Event.NO_SCHEMA)
        topic = subscriber(system)
        try:
            if topic not in self.sound:
                number_of = self.bus.topics().get(topic) or partitions_of(topic, self.partitions)
                await self.bus.ensure({topic: number_of})
                self.sound.add(topic)
            partition = partition_of(key, self.bus.topics()[topic])
            record = Record(key, headers_of(headers), MAGIC + number.to_bytes(4, "big") + body)
            [offset] = await self.bus.append([Append(topic, partition, [record])])
        except TryAgain:
            return Proof(Event.NO_ANSWER)
        except ConfigError:  # it is kept otherwise than the settings say: `amana doctor` says how
            return Proof(Event.FORBIDDEN)
        except BadMessage:  # larger than Kafka takes
            return Proof(Event.UNWRITABLE)
        return Proof(Event.WRITTEN, place={TOPIC: topic, PARTITION: str(partition), OFFSET: str(offset)})


def headers_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The event as others read it (CloudEvents 1.0, binary mode): open headers only, its type the contract, its time in the
    form of RFC 3339."""
    made = dict((SPECVERSION,))
    made |= {name: headers[name] for name in OPEN if name in headers}
    made[TYPE] = parse_pinned(headers[DATASCHEMA].removeprefix(URN)).name
    made[TIME] = datetime.fromtimestamp(int(headers[TIME]) / 1000, UTC).isoformat(timespec="milliseconds")
    made[CONTENT_TYPE] = "application/json"
    return made


async def schema_id(dataschema: str, following: Following) -> int | None:
    """The id that the registry gives to a contract; None where it has no JSON Schema for what is sent under it."""
    name = dataschema.removeprefix(URN)
    if not name or is_file(parse_pinned(name).name):
        return None
    found = _find(name, following)
    if found is None:
        await following.catch_up()
        found = _find(name, following)
    return found


def _find(name: str, following: Following) -> int | None:
    """Of the hub's own contracts the newest text of that version, which is the one that bodies were made by."""
    version = parse_pinned(name).version if name.startswith(SUBJECT) else None
    row = following.registry.version(subject_of(name), version or LATEST, deleted=version is not None)
    return row.id if row is not None and row.content.kind == "JSON" else None
