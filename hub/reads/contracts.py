"""Contracts in force as operators read them: states with who uses them, waivers, and who breaks. Rule: no value of a
message, only counts by the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from hub.contracts.names import pin
from hub.contracts.using import DAY_MS, count_uses
from hub.reads.rows import moment
from hub.records import request_id
from hub.stages.announce import notice_id

if TYPE_CHECKING:
    from hub.contracts.breaking import Checked
    from hub.control.directory import Directory
    from hub.control.objects import ContractState
    from hub.control.view import View
    from hub.ports import Store
    from hub.records import Ms

DAYS = 30


class DifferenceRow(TypedDict):
    version: int
    kind: str
    path: str
    message: str
    hint: str
    breaks: str | None


class UseRow(TypedDict):
    contract: str
    institution: str
    system: str
    role: str
    messages: int


class CheckAnswer(TypedDict):
    subject: str
    digest: str
    level: str
    policy: str
    compatible: bool
    waived: bool
    breaks: list[str]
    differences: list[DifferenceRow]
    affected: list[UseRow]
    days: int


class ContractStateRow(TypedDict):
    contract: str
    state: str
    until: str | None
    instead: str | None
    reason: str | None
    since: str | None
    codes: list[str]
    used: list[UseRow]
    told: list[ToldRow]


class ToldRow(TypedDict):
    """An announcement to one system. `state`: of its delivery; `waiting` until the system collects and confirms it."""

    system: str
    subscription: str
    requestId: str
    state: str


class WaiverRow(TypedDict):
    id: str
    subject: str
    digest: str
    until: str
    reason: str
    openedBy: str
    signedBy: str | None


def check_answer(found: Checked, pins: dict[int, str], days: int, *, waived: bool) -> CheckAnswer:
    """`breaks`: the versions that a document or a reader of would break; `affected`: who used those."""
    broken = {pins[one.number] for one in found.held if not one.verdict.compatible}
    return {
        "subject": found.subject,
        "digest": found.digest,
        "level": found.level,
        "policy": found.policy,
        "compatible": found.compatible,
        "waived": waived,
        "breaks": sorted(broken),
        "differences": [
            {
                "version": one.number,
                "kind": d.kind,
                "path": d.path,
                "message": d.message,
                "hint": d.hint,
                "breaks": d.breaks,
            }
            for one in found.held
            for d in one.verdict.differences
        ],
        "affected": [
            {
                "contract": use.contract,
                "institution": use.institution,
                "system": use.system,
                "role": use.role,
                "messages": use.messages,
            }
            for use in found.uses
            if use.contract in broken
        ],
        "days": days,
    }


async def show_states(
    directory: Directory, store: Store, now: Ms, contract: str | None = None
) -> list[ContractStateRow]:
    """The versions that codes name or that somebody decided on, with who used them in the last 30 days and to whom the
    last decision was announced."""
    view = directory.now()
    codes: dict[str, list[str]] = {}
    for api in view.apis():
        for name in dict.fromkeys((api.contract, api.request_contract)):
            if pin(name):
                codes.setdefault(pin(name), []).append(api.code)
    names = sorted({*codes, *(state.contract for state in view.contract_states())})
    chosen = [name for name in names if contract is None or pin(contract) == name]
    uses = await count_uses(store, view, chosen, now - DAYS * DAY_MS)
    rows: list[ContractStateRow] = []
    for name in chosen:
        state = view.contract_state(name)
        used: list[UseRow] = [
            {
                "contract": name,
                "institution": use.institution,
                "system": use.system,
                "role": use.kind,
                "messages": use.messages,
            }
            for use in uses
            if use.contract == name
        ]
        rows.append(
            {
                "contract": name,
                "state": "active" if state is None else state.state,
                "until": None if state is None else state.until,
                "instead": None if state is None else state.instead,
                "reason": None if state is None else state.reason,
                "since": None if state is None else moment(state.at),
                "codes": codes.get(name, []),
                "used": used,
                "told": [] if state is None else await _told(directory, store, state),
            }
        )
    return rows


async def _told(directory: Directory, store: Store, state: ContractState) -> list[ToldRow]:
    view, change = directory.now(), directory.outcome(state.position).id
    ids = {notice_id(change, one): one for one in state.told}
    rows = {row["id"]: row for row in await store.rows("delivery", {"id": list(ids)})} if ids else {}
    found: list[ToldRow] = []
    for id_, one in ids.items():
        subscription, row = view.subscription(one), rows.get(id_)
        found.append(
            {
                "system": "" if subscription is None else subscription.system,
                "subscription": one,
                "requestId": request_id(id_),
                "state": "made" if row is None else row["state"],
            }
        )
    return found


def list_waivers(view: View) -> list[WaiverRow]:
    """Newest first."""
    return [
        {
            "id": one.id,
            "subject": one.subject,
            "digest": one.digest,
            "until": one.until,
            "reason": one.reason,
            "openedBy": one.opened.person,
            "signedBy": None if one.signed is None else one.signed.person,
        }
        for one in reversed(view.waivers())
    ]
