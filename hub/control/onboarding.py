"""Decisions on institutions, their units, systems, their credentials and keys.

Rule: a key that has ended stays ended; a client id belongs to one system for ever; nothing is ever bound anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing, new
from hub.control.objects import Institution, System, SystemKey, Unit, ring_of
from hub.control.view import View
from hub.errors import BadMessage
from hub.records import Ms
from signing.keys import load_public


def add_institution(view: View, args: arguments.InstitutionAdd, _: Circumstances) -> Decision:
    new(view.institution(args.code), "institution")
    if args.parent is not None:
        existing(view.institution(args.parent), "parent")
    value = Institution(args.code, args.name, args.parent)
    return Decision({"institution": args.code}, (Put("institutions", args.code, value),))


MAX_UNIT_DEPTH: Final = 8


def add_unit(view: View, args: arguments.UnitAdd, _: Circumstances, *, fresh: bool = False) -> Decision:
    """`fresh`: its institution is made by the same change."""
    if not fresh:
        existing(view.institution(args.institution), "institution")
    new(view.unit(args.institution, args.code), "unit")
    depth, above = 1, args.parent
    while above is not None:
        depth += 1
        above = existing(view.unit(args.institution, above), "parent").parent
    if depth > MAX_UNIT_DEPTH:
        raise BadMessage("AMANA-CHANGE-001", f"parent: units lie {MAX_UNIT_DEPTH} deep at most")
    value = Unit(args.institution, args.code, args.name, args.parent)
    place = (args.institution, args.code)
    return Decision({"institution": args.institution, "unit": args.code}, (Put("units", place, value),))


def _key(public_key: str, at: Ms, *, allow_rsa: bool) -> SystemKey:
    key = load_public(public_key)
    if key.curve == "rsa" and not allow_rsa:
        raise BadMessage("AMANA-CHANGE-001", "publicKey: an RSA key is taken only where allowRsa (--allow-rsa) says so")
    return SystemKey(key.key_id, public_key, at, None, allow_rsa)


def add_system(view: View, args: arguments.SystemAdd, now: Circumstances) -> Decision:
    existing(view.institution(args.institution), "institution")
    if args.unit is not None:
        existing(view.unit(args.institution, args.unit), "unit")
    return bind_system(view, args, now)


def bind_system(view: View, args: arguments.SystemAdd, now: Circumstances) -> Decision:
    """The system of an institution and unit that exist, or are made by the same change."""
    new(view.system(args.code), "system")
    new(view.system_by_client(args.client_id), "client id")
    keys = () if args.public_key is None else (_key(args.public_key, now.at, allow_rsa=args.allow_rsa),)
    system = System(
        code=args.code,
        institution=args.institution,
        client_id=args.client_id,
        secret_sha256=args.secret_sha256,
        keys=keys,
        suspended=False,
        epoch=1,
        url=args.url,
        options=dict(args.options),
        key_ring=ring_of(keys),
        unit=args.unit,
    )
    result = {"system": args.code, "clientId": args.client_id, "keyId": keys[0].key_id if keys else None}
    return Decision(result, (Put("systems", args.code, system), Put("clients", args.client_id, args.code)))


def _changed(system: System, **result: object) -> Decision:
    return Decision({"system": system.code, **result}, (Put("systems", system.code, system),))


def suspend_system(view: View, args: arguments.SystemNamed, _: Circumstances) -> Decision:
    system = existing(view.system(args.system), "system")
    if system.suspended:
        raise BadMessage("AMANA-CHANGE-003", "the system is suspended")
    return _changed(replace(system, suspended=True, epoch=system.epoch + 1), epoch=system.epoch + 1)


def resume_system(view: View, args: arguments.SystemNamed, _: Circumstances) -> Decision:
    system = existing(view.system(args.system), "system")
    if not system.suspended:
        raise BadMessage("AMANA-CHANGE-003", "the system is active")
    return _changed(replace(system, suspended=False, epoch=system.epoch + 1), epoch=system.epoch + 1)


def rotate_secret(view: View, args: arguments.SystemRotateSecret, _: Circumstances) -> Decision:
    system = existing(view.system(args.system), "system")
    if system.secret_sha256 == args.secret_sha256:
        raise BadMessage("AMANA-CHANGE-003", "the secret is the present one")
    value = replace(system, secret_sha256=args.secret_sha256, epoch=system.epoch + 1)
    return _changed(value, epoch=value.epoch)


def rotate_key(view: View, args: arguments.SystemRotateKey, now: Circumstances) -> Decision:
    """The new key holds at once; every other one ends after the overlap, or earlier if it had an earlier end."""
    system = existing(view.system(args.system), "system")
    key = _key(args.public_key, now.at, allow_rsa=args.allow_rsa)
    new(next((k for k in system.keys if k.key_id == key.key_id), None), "key")
    end = Ms(now.at + 1000 * args.overlap_seconds)
    ended = tuple(
        k if k.not_after is not None and k.not_after <= end else replace(k, not_after=end) for k in system.keys
    )
    keys = (*ended, key)
    return _changed(replace(system, keys=keys, key_ring=ring_of(keys)), keyId=key.key_id, overlapEnds=end)


def revoke_key(view: View, args: arguments.SystemRevokeKey, now: Circumstances) -> Decision:
    system = existing(view.system(args.system), "system")
    key = existing(next((k for k in system.keys if k.key_id == args.key_id), None), "key")
    if key.not_after is not None and key.not_after <= now.at:
        raise BadMessage("AMANA-CHANGE-003", "the key has ended")
    keys = tuple(replace(k, not_after=now.at) if k is key else k for k in system.keys)
    return _changed(replace(system, keys=keys, key_ring=ring_of(keys)), keyId=key.key_id)


DECISIONS: Final[Mapping[str, Decide]] = {
    "institution.add": add_institution,
    "unit.add": add_unit,
    "system.add": add_system,
    "system.suspend": suspend_system,
    "system.resume": resume_system,
    "system.rotate-secret": rotate_secret,
    "system.rotate-key": rotate_key,
    "system.revoke-key": revoke_key,
}
