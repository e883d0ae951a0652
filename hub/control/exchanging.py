"""Decisions on what is exchanged: codes, grants, subscriptions, devices.

Rule: a serial and a secret path belong to one device for ever, a code to one exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hub.control import arguments
from hub.control.decisions import Circumstances, Decide, Decision, Put, existing, new
from hub.control.objects import ANY, Api, Device, Grant, Subscription
from hub.control.view import View
from hub.errors import BadMessage


def add_api(view: View, args: arguments.ApiAdd, _: Circumstances) -> Decision:
    new(view.api(args.code), "code")
    if args.provider is not None:
        existing(view.system(args.provider), "provider")
    if args.institution is not None:
        existing(view.institution(args.institution), "institution")
    api = Api(
        code=args.code,
        adapter=args.adapter or "",
        exchange=args.exchange or "",
        direction=args.direction,
        contract=args.contract or (f"wire:{args.adapter}.{args.exchange}" if args.adapter else ANY),
        dedupe=args.dedupe,
        window_ms=args.window_ms,
        fields=tuple(args.fields),
        assurance=args.assurance,
        sealed=args.sealed,
        provider=args.provider,
        holding=args.holding,
        institution=args.institution,
        request_contract=args.request_contract,
        timeout_ms=args.timeout_ms,
    )
    return Decision({"code": args.code, "contract": api.contract}, (Put("apis", args.code, api),))


def _of_grant(view: View, args: arguments.GrantAdd | arguments.GrantNamed | arguments.GrantOptions) -> Grant | None:
    """The grant as it stands; None where there is none, or it was revoked."""
    existing(view.system(args.system), "system")
    existing(view.api(args.code), "code")
    found = view.grant(args.system, args.code)
    return found if found is not None and found.active else None


def _put_grant(value: Grant) -> Decision:
    name = (value.system, value.code)
    return Decision({"system": value.system, "code": value.code}, (Put("grants", name, value),))


def add_grant(view: View, args: arguments.GrantAdd, _: Circumstances) -> Decision:
    if _of_grant(view, args) is not None:
        raise BadMessage("AMANA-CHANGE-003", "the grant exists")
    return _put_grant(Grant(args.system, args.code, active=True, trial=args.trial, options=dict(args.options)))


def revoke_grant(view: View, args: arguments.GrantNamed, _: Circumstances) -> Decision:
    if _of_grant(view, args) is None:
        raise BadMessage("AMANA-CHANGE-003", "there is no grant")
    return _put_grant(Grant(args.system, args.code, active=False))


def set_grant_options(view: View, args: arguments.GrantOptions, _: Circumstances) -> Decision:
    """What was pushed before is still read by the options of that time."""
    found = _of_grant(view, args)
    if found is None:
        raise BadMessage("AMANA-CHANGE-003", "there is no grant")
    return _put_grant(replace(found, options=dict(args.options)))


def add_subscription(view: View, args: arguments.SubscriptionAdd, _: Circumstances) -> Decision:
    existing(view.system(args.system), "system")
    if args.institution is not None:
        existing(view.institution(args.institution), "institution")
    if args.code is not None and existing(view.api(args.code), "code").direction not in {"out", "relay"}:
        raise BadMessage("AMANA-CHANGE-003", "the code is not one that the hub sends out")
    topic = args.code or args.contract or ""
    id_ = args.id or f"{args.system}.{topic}"
    new(view.subscription(id_), "subscription")
    value = Subscription(
        id=id_,
        system=args.system,
        code=args.code,
        contract=args.contract,
        ordered=args.ordered,
        paused=False,
        url=args.url,
        institution=args.institution,
        options=dict(args.options),
        collect=args.collect,
    )
    ids = (*(s.id for s in view.subscriptions(topic)), id_)
    return Decision({"id": id_}, (Put("subscriptions", id_, value), Put("subscribers", topic, ids)))


def _paused(view: View, args: arguments.SubscriptionNamed, *, paused: bool) -> Decision:
    found = existing(view.subscription(args.id), "subscription")
    if found.paused == paused:
        raise BadMessage("AMANA-CHANGE-003", "the subscription is paused" if paused else "the subscription is active")
    return Decision({"id": args.id}, (Put("subscriptions", args.id, replace(found, paused=paused)),))


def pause_subscription(view: View, args: arguments.SubscriptionNamed, _: Circumstances) -> Decision:
    return _paused(view, args, paused=True)


def resume_subscription(view: View, args: arguments.SubscriptionNamed, _: Circumstances) -> Decision:
    return _paused(view, args, paused=False)


def add_device(view: View, args: arguments.DeviceAdd, _: Circumstances) -> Decision:
    existing(view.institution(args.institution), "institution")
    if args.code is not None:
        existing(view.api(args.code), "code")
    id_ = args.id or f"device-{len(view.devices()) + 1}"
    new(view.device_by_id(id_), "device id")
    new(view.device(args.serial), "serial")
    digest = args.secret_path_sha256
    if digest is not None:
        new(view.path_holder(digest), "secret path")
    value = Device(
        id=id_,
        adapter=args.adapter,
        serial=args.serial,
        zone=args.zone,
        secret_path_sha256=digest,
        networks=tuple(args.networks),
        institution=args.institution,
        suspended=False,
        options=dict(args.options),
        code=args.code,
    )
    puts = [Put("devices", id_, value), Put("serials", args.serial, id_)]
    if digest is not None:
        puts.append(Put("paths", digest, id_))
    return Decision({"id": id_}, tuple(puts))


def suspend_device(view: View, args: arguments.DeviceNamed, _: Circumstances) -> Decision:
    found = existing(view.device_by_id(args.id), "device")
    if found.suspended:
        raise BadMessage("AMANA-CHANGE-003", "the device is suspended")
    return Decision({"id": args.id}, (Put("devices", args.id, replace(found, suspended=True)),))


DECISIONS: Final[Mapping[str, Decide]] = {
    "api.add": add_api,
    "grant.add": add_grant,
    "grant.revoke": revoke_grant,
    "grant.options": set_grant_options,
    "subscription.add": add_subscription,
    "subscription.pause": pause_subscription,
    "subscription.resume": resume_subscription,
    "device.add": add_device,
    "device.suspend": suspend_device,
}
