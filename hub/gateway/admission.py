"""Admission: which bytes become a message. A chain of plain checks, in the one order that the architecture gives.

Size, token, framing, signature over the received bytes, strict parse, code and grant, wire contract; then a `Candidate`
for the log, which alone decides duplicates.

Rule: pure. Bytes, a view of the directory and a time in; a `Candidate` or a `Refusal` out. No I/O, no log line, and
nothing of a payload in a refusal: details name members of the contract and rules, never values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub import records as r
from hub.contracts.standing import check_standing
from hub.control.objects import RESERVED
from hub.errors import BadMessage
from hub.gateway.assurance import weaker
from hub.gateway.bodies import Body, Claim, Claimed, find_claim, read_body
from hub.gateway.contracts import Wire, relayed_wire
from hub.gateway.media import kept_type, media_of, read_signed
from hub.keys import row_keys, subject_key
from hub.ports import Candidate, DedupeRule
from hub.records import Ms
from hub.stages.passing import render_body
from hub.topics import INBOX_RELAY
from schemas.datarules import EMPTY, RuleSet, find_broken
from signing import jsontext, tokens
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.control.objects import Api, System
    from hub.control.view import View
    from schemas.contracts import Checker
    from signing.keys import PrivateKey

BREACHES_SHOWN: Final = 5
_LANES_KEPT: Final = 4096
_TOKENS_KEPT: Final = 4096
MAX_AUTHORIZATION: Final = tokens.MAX_TEXT + 64
"""Bytes of an `Authorization` header: a token, its scheme, and white space."""
_USUAL: Final = ("json", b"application/json")


class Push(NamedTuple):
    """One POST to the engine: two header values (empty when absent) and the body, all as received."""

    authorization: bytes
    content_type: bytes
    body: bytes


class Lane(NamedTuple):
    """All that is the same for every message of one system under one code, worked out once."""

    topic: str
    partition: int
    key: bytes
    headers: Mapping[str, str]
    checker: Checker | None
    rule: DedupeRule
    fields: tuple[str, ...]
    rows: str | None
    window_ms: int
    read_xml: Callable[[Any], Any] | None = None  # what a value from XML means under the contract
    rules: RuleSet = EMPTY


@dataclass(frozen=True, slots=True)
class Terms:
    """What the hub holds still while it admits: keys, the size limit, the topics, the adapters' wire terms."""

    token_key: bytes
    hmac: bytes
    max_body: int
    partitions: Callable[[str], int]
    wire: Wire
    key: PrivateKey | None = field(default=None, repr=False)  # the hub's: opens what was encrypted for it
    registered: Registered | None = field(default=None, repr=False)
    lanes: dict[tuple[int, str, str], Lane] = field(default_factory=dict)  # memo, by directory position
    tokens: dict[bytes, tokens.Token] = field(default_factory=dict)  # memo of tokens that are ours, by their text


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message was not taken. `system`: who sent it, once its token proved that; `api`: a code that exists."""

    code: str
    detail: str
    system: System | None = None
    api: str | None = None

    @property
    def error(self) -> BadMessage:
        return BadMessage(self.code, self.detail)


class Wanted(NamedTuple):
    """A message that is in order as far as it goes: its body was uploaded before. `examine` it again with the bytes."""

    claim: Claim
    system: System
    code: str


def examine(
    push: Push, view: View, now: Ms, terms: Terms, claimed: Claimed | None = None
) -> Candidate | Wanted | Refusal:
    """Every check of the gateway but the duplicate. `claimed`: the bytes that the message claims, once they are found."""
    system: System | None = None
    api: Api | None = None
    try:
        check_size(len(push.body), terms.max_body)
        system = identify(push.authorization, view, now, terms)
        check_active(system)
        media = media_of(push.content_type)
        members, span, form = read_signed(push.body, media, system.key_ring, now)
        check_members(members)
        api = find_api(members["pushCode"], view)
        check_grant(system, api, view)
        lane = find_lane(system, api, view, terms)
        claim = find_claim(members["esbBody"])
        if claim is not None and claimed is None:
            return Wanted(claim, system, api.code)
        body = read_body(members["esbBody"], span or b"", media, api.sealed, terms.key, claimed if claim else None)
        if body.media == "xml":
            body = read_values(body, lane)
        check_wire(body.value, lane.checker if body.checked else None)
        aside = check_rules(body.value, lane.rules) if body.checked else ""
        if api.direction == "relay":
            render_body(body.value)  # refused now, not after the receipt
        written = (form, push.content_type)
        candidate = make_candidate(push.body, body, members, system.code, api.code, lane, terms.hmac, written)
        if aside:
            candidate.headers[r.SET_ASIDE] = aside
        return attach(candidate, claimed) if claim and claimed else candidate
    except BadMessage as refused:
        return Refusal(refused.code, refused.detail, system, api.code if api else None)


def check_size(size: int, limit: int) -> None:
    """First of all, before anything is looked at."""
    if size > limit:
        raise BadMessage("AMANA-SIZE-001", f"limit {limit} bytes")


def identify(authorization: bytes, view: View, now: Ms, terms: Terms) -> System:
    """The system that the token stands for. Takes `Bearer <token>` and the bare token (one client sends that)."""
    if len(authorization) > MAX_AUTHORIZATION:
        raise BadMessage("AMANA-AUTH-001")
    text = (authorization[7:] if authorization[:7].lower() == b"bearer " else authorization).strip()
    token = terms.tokens.get(text)
    if token is None or now >= token.expires:
        token = read_token(text, now, terms)
    system = view.system(token.system)
    if system is None or token.epoch != system.epoch:
        raise BadMessage("AMANA-AUTH-001")
    return system


def read_token(text: bytes, now: Ms, terms: Terms) -> tokens.Token:
    """What a token of ours says; remembered by its own text, because senders use one for many messages."""
    try:
        token = tokens.read(terms.token_key, text.decode("ascii"), now)
    except UnicodeDecodeError:
        raise BadMessage("AMANA-AUTH-001") from None
    except SigningError as error:
        raise BadMessage("AMANA-AUTH-002" if error.kind == "token-expired" else "AMANA-AUTH-001") from None
    if len(terms.tokens) >= _TOKENS_KEPT:
        terms.tokens.clear()
    terms.tokens[text] = token
    return token


def check_active(system: System) -> None:
    if system.suspended:
        raise BadMessage("AMANA-AUTH-003")


def check_members(members: Mapping[str, Any]) -> None:
    """`pushCode`, a text, and `esbBody` must be there."""
    text_member(members, "pushCode")
    if "esbBody" not in members:
        raise BadMessage("AMANA-JSON-002", "esbBody")


def read_values(body: Body, lane: Lane) -> Body:
    """A body that came in XML, its texts turned into what the contract means by them."""
    return body if lane.read_xml is None or not body.checked else body._replace(value=lane.read_xml(body.value))


def text_member(members: Mapping[str, Any], name: str) -> str:
    """A member that must be there, as text."""
    value = members.get(name)
    if not isinstance(value, str):
        raise BadMessage("AMANA-JSON-002", name)
    return value


def find_api(code: str, view: View) -> Api:
    """The code as the directory has it. One that is for sending out is not known here."""
    api = view.api(code)
    if code in RESERVED or (api is not None and api.direction == "pull"):
        raise BadMessage("AMANA-CODE-001", "it is asked for, at /esb/request")
    if api is None or api.direction not in {"in", "relay"}:
        raise BadMessage("AMANA-CODE-001")
    return api


def check_grant(system: System, api: Api, view: View) -> None:
    if not view.granted(system.code, api.code):
        raise BadMessage("AMANA-GRANT-001")


def check_wire(value: Any, checker: Checker | None) -> None:
    """The wire contract of the code; a body sealed for its recipient has none."""
    if checker is None or checker.ok(value):
        return
    shown = "; ".join(f"{breach.path or '/'}: {breach.rule}" for breach in checker.breaches(value, BREACHES_SHOWN))
    raise BadMessage("AMANA-CONTRACT-001", shown)


def check_rules(value: Any, rules: RuleSet, *, asides: bool = True) -> str:
    """The rules of the contract for senders. A rule may want the message kept and set aside: returns what it says.
    `asides` False: what is asked is passed on at once, so the rules for receivers hold too, and nothing is set aside."""
    if not rules.rules:
        return ""
    broken = find_broken(rules, "WRITE", value)
    if broken is None and not asides:
        broken = find_broken(rules, "READ", value)
    if broken is None:
        return ""
    if broken.action == "ERROR" or not asides:
        raise BadMessage("AMANA-RULE-001", broken.text)
    return broken.text


def find_lane(system: System, api: Api, view: View, terms: Terms) -> Lane:
    """The lane of a system and a code as the directory stands. Raises `BadMessage` for a contract whose state forbids
    it."""
    name = (view.position, system.code, api.code)
    lane = terms.lanes.get(name)
    if lane is None:
        if len(terms.lanes) >= _LANES_KEPT:
            terms.lanes.clear()
        lane = terms.lanes[name] = make_lane(system, api, view, terms)
    return lane


def make_lane(system: System, api: Api, view: View, terms: Terms) -> Lane:
    notice = check_standing(view, (api.contract,), trial=on_trial(view, system, api))
    relayed = api.direction == "relay"
    wire = relayed_wire(api, terms.wire, terms.registered) if relayed else terms.wire(api.adapter, api.exchange)
    topic = INBOX_RELAY if relayed else f"inbox.{api.adapter}"
    key = subject_key(terms.hmac, "system", system.code)
    headers = {
        "ce_specversion": "1.0",
        r.SOURCE: f"system/{system.code}",
        r.TYPE: "inbox",
        r.DATASCHEMA: wire.contract,
        r.CONTENT_TYPE: "application/json",
        r.FORM: "json",
        r.SYSTEM: system.code,
        r.INSTITUTION: system.institution,
        r.CODE: api.code,
        r.ASSURANCE: weaker(api.assurance, "signed"),
        r.CONTROL_POSITION: str(view.position),
        **({r.NOTICE: notice} if notice else {}),
    }
    return Lane(
        topic=topic,
        partition=r.partition_of(key, terms.partitions(topic)),
        key=key,
        headers=headers,
        checker=wire.checker,
        rule=api.dedupe,
        fields=api.fields or wire.fields,
        rows=wire.rows,
        window_ms=api.window_ms,
        read_xml=wire.read_xml,
        rules=wire.rules,
    )


def on_trial(view: View, system: System, api: Api) -> bool:
    """Whether the system may send under drafts of the code's contract."""
    grant = view.grant(system.code, api.code)
    return grant is not None and grant.trial


def make_candidate(
    received: bytes,
    body: Body,
    members: Mapping[str, Any],
    system: str,
    code: str,
    lane: Lane,
    hmac: bytes,
    written: tuple[str, bytes] = _USUAL,
) -> Candidate:
    """What the log decides upon. `written`: form and content type of what was received."""
    headers = dict(lane.headers)
    if not body.checked:
        headers[r.CHECKED] = "no"
    if written != _USUAL:
        headers[r.FORM], headers[r.CONTENT_TYPE] = written[0], kept_type(written[1])
    return Candidate(
        topic=lane.topic,
        partition=lane.partition,
        key=lane.key,
        system=system,
        code=code,
        body=body.plain,
        received=received,
        headers=headers,
        rule=lane.rule,
        dedupe_keys=() if lane.rule == "window" else dedupe_keys(body.value, members, system, code, lane, hmac),
        window_ms=lane.window_ms,
    )


def attach(candidate: Candidate, claimed: Claimed) -> Candidate:
    """The candidate with the bytes that it claims."""
    candidate.headers[r.CLAIM] = claimed.header
    candidate.attached = claimed.content
    return candidate


def dedupe_keys(value: Any, members: Mapping[str, Any], system: str, code: str, lane: Lane, hmac: bytes) -> list[bytes]:
    """One HMAC per row (natural key), or one for the whole message (request id: the body's members that `fields`
    names, or the `requestId` beside the body)."""
    if lane.rule == "natural-key":
        return natural_keys(hmac, system, code, (row_fields(row, lane.fields) for row in find_rows(value, lane.rows)))
    if lane.fields:
        return natural_keys(hmac, system, code, [row_fields(value, lane.fields)])
    request = members.get("requestId")
    if not isinstance(request, str) or not request:
        raise BadMessage("AMANA-JSON-002", "requestId")
    return natural_keys(hmac, system, code, [[request]])


def natural_keys(hmac: bytes, system: str, code: str, rows: Iterable[Sequence[str]]) -> list[bytes]:
    """A keyed hash of each row's natural key within its system and code."""
    return row_keys(hmac, (system, code), rows)


def find_rows(value: Any, path: str | None) -> list[Any]:
    """The rows at a dotted path of the body."""
    if path is None:
        return [value]
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise BadMessage("AMANA-CONTRACT-001", f"/{path.replace('.', '/')}: type")
    return value


def row_fields(row: Any, fields: Sequence[str]) -> list[str]:
    """The texts of a row's key fields; every one must be there, or unlike rows would look alike."""
    texts = []
    for name in fields:
        value = row
        for step in name.split("."):
            if not isinstance(value, dict) or step not in value:
                raise BadMessage("AMANA-CONTRACT-001", f"{name}: required by the dedupe rule")
            value = value[step]
        texts.append(value if isinstance(value, str) else jsontext.render(value).decode())
    return texts
