"""The directory as rows. Rule: secrets are not in it to begin with; a device's serial is shown by its last digits."""

from __future__ import annotations

from hub.control.objects import Api, Device, Grant, Institution, Operator, Subscription, System, Unit
from hub.control.view import View
from hub.reads.outboxes import Waits
from hub.reads.rows import (
    ApiRow,
    DeviceRow,
    GrantRow,
    InstitutionRow,
    KeyRow,
    OperatorRow,
    SubscriptionRow,
    SystemRow,
    UnitRow,
    moment,
)
from hub.records import Ms
from hub.topics import subscriber


def institution_row(value: Institution) -> InstitutionRow:
    return {"code": value.code, "name": value.name, "parent": value.parent}


def unit_row(value: Unit) -> UnitRow:
    return {"institution": value.institution, "code": value.code, "name": value.name, "parent": value.parent}


def system_row(value: System, view: View, now: Ms) -> SystemRow:
    keys: list[KeyRow] = [
        {
            "keyId": key.key_id,
            "notBefore": moment(key.not_before) or "",
            "notAfter": moment(key.not_after),
            "valid": key.not_before <= now and (key.not_after is None or now < key.not_after),
        }
        for key in value.keys
    ]
    return {
        "code": value.code,
        "institution": value.institution,
        "unit": value.unit,
        "clientId": value.client_id,
        "suspended": value.suspended,
        "epoch": value.epoch,
        "url": value.url,
        "options": dict(value.options),
        "keys": keys,
        "grants": sorted(grant.code for grant in view.grants() if grant.system == value.code and grant.active),
    }


def api_row(value: Api) -> ApiRow:
    return {
        "code": value.code,
        "adapter": value.adapter,
        "exchange": value.exchange,
        "direction": value.direction,
        "contract": value.contract,
        "dedupe": value.dedupe,
        "windowMs": value.window_ms,
        "fields": list(value.fields),
        "assurance": value.assurance,
        "sealed": value.sealed,
        "provider": value.provider,
        "holding": value.holding,
        "institution": value.institution,
        "requestContract": value.request_contract,
        "timeoutMs": value.timeout_ms,
    }


def grant_row(value: Grant) -> GrantRow:
    return {
        "system": value.system,
        "code": value.code,
        "active": value.active,
        "trial": value.trial,
        "options": dict(value.options),
    }


def subscription_row(value: Subscription, waits: Waits | None = None) -> SubscriptionRow:
    """`waits`: of one that is collected. `topic`: of Kafka, without the prefix of all topics, where it is written to one."""
    return {
        "id": value.id,
        "system": value.system,
        "code": value.code,
        "contract": value.contract,
        "institution": value.institution,
        "ordered": value.ordered,
        "paused": value.paused,
        "url": value.url,
        "options": dict(value.options),
        "collect": value.collect,
        "topic": None if value.leave is None else subscriber(value.system),
        "waiting": None if waits is None else waits.number,
        "oldestAt": None if waits is None else moment(waits.oldest),
    }


def device_row(value: Device) -> DeviceRow:
    return {
        "id": value.id,
        "institution": value.institution,
        "adapter": value.adapter,
        "code": value.code,
        "serial": mask_serial(value.serial),
        "zone": value.zone,
        "networks": list(value.networks),
        "hasSecretPath": value.secret_path_sha256 is not None,
        "suspended": value.suspended,
        "options": dict(value.options),
    }


def operator_row(value: Operator) -> OperatorRow:
    return {
        "keyId": value.key_id,
        "name": value.name,
        "person": value.person,
        "roles": list(value.roles),
        "suspended": value.suspended,
        "addedBy": value.added_by,
    }


def mask_serial(serial: str) -> str:
    """Enough to tell two devices on one wall apart, not enough to speak for one."""
    return "…" + serial[-3:] if len(serial) > 6 else "…"
