"""What becomes of a request, given the registry before it: ids, versions, outcomes. The one place that decides them.

Rule: pure and cheap. Whether a new schema is valid and compatible is judged by the process that writes its record, which
notes the basis of its judgement; here the judgement counts only if nothing of that basis has changed since, else the
request has no effect (`Unjudged`) and is judged anew. So no comparison, no budget and no later version of the rules can
make two processes, or a replay, decide differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.records import Ms
from hub.registry import codes
from hub.registry.content import Content, Reference, canonical_member, normalized
from hub.registry.names import GLOBAL, is_own
from hub.registry.parts import merge_metadata, merge_rules
from hub.registry.state import IMPORT, READONLY, READWRITE, Registry, Version
from signing import jsontext

Request = Mapping[str, Any]
"""A request as its record holds it: `do`, `by`, `subject`, and what the kind needs."""

Make = Callable[[int, Ms], Any]
"""Makes the change at a position and time; returns the answer."""


class Unjudged(Exception):
    """`content` must be judged against the registry as it is now, before it can be registered."""

    def __init__(self, content: Content) -> None:
        self.content = content
        super().__init__()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request comes to. `make` None: nothing changes, and `answer` is all."""

    make: Make | None = None
    answer: Any = None


def plan(registry: Registry, request: Request) -> Plan:
    """Raises `Refused` or `Unjudged`; changes nothing."""
    return _PLANS[request["do"]](registry, request)


def fill(registry: Registry, request: Request) -> Content:
    """The schema that a request for registration or comparison means: what it leaves out is as in the latest version, and
    the subject's defaults and overrides are merged in. Raises 42201."""
    subject = request["subject"]
    latest = registry.version(subject, -1)
    config = registry.effective(subject)
    if request["text"] is not None:
        references = tuple(Reference(*reference) for reference in request["references"])
        content = Content(request["kind"], request["text"], references)
    elif latest is not None:
        content = Content(latest.content.kind, latest.content.text, latest.content.references)
    else:
        raise codes.invalid("there is no text")
    if request["normalize"]:
        content = normalized(content)
    before = None if request.get("exact") else latest  # then what is not there is meant to be gone
    metadata = request["metadata"] or _read(before.content.metadata if before is not None else None)
    rules = request["rules"] or _read(before.content.rules if before is not None else None)
    metadata = merge_metadata(config.get("defaultMetadata"), metadata, config.get("overrideMetadata"))
    rules = merge_rules(config.get("defaultRuleSet"), rules, config.get("overrideRuleSet"))
    return replace(content, metadata=_text(metadata), rules=_text(rules))


def _register(registry: Registry, request: Request) -> Plan:
    subject, wanted = request["subject"], request["id"]
    mode = _writable(registry, subject)
    if mode == IMPORT and wanted is None:
        raise codes.not_permitted(f"Subject '{subject}' is in IMPORT mode: the schema's id is expected with it.")
    if mode != IMPORT and wanted is not None:
        raise codes.not_permitted(f"Subject '{subject}' is not in IMPORT mode: ids are given by the registry.")
    content = fill(registry, request)
    for row in reversed(registry.versions(subject)):
        if row.content == content:
            if wanted is not None and wanted != row.id:
                raise codes.other_id(row.id, wanted)
            return Plan(answer=row)
    known = registry.id_of(content)
    if wanted is not None:
        _check_import(registry, subject, content, request)
    if request.get("basis") != registry.basis(subject, content.references):
        raise Unjudged(content)
    rows = registry.versions(subject, deleted=True)
    following = rows[-1].number + 1 if rows else 1
    number = request["version"] or following
    if wanted is None and number != following:
        raise codes.invalid(f"version {number} was asked for, the next one is {following}")

    def make(position: int, at: Ms) -> Version:
        row = Version(subject, number, wanted or known or registry.greatest_id + 1, content, at, request["by"])
        registry.put(row, position)
        for old in rows:
            if old.content == content and old.number != number and not registry.referrers(subject, old.number):
                registry.drop(old, position)
        return row

    return Plan(make)


def _check_import(registry: Registry, subject: str, content: Content, request: Request) -> None:
    wanted, number = request["id"], request["version"]
    holder, known = registry.content(wanted), registry.id_of(content)
    if known is not None and known != wanted:
        raise codes.other_id(known, wanted)
    if holder is not None and holder != content:
        raise codes.not_permitted(f"Id {wanted} is another schema's.")
    if number and registry.version(subject, number) is not None:
        raise codes.not_permitted(f"Version {number} of subject '{subject}' is another schema.")


def _delete_subject(registry: Registry, request: Request) -> Plan:
    subject, permanent = request["subject"], request["permanent"]
    rows = registry.versions(subject, deleted=True)
    live = [row for row in rows if not row.deleted]
    if not rows:
        raise codes.no_subject(subject)
    _writable(registry, subject)
    if not permanent and not live:
        raise codes.subject_deleted(subject)
    if permanent and live:
        raise codes.subject_not_deleted(subject)
    chosen = rows if permanent else live
    for row in chosen:
        _unreferenced(registry, row, permanent=permanent, own=subject)

    def make(position: int, _: Ms) -> list[int]:
        for row in chosen:
            (registry.drop if permanent else registry.set_deleted)(row, position)
        return [row.number for row in chosen]

    return Plan(make)


def _delete_version(registry: Registry, request: Request) -> Plan:
    subject, permanent = request["subject"], request["permanent"]
    if not registry.versions(subject, deleted=True):
        raise codes.no_subject(subject)
    row = registry.version(subject, request["version"], deleted=permanent or request["version"] > 0)
    if row is None:
        raise codes.no_version("latest" if request["version"] < 0 else request["version"])
    _writable(registry, subject)
    if not permanent and row.deleted:
        raise codes.version_deleted(subject, row.number)
    if permanent and not row.deleted:
        raise codes.version_not_deleted(subject, row.number)
    _unreferenced(registry, row, permanent=permanent)

    def make(position: int, _: Ms) -> int:
        (registry.drop if permanent else registry.set_deleted)(row, position)
        return row.number

    return Plan(make)


def _set_config(registry: Registry, request: Request) -> Plan:
    subject = request["subject"]
    _writable(registry, subject)
    patch = request["config"]
    merged = {**(registry.config(subject) or {}), **patch}
    made = {name: value for name, value in merged.items() if value is not None}

    def make(position: int, _: Ms) -> Mapping[str, Any]:
        registry.configure(subject, made, position)
        return made

    return Plan(make)


def _drop_config(registry: Registry, request: Request) -> Plan:
    subject = request["subject"]
    _writable(registry, subject)
    found = registry.config(subject)
    if found is None and subject != GLOBAL:
        raise codes.no_config(subject)

    def make(position: int, _: Ms) -> Mapping[str, Any]:
        registry.configure(subject, None, position)
        return found or {}

    return Plan(make)


def _set_mode(registry: Registry, request: Request) -> Plan:
    subject, mode = request["subject"], request["mode"]
    names = [subject] if subject != GLOBAL else [name for name in registry.subjects() if not is_own(name)]
    purged: list[Version] = []
    if mode == IMPORT and registry.mode(subject) != IMPORT and not request["force"]:
        if any(registry.versions(name) for name in names):
            raise codes.not_permitted("IMPORT mode is for what has no schemas yet; force=true sets it all the same.")
        purged = [row for name in names for row in registry.versions(name, deleted=True)]
        for row in purged:
            if any(other.subject not in names for other in registry.referrers(row.subject, row.number)):
                raise codes.referenced(row.subject, str(row.number))

    def make(position: int, _: Ms) -> str:
        for row in purged:
            registry.drop(row, position)
        registry.set_mode(subject, mode, position)
        return str(mode)

    return Plan(make)


def _drop_mode(registry: Registry, request: Request) -> Plan:
    subject = request["subject"]
    found = registry.own_mode(subject)
    if found is None and subject != GLOBAL:
        raise codes.no_mode(subject)
    recursive = subject == GLOBAL and request.get("recursive", False)
    below = [name for name in registry.own_modes() if not is_own(name)] if recursive else []

    def make(position: int, _: Ms) -> str:
        for name in (subject, *below):
            registry.set_mode(name, None, position)
        return found or READWRITE

    return Plan(make)


def _writable(registry: Registry, subject: str) -> str:
    """The mode, which is not READONLY. Raises 42205."""
    mode = registry.mode(subject)
    if mode == READONLY:
        raise codes.not_permitted(f"Subject '{subject}' is in READONLY mode.")
    return mode


def _unreferenced(registry: Registry, row: Version, *, permanent: bool, own: str | None = None) -> None:
    """Raises 42206. What is hidden already may hide what it refers to; nothing that is kept may lose it."""
    for other in registry.referrers(row.subject, row.number):
        if other.subject != own and (permanent or not other.deleted):
            raise codes.referenced(row.subject, str(row.number))


def _text(value: dict[str, Any] | None) -> str | None:
    return canonical_member(value) if value else None


def _read(text: str | None) -> Any:
    return None if text is None else jsontext.parse(text.encode())


_PLANS: Mapping[str, Callable[[Registry, Request], Plan]] = {
    "register": _register,
    "subject.delete": _delete_subject,
    "version.delete": _delete_version,
    "config.set": _set_config,
    "config.drop": _drop_config,
    "mode.set": _set_mode,
    "mode.drop": _drop_mode,
}
