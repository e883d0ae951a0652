"""Who looked at what: reads of personal data are records of the topic `audit`.

Rule: the record is durable before the answer leaves; it says who (by key id), what and when, and holds nothing of what was read.
"""

from __future__ import annotations

import hashlib
import secrets

from hub.control.objects import Operator
from hub.ports import Append, Bus
from hub.records import ID, SOURCE, SPECVERSION, TIME, TYPE, Ms, Record
from hub.topics import AUDIT
from signing import jsontext


async def record_read(bus: Bus, operator: Operator, what: str, of: str, count: int, now: Ms) -> None:
    """`what` was read (such as "pay.signals"), `of` which object (a run), how many bodies were opened."""
    value = jsontext.canonical({"operator": operator.key_id, "what": what, "of": of, "count": count, "at": int(now)})
    name, version = SPECVERSION
    headers = {
        name: version,
        ID: hashlib.sha256(secrets.token_bytes(32)).hexdigest(),
        SOURCE: "gateway/api",
        TYPE: "audit.read",
        TIME: str(int(now)),
    }
    await bus.append([Append(AUDIT, 0, [Record(operator.key_id.encode(), headers, value)])])
