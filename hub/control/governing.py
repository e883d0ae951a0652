"""Decisions on people, the hub's own key, pay runs and erasures.

Rule: who opens a run never approves it, neither by key nor by person; the directory is never left without an
active administrator.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing, new
from hub.control.objects import Approval, Erasure, HubKey, Operator, Role, RunOrder
from hub.control.view import View
from hub.errors import BadMessage
from hub.records import Ms
from signing.keys import load_public


def _operator(
    name: str, person: str, public_key: str, roles: tuple[Role, ...], added_by: Operator | None = None
) -> Operator:
    key = load_public(public_key)
    if key.curve == "rsa":
        raise BadMessage("AMANA-CHANGE-001", "publicKey: operators sign with ECDSA")
    adder = added_by.key_id if added_by is not None else None
    return Operator(key.key_id, name, person, roles, False, public_key, key, adder)


def start_hub(view: View, args: arguments.HubStart, now: Circumstances) -> Decision:
    """The first one brings its operator; a later one records that the hub signs with another key from now on.
    The replaced key keeps verifying what it signed before."""
    key = load_public(args.hub_public_key)
    puts: list[Put] = []
    result: dict[str, Any] = {"hubKey": key.key_id}
    if now.operator is None:
        if args.operator is None:
            raise BadMessage("AMANA-CHANGE-001", "operator: missing")
        first = args.operator
        operator = _operator(first.name, first.person, first.public_key, ("admin",))
        puts.append(Put("operators", operator.key_id, operator))
        result["operator"] = operator.key_id
    elif args.operator is not None:
        raise BadMessage("AMANA-CHANGE-003", "the hub has its first operator")
    new(next((k for k in view.hub_keys() if k.key_id == key.key_id), None), "hub key")
    puts += [Put("hub_keys", k.key_id, replace(k, not_after=now.at)) for k in view.hub_keys() if k.not_after is None]
    puts.append(Put("hub_keys", key.key_id, HubKey(key.key_id, args.hub_public_key, now.at, None)))
    return Decision(result, tuple(puts))


def add_operator(view: View, args: arguments.OperatorAdd, now: Circumstances) -> Decision:
    operator = _operator(args.name, args.person, args.public_key, tuple(dict.fromkeys(args.roles)), now.operator)
    new(view.operator(operator.key_id), "operator key")
    if any(o.name == args.name for o in view.operators()):
        raise BadMessage("AMANA-CHANGE-003", "operator name exists")
    return Decision({"operator": operator.key_id}, (Put("operators", operator.key_id, operator),))


def suspend_operator(view: View, args: arguments.OperatorNamed, _: Circumstances) -> Decision:
    operator = existing(view.operator(args.key_id), "operator")
    if operator.suspended:
        raise BadMessage("AMANA-CHANGE-003", "the operator is suspended")
    admins = [o for o in view.operators() if "admin" in o.roles and not o.suspended]
    if admins == [operator]:
        raise BadMessage("AMANA-CHANGE-003", "the last active administrator")
    return Decision(
        {"operator": operator.key_id}, (Put("operators", operator.key_id, replace(operator, suspended=True)),)
    )


def _cutoff(hub: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The vector that the hub recorded: inbox topic -> end of each partition."""
    recorded = hub.get("cutoff")
    if not isinstance(recorded, dict):
        raise BadMessage("AMANA-CHANGE-001", "cutoff: the hub recorded none")
    cutoff: dict[str, tuple[int, ...]] = {}
    for topic, ends in recorded.items():
        if not isinstance(ends, list) or any(type(end) is not int or end < 0 for end in ends):
            raise BadMessage("AMANA-CHANGE-001", "cutoff: not lists of offsets")
        cutoff[topic] = tuple(ends)
    return cutoff


_LAST_ZONE: Final = timezone(timedelta(hours=-12))
"""Where a month ends last on Earth. Which zone an institution keeps is said by its calendars, sealed records that
the fold cannot read; so a run waits until the month is over everywhere: in Jakarta until 19:00 on the first of the
next month. Too early by a day would price days to come as absent; too late by some hours costs nothing."""


def _is_over(period: str, at: Ms) -> bool:
    """Whether the month is over in every zone. Months as text compare like months."""
    return period < f"{datetime.fromtimestamp(at / 1000, _LAST_ZONE):%Y-%m}"


def open_run(view: View, args: arguments.RunOpen, now: Circumstances) -> Decision:
    existing(view.institution(args.institution), "institution")
    operator = existing(now.operator, "operator")
    if not _is_over(args.period, now.at):
        raise BadMessage("AMANA-CHANGE-003", f"{args.period} is not over in every time zone (12:00 UTC on the first)")
    earlier = sum(1 for r in view.runs() if (r.institution, r.period) == (args.institution, args.period))
    code = f"{args.institution}-{args.period}-{earlier + 1}"
    order = RunOrder(
        code=code,
        institution=args.institution,
        period=args.period,
        paid=args.paid,
        rule_set=args.rule_set,
        rule_version=args.rule_version,
        cutoff=_cutoff(now.hub),
        opened_by=operator.key_id,
        opened_person=operator.person,
        opened_at=now.at,
        position=now.position,
        approved=None,
    )
    return Decision({"run": code}, (Put("runs", code, order),))


def same_person(one: str, other: str) -> bool:
    """Spelled alike but for case, spaces, what cannot be seen and how letters are encoded (wide, composed): a second key
    under the own name is no second person."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in folded if not letter.isspace() and unicodedata.category(letter) != "Cf")


def _added_by_opener(view: View, approver: Operator, run: RunOrder) -> bool:
    """Whether the person who opened the run registered the approver, under this key or another."""
    adder = view.operator(approver.added_by) if approver.added_by is not None else None
    return adder is not None and (adder.key_id == run.opened_by or same_person(adder.person, run.opened_person))


def approve_run(view: View, args: arguments.RunApprove, now: Circumstances) -> Decision:
    """Records who approved which digest. That the digest is the computed one is checked by the API before, and by
    the run stage after: neither is state of the directory."""
    run = existing(view.run(args.run), "run")
    operator = existing(now.operator, "operator")
    if operator.key_id == run.opened_by:
        raise BadMessage("AMANA-OPER-002", "the key that opened the run")
    if same_person(operator.person, run.opened_person):
        raise BadMessage("AMANA-OPER-002", "the person who opened the run")
    if run.approved is not None:
        raise BadMessage("AMANA-CHANGE-003", "the run is approved")
    paid = [r for r in view.runs() if (r.institution, r.period) == (run.institution, run.period) and r.approved]
    if paid:  # there are no revisions with deltas yet: a second run would pay the whole month again
        raise BadMessage("AMANA-CHANGE-003", f"run {paid[0].code} of the same institution and month is approved")
    by_opener = _added_by_opener(view, operator, run)
    approval = Approval(operator.key_id, operator.person, args.digest, now.position, now.at, by_opener)
    return Decision({"run": run.code, "digest": args.digest}, (Put("runs", run.code, replace(run, approved=approval)),))


def erase_messages(_: View, args: arguments.MessageErase, now: Circumstances) -> Decision:
    operator = existing(now.operator, "operator")
    ids = tuple(dict.fromkeys(args.ids))
    order = Erasure(now.position, ids, args.reason, operator.key_id, now.at)
    return Decision({"messages": len(ids)}, (Put("erasures", now.position, order),))


DECISIONS: Final[Mapping[str, Decide]] = {
    "hub.start": start_hub,
    "operator.add": add_operator,
    "operator.suspend": suspend_operator,
    "run.open": open_run,
    "run.approve": approve_run,
    "message.erase": erase_messages,
}

ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "run.open": frozenset({"admin", "payroll"}),
    "run.approve": frozenset({"admin", "approver"}),
}
"""Who may sign a change; any other change: an administrator."""
