"""After the exchange: late answers are taken, and callers who ask again get what came.

Rule: what the log says by its end is what is answered. A late answer is appended and then looked for: of several that
come at one time, the one that the fold counts is the one that gets the receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hub.delivery.states import Event, State
from hub.errors import BadMessage, HubError
from hub.gateway.receipts import format_time
from hub.logs import logger
from hub.ports import Append, Bus
from hub.pull.envelopes import say
from hub.pull.exchange import Finding, plain_words
from hub.pull.late import LateAnswer, check_content
from hub.pull.records import LATE, PURPOSE, outcome_record, read_asked
from hub.pull.standing import Row, find
from hub.pull.wrapping import answer_reading, claim_of, read_kept_answer, read_value
from hub.records import FORM, ID, Record
from hub.stages.bodies import open_with
from hub.topics import PULLS

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.gateway.bodies import Claim, Claimed
    from hub.pull.engine import PullPorts, Spoken
    from hub.pull.question import Question
    from hub.uploads import Upload
    from signing.forms import Media

log = logger()

FOLLOWS: Final = Finding(Event.DEFER, "AMANA-PULL-010")
_WAITING: Final = frozenset({State.ASKED, State.DEFERRED})


async def find_again(ports: PullPorts, question: Question) -> Finding:
    """What came of the earlier pull that the caller names. Raises `BadMessage`, `TryAgain`."""
    row = await find(ports.bus, ports.store, question.again or "")
    if row is None or (row["system"], row["code"]) != (question.system.code, question.code):
        raise BadMessage("AMANA-PULL-016")
    if State(row["state"]) in _WAITING:
        return FOLLOWS
    kept = await _kept(ports, row)
    members, form, claimed = ({}, "json", None) if kept is None else kept
    if row["state"] == State.FAILED:
        return Finding(Event.FAIL, row["error"], said=plain_words(members.get("message")))
    if kept is None:
        raise BadMessage("AMANA-PULL-016", "its answer is not kept")
    value = members["esbBody"]
    if question.api is not None:
        value = read_value(value, form, answer_reading(question.api, ports.signing, ports.registered), claimed)
    return Finding(Event.ANSWER, value=value)


async def _kept(ports: PullPorts, row: Row) -> tuple[dict[str, Any], str, Claimed | None] | None:
    """The members of the answer that counts, its form, and what it claimed; None where there are no bytes of one."""
    if row["answer_offset"] is None:
        return None
    record = await read_record(ports.bus, row["partition"], row["answer_offset"])
    secret = (await ports.vault.open([row["id"]])).get(row["id"])
    if secret is None:
        raise BadMessage("AMANA-ERASED-001")
    if record is None:
        return None
    members, claimed = read_kept_answer(open_with(secret, PURPOSE, record), record.headers)
    return members, record.headers[FORM], claimed


async def read_record(bus: Bus, partition: int, offset: int) -> Record | None:
    """A record by its place; None when it is no longer kept."""
    batches = await bus.read(PULLS, partition, offset, max_records=1)
    return batches[0].records[0] if batches and batches[0].base == offset else None


async def take_late(ports: PullPorts, late: LateAnswer, media: Media) -> Spoken:
    """The receipt of a late answer, durable on return. Raises `BadMessage` for one that is not taken, `TryAgain`."""
    from hub.pull.engine import Spoken

    row = await find(ports.bus, ports.store, late.name)
    if row is None or row["provider"] != late.system.code:
        raise BadMessage("AMANA-PULL-017")
    if row["late_at"] is None:
        if row["state"] == State.ANSWERED:
            raise BadMessage("AMANA-PULL-019")
        offset = await _append(ports, row, late)
        row = await find(ports.bus, ports.store, late.name) or row
        if row["late_at"] is not None and row["answer_offset"] == offset:
            return Spoken(200, _receipt(ports, row, media, duplicate=False))
    if row["content"] != late.content:
        raise BadMessage("AMANA-PULL-019")
    return Spoken(200, _receipt(ports, row, media, duplicate=True))


async def _append(ports: PullPorts, row: Row, late: LateAnswer) -> int:
    """Durable on return; the offset."""
    api = ports.view.api(row["code"])
    upload = claimed = None
    if api is not None:
        claim = claim_of(late.value, None) if late.success else None
        if claim is not None:
            upload, claimed = await redeem(ports, claim, late.system, api.code)
        check_content(late, answer_reading(api, ports.signing, ports.registered), claimed)
    secret = (await ports.vault.open([row["id"]])).get(row["id"])
    if secret is None:
        raise BadMessage("AMANA-ERASED-001")
    asked = await read_record(ports.bus, row["partition"], row["offset"])
    if asked is None or asked.headers[ID] != row["id"]:
        raise BadMessage("AMANA-PULL-017", "it is no longer kept")
    record = outcome_record(
        read_asked(asked, row["partition"]),
        late.finding(),
        number=LATE,
        now=ports.clock.now(),
        position=ports.view.position,
        received=late.received,
        secret=secret,
        content=late.content,
        claimed=claimed,
    )
    [offset] = await ports.bus.append([Append(PULLS, row["partition"], [record])])
    await use_up(ports, upload)
    return offset


async def redeem(ports: PullPorts, claim: Claim, system: System, code: str) -> tuple[Upload, Claimed]:
    """What a system uploaded for its answer; `use_up` it once the answer is recorded. Raises `BadMessage`."""
    upload, claimed = await ports.uploads.redeem(system.code, claim, code, ports.clock.now())
    if claimed is None:  # a push of this system has it
        raise BadMessage("AMANA-CLAIM-001")
    return upload, claimed


async def use_up(ports: PullPorts, upload: Upload | None) -> None:
    """An answer is recorded with these bytes: no other one gets them, or one upload could be written to the log again and
    again. Never fails the answer: what is not destroyed now is when it expires."""
    if upload is None:
        return
    try:
        await ports.uploads.drop(upload)
    except HubError as error:
        log.warning("upload.unsettled", code=error.code)


def _receipt(ports: PullPorts, row: Row, media: Media, *, duplicate: bool) -> bytes:
    taken = {"digest": row["answer_digest"], "receivedAt": format_time(row["late_at"]), "duplicate": duplicate}
    members = {"success": True, "requestId": row["request_id"], "esbBody": taken}
    return say(members, ports.signing, media, "response")
