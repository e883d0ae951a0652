"""What is asked: which bytes become a question to a provider or to the hub itself.

The same chain as a push: size, token, framing, signature over the received bytes, strict parse, code and grant, contract
of the request; then a `Question` whose candidate goes into the topic `pulls`, where nothing is a repeat of anything.

Rule: pure. Bytes, a view of the directory and a time in; a `Question` or a `Refusal` out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub import records as r
from hub.contracts.names import URN, pin
from hub.contracts.standing import check_standing
from hub.control.objects import ANY, RESERVED
from hub.errors import BadMessage
from hub.gateway.admission import (
    Lane,
    Push,
    Refusal,
    Terms,
    Wanted,
    attach,
    check_active,
    check_grant,
    check_rules,
    check_size,
    check_wire,
    identify,
    on_trial,
    read_values,
    text_member,
)
from hub.gateway.bodies import find_claim, read_body
from hub.gateway.contracts import terms_of
from hub.gateway.media import kept_type, media_of, read_signed
from hub.keys import subject_key
from hub.ports import Candidate
from hub.pull.records import PROVIDER, THE_HUB
from hub.records import Ms
from hub.topics import PULLS
from signing.errors import SigningError
from signing.forms import unwrap_body

if TYPE_CHECKING:
    from hub.control.objects import Api, System
    from hub.control.view import View
    from hub.gateway.bodies import Claimed
    from signing.forms import Media

REQUEST: Final = "/esb/request"
NIDA: Final = "/esb/nida-request"
PATHS: Final = frozenset({REQUEST, NIDA})

NEVER_A_REPEAT: Final = -1
"""Window of pulls: the same question asked twice is asked twice."""

PAYLOAD: Final = "Payload"
_LANES_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Question:
    """A pull that passed every check. `api` None: a reserved code, which the hub answers. `body`: what the contract
    checked, without the wrapping of `/esb/nida-request`. `again`: it asks for the answer to an earlier pull."""

    system: System
    code: str
    api: Api | None
    user: str | None
    body: Any = field(repr=False)
    given: bool  # whether there is a body at all
    path: str
    media: Media  # of the request, and so of its answer
    again: str | None
    now: Ms
    candidate: Candidate = field(repr=False)
    sealed: bool = False  # the body came encrypted for the hub

    def wrap(self, body: Any) -> Any:
        """The body as it is passed on."""
        return {PAYLOAD: body} if self.path == NIDA else body


def examine(
    pull: Push, path: str, view: View, now: Ms, terms: Terms, claimed: Claimed | None = None
) -> Question | Wanted | Refusal:
    """Every check of a pull. `claimed`: the bytes that it claims, once they are found."""
    system: System | None = None
    known: str | None = None
    try:
        check_size(len(pull.body), terms.max_body)
        system = identify(pull.authorization, view, now, terms)
        check_active(system)
        media = media_of(pull.content_type)
        members, span, form = read_signed(pull.body, media, system.key_ring, now)
        code = text_member(members, "apiCode")
        api = find_pull(code, view)
        known = code
        if api is not None:
            check_grant(system, api, view)
        lane = find_lane(system, code, api, view, terms)
        user = _optional_text(members, "userId")
        again = None if code in RESERVED else _optional_text(members, "requestId")
        body, plain, claim, sealed = members.get("esbBody"), span or b"", None, False
        if again is None:
            if path == NIDA:
                user = text_member(members, "userId")
                body = unwrap_payload(body, media)
            claim = find_claim(body)
            if claim is not None and claimed is None:
                return Wanted(claim, system, code)
            if body is not None:
                mine = "no" if api is None else api.sealed
                opened = read_body(body, span or b"", media, mine, terms.key, claimed if claim else None)
                sealed = opened.checked and opened.plain != (claimed.content if claim and claimed else span)
                read = read_values(opened, lane)
                body, plain = read.value, read.plain
            check_wire(body, lane.checker)
            check_rules(body, lane.rules, asides=False)
        candidate = Candidate(
            topic=lane.topic,
            partition=lane.partition,
            key=lane.key,
            system=system.code,
            code=code,
            body=plain,
            received=pull.body,
            headers={**lane.headers, r.FORM: form, r.CONTENT_TYPE: kept_type(pull.content_type)},
            rule="window",
            window_ms=lane.window_ms,
        )
        if claim and claimed:
            attach(candidate, claimed)
        given = "esbBody" in members
        return Question(system, code, api, user, body, given, path, media, again, now, candidate, sealed)
    except BadMessage as refused:
        return Refusal(refused.code, refused.detail, system, known)


def find_pull(code: str, view: View) -> Api | None:
    """The code as the directory has it; None for one that the hub answers for everybody."""
    if code in RESERVED:
        return None
    api = view.api(code)
    if api is not None and api.direction in {"in", "relay"}:
        raise BadMessage("AMANA-CODE-001", "it is pushed, to /esb/push-request")
    if api is None or api.direction != "pull":
        raise BadMessage("AMANA-CODE-001")
    return api


def find_lane(system: System, code: str, api: Api | None, view: View, terms: Terms) -> Lane:
    """All that is the same for every pull of one system under one code."""
    name = (view.position, system.code, code)
    lane = terms.lanes.get(name)
    if lane is None:
        if len(terms.lanes) >= _LANES_KEPT:
            terms.lanes.clear()
        lane = terms.lanes[name] = make_lane(system, code, api, view, terms)
    return lane


def make_lane(system: System, code: str, api: Api | None, view: View, terms: Terms) -> Lane:
    notice = ""
    if api is not None:
        trial = on_trial(view, system, api)
        notice = check_standing(view, dict.fromkeys((api.contract, api.request_contract)), trial=trial)
    key = subject_key(terms.hmac, "system", system.code)
    headers = {
        r.SPECVERSION[0]: r.SPECVERSION[1],
        r.SOURCE: f"system/{system.code}",
        r.TYPE: "pull",
        r.CONTENT_TYPE: "application/json",
        r.SYSTEM: system.code,
        r.INSTITUTION: system.institution,
        r.CODE: code,
        r.ASSURANCE: "signed",
        r.CONTROL_POSITION: str(view.position),
        PROVIDER: (api.provider if api is not None else None) or THE_HUB,
        **({} if api is None or api.contract == ANY else {r.DATASCHEMA: URN + pin(api.contract)}),
        **({} if api is None or api.request_contract == ANY else {r.REQUEST_SCHEMA: URN + pin(api.request_contract)}),
        **({r.NOTICE: notice} if notice else {}),
    }
    checked = api is not None and api.sealed == "no"
    wire = terms_of(api.request_contract if checked and api is not None else ANY, terms.registered)
    return Lane(
        topic=PULLS,
        partition=r.partition_of(key, terms.partitions(PULLS)),
        key=key,
        headers=headers,
        checker=wire.checker,
        rule="window",
        fields=(),
        rows=None,
        window_ms=NEVER_A_REPEAT,
        read_xml=wire.read_xml,
        rules=wire.rules,
    )


def unwrap_payload(body: Any, media: Media) -> Any:
    """What `{"Payload": body}` holds; one client puts a list of one around it, and one that speaks XML escapes it."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict) or set(body) != {PAYLOAD}:
        raise BadMessage("AMANA-JSON-002", f"esbBody: exactly one member {PAYLOAD}")
    try:
        return unwrap_body(body[PAYLOAD]) if media == "xml" else body[PAYLOAD]
    except SigningError as error:
        raise BadMessage("AMANA-XML-001", f"esbBody.{PAYLOAD}: {error.kind}") from None


def _optional_text(members: Mapping[str, Any], name: str) -> str | None:
    """A text; empty is as good as absent, for XML has no other way to leave a member that is there without a value."""
    return None if members.get(name) is None else text_member(members, name) or None
