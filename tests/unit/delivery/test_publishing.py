"""What comes of a message that Kafka does not take into its reader's topic, and which schema a message is of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from hub.delivery.publishing import Publishing, schema_id
from hub.delivery.states import Event
from hub.errors import BadMessage, ConfigError, TryAgain
from hub.ports import Append
from hub.records import DATASCHEMA, ID, TIME

HEADERS = {ID: "a" * 64, TIME: "0", DATASCHEMA: "urn:amana:contract:employee:1"}


@dataclass
class Row:
    id: int
    number: int = 1
    kind: str = "JSON"

    @property
    def content(self) -> Row:
        return self


@dataclass
class Registered:
    """A registry that has these subjects, those in `late` only after it was read on."""

    rows: dict[str, Row]
    late: dict[str, Row] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    @property
    def registry(self) -> Registered:
        return self

    def version(self, subject: str, number: int, *, deleted: bool = False) -> Row | None:
        del deleted
        self.asked.append((subject, number))
        return self.rows.get(subject)

    async def catch_up(self) -> int:
        self.rows |= self.late
        return 0


class Bus:
    """A log with one topic that fails as it is told."""

    def __init__(self, ensure: Exception | None = None, append: Exception | None = None) -> None:
        self._ensure, self._append = ensure, append
        self.made: dict[str, int] = {}

    def topics(self) -> Mapping[str, int]:
        return self.made

    async def ensure(self, topics: Mapping[str, int]) -> None:
        if self._ensure is not None:
            raise self._ensure
        self.made |= topics

    async def append(self, appends: Sequence[Append]) -> list[int]:
        del appends
        if self._append is not None:
            raise self._append
        return [7]


def publishing(bus: Any, registered: Registered | None = None) -> Publishing:
    return Publishing(bus, cast("Any", registered or Registered({"amana.employee.v1": Row(3)})), 4)


@pytest.mark.parametrize(
    ("bus", "event"),
    [
        (Bus(ensure=ConfigError("AMANA-KAFKA-001", "retention.ms")), Event.FORBIDDEN),
        (Bus(ensure=TryAgain("AMANA-BUS-001")), Event.NO_ANSWER),
        (Bus(append=TryAgain("AMANA-BUS-001")), Event.NO_ANSWER),
        (Bus(append=BadMessage("AMANA-BUS-002")), Event.UNWRITABLE),
        (Bus(), Event.WRITTEN),
    ],
)
def test_what_kafka_does_not_take(bus: Bus, event: Event) -> None:
    """A topic that keeps what is in clear longer than it may is not written to; what may go later is tried again."""
    proof = asyncio.run(publishing(bus).write("READER", b"key", HEADERS, b"{}"))
    assert proof.event is event
    assert set(proof.place) == ({"ce_topic", "ce_partition", "ce_offset"} if event is Event.WRITTEN else set())


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("employee:1", ("amana.employee.v1", -1)),
        ("wire:siasn.employees:1", ("amana.wire.siasn.employees", -1)),
        ("subject:Surat-value:3", ("Surat-value", 3)),
    ],
)
def test_which_schema_a_message_is_of(name: str, asked: tuple[str, int]) -> None:
    """Of the hub's own contracts the newest text of their version, of a subject the very version; read on where it is not known
    yet."""
    registered = Registered({}, late={asked[0]: Row(9)})
    assert asyncio.run(schema_id(f"urn:amana:contract:{name}", cast("Any", registered))) == 9
    assert set(registered.asked) == {asked}


@pytest.mark.parametrize("name", ["", "wire:payroll_generic.csv:1", "subject:Avro-value:1", "subject:nobody:1"])
def test_what_has_no_schema(name: str) -> None:
    """No contract, a file, another kind of schema, none in the registry."""
    registered = Registered({"Avro-value": Row(9, kind="AVRO"), "amana.wire.payroll_generic.csv": Row(8)})
    assert asyncio.run(schema_id(f"urn:amana:contract:{name}" if name else "", cast("Any", registered))) is None
