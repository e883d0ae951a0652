"""Decisions on the contracts that are in force: their states, which version a code has, waivers of breaking changes.

Rule: what people were promised holds: a version is retired after the last day that was announced for it, never before.
Who opens a waiver never signs it, neither by key nor by person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from hub.control import arguments
from hub.control.announcing import ANNOUNCED, USERS, tell, users_of
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing
from hub.control.governing import same_person
from hub.control.objects import ContractPhase, ContractState, Signature, Waiver
from hub.control.view import View
from hub.errors import BadMessage
from hub.records import Ms

STEPS: Final[Mapping[ContractPhase, frozenset[ContractPhase]]] = {
    "draft": frozenset({"active", "retired"}),
    "active": frozenset({"draft", "deprecated"}),
    "deprecated": frozenset({"active", "deprecated", "retired"}),
    "retired": frozenset({"deprecated"}),
}
"""From which state to which. A version that nobody decided on is active."""

LONGEST_WAIVER: Final = 366
"""Days."""


def ends(day: str) -> Ms:
    """When a day is over everywhere on Earth (UTC-12), in ms since 1970. Raises AMANA-CHANGE-001 for no day."""
    try:
        after = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), UTC)
    except (ValueError, OverflowError):
        raise BadMessage("AMANA-CHANGE-001", "until: not a day of the calendar") from None
    return Ms(int((after + timedelta(hours=12)).timestamp() * 1000))


def set_state(view: View, args: arguments.ContractStateSet, now: Circumstances) -> Decision:
    before = view.contract_state(args.contract)
    phase: ContractPhase = "active" if before is None else before.state
    if args.state not in STEPS[phase]:
        raise BadMessage("AMANA-CHANGE-003", f"the contract is {phase}: next is {' or '.join(sorted(STEPS[phase]))}")
    if args.until is not None and ends(args.until) <= now.at:
        raise BadMessage("AMANA-CHANGE-003", "the last day is over")
    if args.state == "retired" and before is not None and before.until is not None and now.at < ends(before.until):
        raise BadMessage("AMANA-CHANGE-003", f"its last day was announced to be {before.until}")
    if args.instead == args.contract:
        raise BadMessage("AMANA-CHANGE-003", "instead of itself")
    operator = existing(now.operator, "operator")
    told: tuple[str, ...] = ()
    puts: tuple[Put, ...] = ()
    instead = args.instead or (before.instead if before is not None and args.state == "retired" else None)
    if args.state in ANNOUNCED and (args.state != "active" or phase != "draft"):
        told, puts = tell(view, users_of(view, args.contract, now.hub.get(USERS)))
    value = ContractState(
        args.contract, args.state, args.until, instead, args.reason, operator.key_id, now.position, now.at, told
    )
    result = {"contract": args.contract, "state": args.state, "told": list(told)}
    return Decision(result, (*puts, Put("contracts", args.contract, value)))


def set_contract(view: View, args: arguments.ApiContract, _: Circumstances) -> Decision:
    """That the contract is known, and breaks nobody or is waived, the API checks before: neither is state of the
    directory."""
    api = existing(view.api(args.code), "code")
    if args.request_contract is not None and api.direction != "pull":
        raise BadMessage("AMANA-CHANGE-003", "only a pull has a contract of its request")
    own = f"wire:{api.adapter}.{api.exchange}" if api.adapter else ""
    if own and args.contract is not None and args.contract.rstrip("0123456789").rstrip(":") != own:
        raise BadMessage("AMANA-CHANGE-003", "the contract of an exchange is its adapter's")
    value = replace(
        api,
        contract=args.contract or api.contract,
        request_contract=args.request_contract or api.request_contract,
    )
    result = {"code": api.code, "contract": value.contract, "requestContract": value.request_contract}
    return Decision(result, (Put("apis", api.code, value),))


def open_waiver(_: View, args: arguments.WaiverOpen, now: Circumstances) -> Decision:
    operator = existing(now.operator, "operator")
    end = ends(args.until)
    if not now.at < end <= now.at + LONGEST_WAIVER * 86_400_000:
        raise BadMessage("AMANA-CHANGE-003", f"until: a day to come, within {LONGEST_WAIVER} days")
    id_ = f"waiver-{now.position}"
    opened = Signature(operator.key_id, operator.person, now.position, now.at)
    value = Waiver(id_, args.subject, args.digest, args.until, end, args.reason, opened, None)
    return Decision({"waiver": id_, "until": args.until}, (Put("waivers", id_, value),))


def sign_waiver(view: View, args: arguments.WaiverSign, now: Circumstances) -> Decision:
    waiver = existing(view.waiver(args.waiver), "waiver")
    operator = existing(now.operator, "operator")
    if operator.key_id == waiver.opened.operator:
        raise BadMessage("AMANA-OPER-002", "the key that opened the waiver")
    if same_person(operator.person, waiver.opened.person):
        raise BadMessage("AMANA-OPER-002", "the person who opened the waiver")
    if waiver.signed is not None:
        raise BadMessage("AMANA-CHANGE-003", "the waiver is signed")
    if args.digest != waiver.digest:
        raise BadMessage("AMANA-CHANGE-004", "the waiver is for another schema")
    if now.at >= waiver.ends:
        raise BadMessage("AMANA-CHANGE-003", "the last day is over")
    signed = Signature(operator.key_id, operator.person, now.position, now.at)
    return Decision(
        {"waiver": waiver.id, "subject": waiver.subject}, (Put("waivers", waiver.id, replace(waiver, signed=signed)),)
    )


DECISIONS: Final[Mapping[str, Decide]] = {
    "contract.state": set_state,
    "api.contract": set_contract,
    "waiver.open": open_waiver,
    "waiver.sign": sign_waiver,
}
