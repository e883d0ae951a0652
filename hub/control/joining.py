"""Decisions on join requests: one change lets an applicant in with all it needs, or rejects it with a reason.

Rule: each request is decided on once, and nothing that exists is bound anew: an institution or a unit that is said to be
new must be, a system and its key always. Whether the arguments are those of the request that waits is no state of the
directory: the API compares them before (`hub.joining.desk`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing
from hub.control.objects import Grant, Join
from hub.control.onboarding import add_institution, add_unit, bind_system
from hub.control.view import View
from hub.errors import BadMessage
from signing.keys import load_public


def approve_join(view: View, args: arguments.JoinApprove, now: Circumstances) -> Decision:
    operator = existing(now.operator, "operator")
    _open(view, args.request)
    key = load_public(args.public_key)
    if not key.key_id.startswith(args.fingerprint):
        raise BadMessage("AMANA-JOIN-006")
    if is_known(view, key.key_id):
        raise BadMessage("AMANA-CHANGE-003", "the key is that of another system, of an operator or of the hub")
    puts = [*_institution(view, args, now), *_unit(view, args, now)]
    system = arguments.SystemAdd(
        institution=args.institution,
        unit=args.unit,
        code=args.system,
        clientId=args.client_id,
        secretSha256=args.secret_sha256,
        publicKey=args.public_key,
        url=args.url,
        options=args.options,
    )
    puts += bind_system(view, system, now).puts
    for code in args.codes:
        existing(view.api(code), "code")
        puts.append(Put("grants", (args.system, code), Grant(args.system, code, True)))
    made = Join(
        request=args.request,
        approved=True,
        reason="",
        operator=operator.key_id,
        position=now.position,
        at=now.at,
        institution=args.institution,
        system=args.system,
        client_id=args.client_id,
        codes=tuple(args.codes),
    )
    puts.append(Put("joins", args.request, made))
    result: dict[str, Any] = {"request": args.request, "system": args.system, "clientId": args.client_id}
    return Decision(result | {"keyId": key.key_id, "codes": list(args.codes)}, tuple(puts))


def reject_join(view: View, args: arguments.JoinReject, now: Circumstances) -> Decision:
    operator = existing(now.operator, "operator")
    _open(view, args.request)
    made = Join(args.request, False, args.reason, operator.key_id, now.position, now.at)
    return Decision({"request": args.request, "rejected": True}, (Put("joins", args.request, made),))


def is_known(view: View, key_id: str) -> bool:
    """Whether somebody has this key, or had it: a signature must never be good for two."""
    if view.operator(key_id) is not None or any(key.key_id == key_id for key in view.hub_keys()):
        return True
    return any(key.key_id == key_id for system in view.systems() for key in system.keys)


def _open(view: View, request: str) -> None:
    if view.join(request) is not None:
        raise BadMessage("AMANA-CHANGE-003", "the join request is decided")


def _institution(view: View, args: arguments.JoinApprove, now: Circumstances) -> tuple[Put, ...]:
    if args.institution_name is None:
        existing(view.institution(args.institution), "institution")
        return ()
    made = arguments.InstitutionAdd(code=args.institution, name=args.institution_name, parent=args.parent)
    return add_institution(view, made, now).puts


def _unit(view: View, args: arguments.JoinApprove, now: Circumstances) -> tuple[Put, ...]:
    """A new unit of an applicant lies directly below its institution."""
    if args.unit is None:
        return ()
    if args.unit_name is None:
        existing(view.unit(args.institution, args.unit), "unit")
        return ()
    made = arguments.UnitAdd(institution=args.institution, code=args.unit, name=args.unit_name)
    return add_unit(view, made, now, fresh=args.institution_name is not None).puts


DECISIONS: Final[Mapping[str, Decide]] = {"join.approve": approve_join, "join.reject": reject_join}
