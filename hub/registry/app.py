"""The registry over HTTP: one table of paths, replies in the media type that was asked for, refusals in the clients' shape.

Rule: reads are answered from memory at once. A write needs a media type that no form of a web page can send, and a writer
who may; what nobody expected is logged by type and place and answered 50001 without a word of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.gateway.address import client_address, parse_networks
from hub.gateway.quota import MINUTE, Budget
from hub.gateway.wire import (
    CLOSE,
    GoneError,
    LateError,
    Receive,
    Scope,
    Send,
    TooLargeError,
    answer,
    find_header,
    read_body,
)
from hub.logs import logger
from hub.registry import answers, codes, reads
from hub.registry.answers import Answer, Desk
from hub.registry.ask import MEDIA, MEDIA_TYPES, WIDE, Ask, Raw, parse_query, segments
from hub.registry.codes import Refused
from hub.registry.names import GLOBAL, parse_subject
from hub.registry.names import scope as parse_scope
from hub.registry.own import COMMIT
from hub.registry.reads import subject_of
from hub.registry.state import Registry
from hub.registry.writers import check, identify
from signing import jsontext

if TYPE_CHECKING:
    from hub.gateway.context import GatewayContext

PREFIX: Final = "/registry"
FAILURES_PER_MINUTE: Final = 30
_LOOPBACK: Final = parse_networks(["127.0.0.0/8", "::1"])
_ENVELOPE: Final = 65_536

log = logger()

Read = Callable[[Registry, Ask], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method on a path does. `writes`: whose permission it needs."""

    read: Read | None = None
    answer: Answer | None = None
    writes: bool = False


def _reads(read: Read) -> dict[str, Operation]:
    return {"GET": Operation(read=read), "HEAD": Operation(read=read)}


def _does(answer: Answer) -> Operation:
    return Operation(answer=answer, writes=True)


def _settings(read: Read, put: Answer, delete: Answer) -> dict[str, Operation]:
    return {**_reads(read), "PUT": _does(put), "DELETE": _does(delete)}


_CONFIG: Final = _settings(reads.show_subject_config, answers.set_config, answers.drop_config)
_MODE: Final = _settings(reads.show_mode, answers.set_mode, answers.drop_mode)

ROUTES: Final[Mapping[tuple[str, ...], Mapping[str, Operation]]] = {
    (): {**_reads(lambda _, __: {}), "POST": Operation(read=lambda _, __: {})},
    ("schemas",): _reads(reads.list_schemas),
    ("schemas", "types"): _reads(reads.list_types),
    ("schemas", "ids", "{id}"): _reads(reads.show_id),
    ("schemas", "ids", "{id}", "schema"): _reads(reads.show_id_text),
    ("schemas", "ids", "{id}", "subjects"): _reads(reads.list_id_subjects),
    ("schemas", "ids", "{id}", "versions"): _reads(reads.list_id_versions),
    ("schemas", "guids", "{guid}"): _reads(reads.show_guid),
    ("schemas", "guids", "{guid}", "ids"): _reads(reads.list_guid_ids),
    ("subjects",): _reads(reads.list_subjects),
    ("subjects", "{subject}"): {
        "POST": Operation(answer=answers.look_up),
        "DELETE": _does(answers.delete_subject),
    },
    ("subjects", "{subject}", "metadata"): _reads(reads.show_by_metadata),
    ("subjects", "{subject}", "versions"): {**_reads(reads.list_versions), "POST": _does(answers.register)},
    ("subjects", "{subject}", "versions", "{version}"): {
        **_reads(reads.show_version),
        "DELETE": _does(answers.delete_version),
    },
    ("subjects", "{subject}", "versions", "{version}", "schema"): _reads(reads.show_version_text),
    ("subjects", "{subject}", "versions", "{version}", "tags"): {"POST": _does(answers.tag)},
    ("subjects", "{subject}", "versions", "{version}", "referencedby"): _reads(reads.list_referrers),
    ("compatibility", "subjects", "{subject}", "versions"): {"POST": Operation(answer=answers.compare_all)},
    ("compatibility", "subjects", "{subject}", "versions", "{version}"): {
        "POST": Operation(answer=answers.compare_one)
    },
    ("config",): _CONFIG,
    ("config", "{subject}"): _CONFIG,
    ("mode",): _MODE,
    ("mode", "{subject}"): _MODE,
    ("contexts",): _reads(reads.list_contexts),
    ("contexts", "{context}"): {"DELETE": _does(answers.drop_context)},
    ("v1", "metadata", "id"): _reads(
        lambda _, __: {"id": "", "scope": {"path": [], "clusters": {"schema-registry-cluster": "amana"}}}
    ),
    ("v1", "metadata", "deployment"): _reads(lambda _, __: {"attributes": []}),
    ("v1", "metadata", "version"): _reads(lambda _, __: {"version": COMMIT[0], "commitId": COMMIT[1]}),
}


class RegistryApp:
    """`/registry` of one process."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._desk = Desk(context.registry, context.clock, context.settings.registry_max_schema)
        self._proxies = parse_networks(context.settings.trusted_proxies)
        self._failures = Budget(FAILURES_PER_MINUTE, MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        media, status = MEDIA, 200
        extra: tuple[tuple[bytes, bytes], ...] = ()
        try:
            media = _choose_media(find_header(scope["headers"], b"accept"))
            body = _render(await self._serve(scope, receive))
        except (Refused, TooLargeError, LateError) as error:
            refusal = self._refusal(error)
            status, body, extra = refusal.status, _say(refusal), refusal.headers
        except GoneError:
            raise
        except Exception as error:
            log.error("registry.failed", exc_info=error)  # noqa: TRY400 - its text may quote a schema
            refusal = codes.not_stored()
            status, body = refusal.status, _say(refusal)
        if scope["method"] == "HEAD":
            body = b""
        await answer(send, status, body, (b"content-type", media.encode()), extra)

    def _refusal(self, error: Refused | TooLargeError | LateError) -> Refused:
        if isinstance(error, Refused):
            return error
        if isinstance(error, LateError):
            return Refused(408, "The body was not whole in time.", headers=(CLOSE,))
        found = codes.too_large(self._desk.limit)
        return Refused(found.code, found.message, headers=(CLOSE,) if error.cut else ())

    async def _serve(self, scope: Scope, receive: Receive) -> Any:
        raw = scope.get("raw_path") or scope["path"].encode()
        place, operations = _find(segments(raw))
        operation = operations.get(scope["method"])
        if operation is None:
            allowed = ", ".join(sorted(operations)).encode()
            raise Refused(405, "HTTP 405 Method Not Allowed", headers=((b"allow", allowed),))
        body = await read_body(scope, receive, 2 * self._desk.limit + _ENVELOPE)
        wide = find_header(scope["headers"], WIDE).lower() == b"true"
        ask = Ask(place, _query(scope["query_string"]), body, wide)
        if operation.read is not None:
            return operation.read(self._context.registry.registry, ask)
        assert operation.answer is not None
        if body:
            _check_media(find_header(scope["headers"], b"content-type"))
        by = self._permit(scope, ask) if operation.writes else ""
        return await operation.answer(self._desk, ask, by)

    def _permit(self, scope: Scope, ask: Ask) -> str:
        """The name of who writes. Raises 40101, 40301, 429."""
        now = self._context.clock.now()
        try:
            writer = identify(scope, ask.body, self._context, self._proxies, _LOOPBACK)
        except Refused:
            address = self._context.refusals.hash_address(client_address(scope, self._proxies))
            if not self._failures.spend(address, 1, now):
                raise Refused(429, "Too many failures from this address; wait a minute.") from None
            raise
        registry, view = self._context.registry.registry, self._context.follower.directory.now()
        if "context" in ask.place or "subject" not in ask.place:
            check(writer, GLOBAL, view)
            return writer.name
        named = ask.place["subject"]
        subject = parse_scope(named) if parse_subject(named) is None else named
        for each in {parse_subject(subject) or GLOBAL, subject_of(registry, named) if parse_subject(named) else GLOBAL}:
            check(writer, each, view)
        return writer.name


def _find(parts: tuple[str, ...]) -> tuple[dict[str, str], Mapping[str, Operation]]:
    for pattern, operations in ROUTES.items():
        if len(pattern) == len(parts):
            place: dict[str, str] = {}
            for name, part in zip(pattern, parts, strict=True):
                if name.startswith("{"):
                    place[name.strip("{}")] = part
                elif name != part:
                    break
            else:
                return place, operations
    raise Refused(404, "HTTP 404 Not Found")


def _query(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_query(raw)
    except ValueError:
        raise Refused(400, "The query has too many parameters.") from None


def _choose_media(accept: bytes) -> str:
    """The first media type of ours that is accepted. Raises 406."""
    wanted = [part.partition(b";")[0].strip().lower().decode("latin-1") for part in accept.split(b",") if part.strip()]
    if not wanted or "*/*" in wanted or "application/*" in wanted:
        return next((name for name in wanted if name in MEDIA_TYPES), MEDIA)
    for name in wanted:
        if name in MEDIA_TYPES:
            return name
    raise Refused(406, "HTTP 406 Not Acceptable")


def _check_media(content_type: bytes) -> None:
    """Raises 415. A body without a type could be a web page's."""
    if content_type.partition(b";")[0].strip().lower().decode("latin-1") not in MEDIA_TYPES:
        raise Refused(415, "HTTP 415 Unsupported Media Type")


def _render(value: Any) -> bytes:
    return value.text.encode() if isinstance(value, Raw) else jsontext.render(value)


def _say(refusal: Refused) -> bytes:
    return jsontext.render({"error_code": refusal.code, "message": refusal.message})
