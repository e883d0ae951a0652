"""Messages put into an outbox by hand, for tests of delivery alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.delivery.deliver import BODY
from hub.delivery.receipts import COLLECT, ORDERED, SUBSCRIPTION
from hub.ports import Append
from hub.records import (
    CODE,
    DATASCHEMA,
    ID,
    INSTITUTION,
    REQUEST,
    SECRET,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    derived_id,
    partition_of,
    request_id,
)
from hub.topics import outbox
from signing.jsontext import render
from signing.sealing import BodyKey
from tests.simulator.hub import SimHub
from tests.simulator.month import PAYROLL, Script, preset


@dataclass(frozen=True, slots=True)
class Sent:
    """One message: its record id and the id that the outside knows."""

    id: str
    request: str


async def delivering(hub: SimHub, speaks: str = "json") -> None:
    """Onboard, so that there is a receiver with an ordered subscription, that speaks JSON or XML."""
    script = Script(speaks=speaks)
    await script.do(hub, script.onboarding())
    await hub.running()


async def put(
    hub: SimHub,
    name: str,
    key: str,
    *,
    ordered: bool = True,
    subscription: str = "",
    system: str = PAYROLL,
    body: Any = None,
    collect: bool = False,
    dataschema: str = "",
) -> Sent:
    """Append a message of that key to the receiver's outbox."""
    id_ = derived_id(name, "test", 1, 0)
    secret = (await hub.log.put({f"secret-{name}": b"s" * 32}))[f"secret-{name}"]
    headers = {
        ID: id_,
        TYPE: "outbox",
        TIME: str(hub.clock.now()),
        SYSTEM: system,
        INSTITUTION: preset().institution.code,
        CODE: name,
        SECRET: f"secret-{name}",
        REQUEST: request_id(id_),
        SUBSCRIPTION: subscription or f"{PAYROLL}.TUKIN-OUT",
        ORDERED: "1" if ordered else "0",
    } | ({COLLECT: "1"} if collect else {})
    headers |= {DATASCHEMA: dataschema} if dataschema else {}
    record = Record(key.encode(), headers, BodyKey(secret, BODY).seal(id_, render(body or {"name": name})))
    topic = outbox(system)
    await hub.log.append([Append(topic, partition_of(record.key, hub.log.topics()[topic]), [record])])
    return Sent(id_, request_id(id_))


async def states(hub: SimHub) -> dict[str, str]:
    """State by request id."""
    return {row["request_id"]: row["state"] for row in await hub.store.rows("delivery")}
