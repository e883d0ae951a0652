"""Join requests as the API shows them: to the applicant only what became of it, to operators what to look at.

Rule: an applicant learns nothing of the directory but what concerns it; an operator is told in words whatever is odd.
"""

from __future__ import annotations

from typing import Final

from typing_extensions import TypedDict

from hub.control.joining import is_known
from hub.control.objects import Join
from hub.control.view import View
from hub.joining.desk import Row, reread
from hub.joining.request import Asked, fingerprint
from hub.reads.rows import moment
from hub.records import Ms
from signing.keys import PublicKey

DAMAGED: Final = "what is kept is not what was signed: it cannot be approved"


class JoinState(TypedDict):
    """What became of a request. `state`: waiting, approved, rejected or expired. The hub's key and what was granted
    only for an approved one."""

    id: str
    state: str
    reason: str | None
    expires: str | None
    clientId: str | None
    codes: list[str]
    hubKeyId: str | None
    hubPublicKey: str | None


class JoinRow(TypedDict):
    """A request as operators see it. `findings`: what to look at before it is approved."""

    id: str
    state: str
    made: str | None
    expires: str | None
    institution: str | None
    name: str | None
    unit: str | None
    system: str | None
    codes: list[str]
    endpoint: str | None
    keyId: str | None
    fingerprint: str | None
    findings: list[str]
    reason: str | None
    operator: str | None
    decided: str | None


class JoinDetail(JoinRow):
    """With the contact, and the request itself so that whoever approves can verify it."""

    contact: str | None
    format: str | None
    curve: str | None
    request: str | None


def waiting_state(row: Row, now: Ms) -> JoinState:
    return {
        "id": row["id"],
        "state": "waiting" if now < row["expires"] else "expired",
        "reason": None,
        "expires": moment(row["expires"]),
        "clientId": None,
        "codes": [],
        "hubKeyId": None,
        "hubPublicKey": None,
    }


def decided_state(join: Join, hub: PublicKey) -> JoinState:
    return {
        "id": join.request,
        "state": "approved" if join.approved else "rejected",
        "reason": join.reason or None,
        "expires": None,
        "clientId": join.client_id or None,
        "codes": list(join.codes),
        "hubKeyId": hub.key_id if join.approved else None,
        "hubPublicKey": hub.pem() if join.approved else None,
    }


def waiting_row(row: Row, view: View, now: Ms) -> JoinRow:
    asked = reread(row)
    said = None if asked is None else asked.said
    return {
        "id": row["id"],
        "state": "waiting" if now < row["expires"] else "expired",
        "made": moment(row["made"]),
        "expires": moment(row["expires"]),
        "institution": None if said is None else said.institution,
        "name": None if said is None else said.name,
        "unit": None if said is None else said.unit,
        "system": None if said is None else said.system,
        "codes": [] if said is None else list(said.codes),
        "endpoint": None if said is None else said.url,
        "keyId": None if asked is None else asked.key.key_id,
        "fingerprint": None if asked is None else fingerprint(asked.key.key_id),
        "findings": [DAMAGED] if asked is None else findings(asked, view),
        "reason": None,
        "operator": None,
        "decided": None,
    }


def decided_row(join: Join, view: View) -> JoinRow:
    operator = view.operator(join.operator)
    institution = view.institution(join.institution)
    system = view.system(join.system)
    return {
        "id": join.request,
        "state": "approved" if join.approved else "rejected",
        "made": None,
        "expires": None,
        "institution": join.institution or None,
        "name": None if institution is None else institution.name,
        "unit": None if system is None else system.unit,
        "system": join.system or None,
        "codes": list(join.codes),
        "endpoint": None,
        "keyId": None,
        "fingerprint": None,
        "findings": [],
        "reason": join.reason or None,
        "operator": operator.name if operator else join.operator,
        "decided": moment(join.at),
    }


def waiting_detail(row: Row, view: View, now: Ms) -> JoinDetail:
    asked = reread(row)
    return {
        **waiting_row(row, view, now),
        "contact": None if asked is None else asked.said.contact,
        "format": None if asked is None else asked.said.format,
        "curve": None if asked is None else asked.key.curve,
        "request": None if asked is None else asked.envelope.decode(),
    }


def decided_detail(join: Join, view: View) -> JoinDetail:
    return {**decided_row(join, view), "contact": None, "format": None, "curve": None, "request": None}


def findings(asked: Asked, view: View) -> list[str]:
    """What is odd about a request, or needs something more than its approval."""
    said = asked.said
    found = []
    system = view.system(said.system)
    if system is not None:
        found.append(
            f"system {said.system} exists, of institution {system.institution}: this cannot be approved, and may be an "
            "attempt to take it over"
        )
    if is_known(view, asked.key.key_id):
        found.append("the key is known already: this cannot be approved")
    institution = view.institution(said.institution)
    if institution is not None:
        known = "" if institution.name == said.name else f", under the name {institution.name}"
        found.append(
            f"institution {said.institution} exists{known}: ask it, by a number that you know, whether it wants this system"
        )
    elif any(v.name.casefold() == said.name.casefold() for v in view.institutions()):
        found.append("an institution of this name exists under another code")
    for code in said.codes:
        api = view.api(code)
        if api is None:
            found.append(f"code {code} does not exist")
        elif api.direction in {"out", "relay"} and said.url is None:
            found.append(f"code {code} goes to subscribers, and there is no endpoint: only to send, or to collect")
    return found
