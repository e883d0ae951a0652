"""The gateway as one ASGI application: the engine, tokens, devices and health here, everything else to `/api/v1`.

Rule: the edges of admission, and nothing else: read bytes, ask the pure chain, append, answer. The hot path is raw ASGI
on purpose; requests of concurrent connections meet in the log's group commit. Bad input never gets a stack trace or a
500: what nobody expected is logged by its type and place, without payload, and answered AMANA-HUB-001.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final

from adapters.kit.errors import AdapterError, KitError
from adapters.kit.values import DeviceReply, DeviceRequest
from hub import records as r
from hub.errors import BadMessage, Halt, HubError, TryAgain
from hub.gateway import devices, receipts, tokens, uploading
from hub.gateway.address import client_address, parse_networks
from hub.gateway.admission import Push, Refusal, Wanted, examine
from hub.gateway.claiming import EACH, PULLED_AT_ONCE, Claiming
from hub.gateway.gathering import Gathering
from hub.gateway.heard import Heard
from hub.gateway.media import answer_media
from hub.gateway.quota import MINUTE, Budget
from hub.gateway.terms import make_terms
from hub.gateway.wire import (
    CLOSE,
    JSON,
    NO_STORE,
    TEXT,
    UPLOAD,
    XML,
    ASGIApp,
    GoneError,
    LateError,
    Receive,
    Scope,
    Send,
    TooLargeError,
    answer,
    answer_whole,
    find_header,
    read_body,
)
from hub.logs import logger
from hub.metrics.endpoint import PATH, gateway_metrics
from hub.ports import Admitted, Answered, Candidate, Conflict, Duplicate
from hub.pull import edge
from hub.registry import app as registry
from hub.uploads import Uploads
from signing import jsontext

if TYPE_CHECKING:
    from hub.gateway.context import GatewayContext

FAILURES_PER_MINUTE: Final = 30
_ENGINE: Final = "/esb/"
_WAYS: Final = {"/esb/push-request": "push", edge.LATE: "late"}

Take = Callable[[Push, Scope, Send], Awaitable[None]]
"""What answers one kind of POST to the engine."""

log = logger()


class Gateway:
    """One process's gateway. `api` serves whatever is not the engine's, the tokens', the devices' or health."""

    def __init__(self, context: GatewayContext, api: ASGIApp) -> None:
        self.context = context
        self.refusals = context.refusals
        self._api = api
        self._view = context.follower.directory.now()
        self._terms = make_terms(context)
        self._limit = context.settings.max_body
        self._proxies = parse_networks(context.settings.trusted_proxies)
        self._routes = devices.Routes(context.adapters)
        self._heard = Heard()
        self._gathering = Gathering(context.admissions, context.clock, context.measures)
        self.uploads = Uploads(
            context.store, context.keys.wrapper, vault=context.vault, quota=context.settings.upload_quota
        )
        self.pulls = edge.make_engine(context, self._view, self._gathering, self.uploads)
        self._claiming = Claiming(self.uploads, context.clock)
        self._pulling = Claiming(self.uploads, context.clock, PULLED_AT_ONCE, EACH)
        self._uploading = uploading.Uploading(context, self.uploads, self._view, self._terms, self._refuse)
        self._metrics = gateway_metrics(context)
        self._registry = registry.RegistryApp(context)
        self._failures = Budget(FAILURES_PER_MINUTE, MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return
        path: str = scope["path"]
        try:
            if path == "/esb/push-request":
                await self._engine(self._push, scope, receive, send)
            elif path in edge.PATHS:
                await self._engine(self._pull, scope, receive, send)
            elif path == UPLOAD or path.startswith(uploading.PREFIX):
                await self._guarded(self._uploading.serve(scope, receive, send), scope, send)
            elif path == "/oauth/token":
                await self._token(scope, receive, send)
            elif path.startswith(_ENGINE):
                await self._refuse(send, Refusal("AMANA-HTTP-007", ""), b"", scope)
            elif path in {"/healthz", "/readyz"}:
                await self._health(path, send)
            elif path == PATH:
                await self._guarded(self._metrics(scope, receive, send), scope, send)
            else:
                await self._elsewhere(path, scope, receive, send)
        except GoneError:
            return

    async def _elsewhere(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """What is not the engine's: the registry, devices, and everything else."""
        place = self._routes.place(path)
        if path == registry.PREFIX or path.startswith(registry.PREFIX + "/"):
            await self._registry(scope, receive, send)
        elif place is None:
            await self._api(scope, receive, send)
        else:
            await self._device(place, scope, receive, send)

    # the engine

    async def _engine(self, take: Take, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a POST and let `take` answer it."""
        await self._guarded(self._read(take, scope, receive, send), scope, send)

    async def _read(self, take: Take, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._refuse(send, Refusal("AMANA-HTTP-001", "POST"), b"", scope, (allow("POST"),))
            return
        headers = scope["headers"]
        body = await read_body(scope, receive, self._limit)
        authorization = content_type = b""
        for name, value in headers:
            if name == b"authorization":
                authorization = value
            elif name == b"content-type":
                content_type = value
        began = perf_counter()
        await take(Push(authorization, content_type, body), scope, send)
        self._timed(began, _WAYS.get(scope["path"], "pull"))

    async def _guarded(self, work: Awaitable[None], scope: Scope, send: Send) -> None:
        """Answer whatever goes wrong."""
        try:
            await work
        except TooLargeError as large:
            await self._refuse_large(send, large, scope)
        except LateError:
            error = BadMessage("AMANA-HTTP-005")
            self._count(error, 0, scope)
            await self._say_refused(send, scope, error, extra=(CLOSE,))
        except (TryAgain, Halt) as reaction:
            await self._refuse_hub(send, scope, reaction)
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line: logged, answered, never a stack trace
            await self._refuse_hub(send, scope, self._unexpected(error))

    async def _push(self, push: Push, scope: Scope, send: Send) -> None:
        found = examine(push, self._view, self.context.clock.now(), self._terms)
        if isinstance(found, Wanted):
            await self._push_claimed(push, found, scope, send)
        else:
            await self._admit(found, push.body, scope, send)

    async def _push_claimed(self, push: Push, wanted: Wanted, scope: Scope, send: Send) -> None:
        """A push whose body was uploaded before."""
        async with self._claiming.fetched(wanted) as fetched:
            if isinstance(fetched, Refusal):
                await self._refuse(send, fetched, push.body, scope)
            elif fetched.receipt is not None:
                await self._say_receipt(fetched.receipt, scope, send, checked=True)
            else:
                found = examine(push, self._view, self.context.clock.now(), self._terms, fetched.claimed)
                assert not isinstance(found, Wanted)
                outcome = await self._admit(found, push.body, scope, send)
                if outcome is not None:
                    await self._claiming.settle(fetched, outcome)

    async def _admit(
        self, found: Candidate | Refusal, received: bytes, scope: Scope, send: Send
    ) -> Admitted | Duplicate | None:
        """Store and answer; None: refused."""
        if isinstance(found, Refusal):
            await self._refuse(send, found, received, scope)
            return None
        outcome = await self._gathering.admit(found)
        if isinstance(outcome, Conflict):
            refusal = Refusal("AMANA-DUP-001", "", self._view.system(found.system), found.code)
            await self._refuse(send, refusal, received, scope)
            return None
        checked, notice = r.CHECKED not in found.headers, found.headers.get(r.NOTICE, "")
        await self._say_receipt(outcome, scope, send, checked=checked, notice=notice)
        return outcome

    async def _say_receipt(
        self, receipt: Admitted | Duplicate, scope: Scope, send: Send, *, checked: bool, notice: str = ""
    ) -> None:
        media = answer_media(find_header(scope["headers"], b"content-type"))
        signed = receipts.render_receipt(
            receipt, self.context.keys.signing, checked=checked, media=media, notice=notice
        )
        await answer_whole(scope, send, 200, signed, XML if media == "xml" else JSON)

    async def _pull(self, pull: Push, scope: Scope, send: Send) -> None:
        now = self.context.clock.now()
        spoken = await edge.answer(self.pulls, scope["path"], pull, self._view, now, self._terms, self._pulling)
        if isinstance(spoken, Refusal):
            await self._refuse(send, spoken, pull.body, scope)
            return
        extra = () if spoken.retry_after is None else (_retry_after(spoken.retry_after),)
        kind = XML if answer_media(pull.content_type) == "xml" else JSON
        await answer_whole(scope, send, spoken.status, spoken.body, kind, extra)

    async def _refuse(
        self,
        send: Send,
        refusal: Refusal,
        received: bytes,
        scope: Scope,
        extra: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        address = client_address(scope, self._proxies)
        request = self.refusals.record(refusal, received, address, self.context.clock.now())
        await self._say_refused(send, scope, refusal.error, request, extra)

    async def _refuse_large(self, send: Send, large: TooLargeError, scope: Scope) -> None:
        error = BadMessage("AMANA-SIZE-001", f"limit {self._limit} bytes")
        self._count(error, large.size, scope)
        await self._say_refused(send, scope, error, extra=(CLOSE,) if large.cut else ())

    async def _refuse_hub(self, send: Send, scope: Scope, error: HubError) -> None:
        self._note(error)
        retry = (_retry_after(error.after),) if isinstance(error, TryAgain) else ()
        await self._say_refused(send, scope, error, extra=retry)

    async def _say_refused(
        self,
        send: Send,
        scope: Scope,
        error: HubError,
        request: str = "",
        extra: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """A signed refusal in the media type of the request. `request`: the id under which it is remembered, if it is."""
        media = answer_media(find_header(scope["headers"], b"content-type"))
        body = receipts.render_refusal(error, request or receipts.new_request_id(), self.context.keys.signing, media)
        await answer(send, error.spec.status, body, XML if media == "xml" else JSON, extra)

    def _timed(self, began: float, way: str) -> None:
        self.context.measures.observe("amana_request_seconds", perf_counter() - began, way)

    def _count(self, error: BadMessage, size: int, scope: Scope) -> None:
        self.refusals.count(error.code, size, client_address(scope, self._proxies), self.context.clock.now())

    def _unexpected(self, error: Exception) -> HubError:
        """Logs type and place of what nobody expected. Its text may quote a payload, so it is left out."""
        log.error("gateway.failed", exc_info=error)
        return Halt("AMANA-HUB-001")

    # tokens

    async def _token(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await answer(send, 405, tokens.wrong_method(), JSON, (allow("POST"),))
            return
        headers = scope["headers"]
        try:
            body = await read_body(scope, receive, tokens.MAX_FORM)
        except TooLargeError as large:
            await answer(send, 413, tokens.too_large(), JSON, (CLOSE,) if large.cut else ())
            return
        except LateError:
            self._count(BadMessage("AMANA-HTTP-005"), 0, scope)
            await answer(send, 408, tokens.too_late(), JSON, (CLOSE,))
            return
        context = self.context
        now = context.clock.now()
        reply = tokens.decide(
            find_header(headers, b"authorization"),
            find_header(headers, b"content-type"),
            body,
            self._view,
            now,
            key=context.keys.token,
            seconds=context.settings.token_seconds,
        )
        if reply.code:
            address = client_address(scope, self._proxies)
            self.refusals.count(reply.code, len(body), address, now)
            if not self._failures.spend(self.refusals.hash_address(address), 1, now):
                after = _retry_after(self._failures.seconds_left(now))
                await answer(send, 429, tokens.throttled(), JSON, (NO_STORE, after))
                return
        challenge = ((b"www-authenticate", b'Basic realm="amana"'),) if reply.basic else ()
        await answer_whole(scope, send, reply.status, reply.body, JSON, (NO_STORE, *challenge))

    # devices

    async def _device(self, place: devices.Place, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope, self._proxies)
        body = b""
        try:
            mounted = self._routes.find(place, scope["method"])
            query = devices.parse_query(scope["query_string"], mounted.route.serial)
            device = devices.accept(place, query, address, mounted.adapter.id, self._view, mounted.route.serial)
            body = await read_body(scope, receive, self._limit)
            began = perf_counter()
            kind = find_header(scope["headers"], b"content-type").decode("latin-1")
            request = DeviceRequest(scope["method"], place.path, query, body, kind)
            reply = self._ask_adapter(mounted, request, devices.context_of(device, self._heard.of(device.id)))
            text = reply.text
            if reply.admit is not None:
                candidate = devices.make_candidate(reply.admit, device, self._view, self._terms)
                _refuse_conflict(await self._gathering.admit(candidate))
                text = reply.text_when_stored
            self._heard.note(device.id, reply.answered)
            await answer(send, reply.status, text.encode(), TEXT)
            self._timed(began, "device")
        except TooLargeError as large:
            error = BadMessage("AMANA-SIZE-001", f"limit {self._limit} bytes")
            self._count(error, large.size, scope)
            await answer(send, error.spec.status, error.text().encode(), TEXT, (CLOSE,) if large.cut else ())
        except LateError:
            error = BadMessage("AMANA-HTTP-005")
            self._count(error, 0, scope)
            await answer(send, error.spec.status, error.text().encode(), TEXT, (CLOSE,))
        except BadMessage as error:
            self._count(error, len(body), scope)
            allowed = (allow(error.detail),) if error.code == "AMANA-HTTP-001" else ()
            await answer(send, error.spec.status, error.text().encode(), TEXT, allowed)
        except HubError as error:
            await self._later(send, error)
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line: logged, answered, never a stack trace
            await self._later(send, self._unexpected(error))

    def _ask_adapter(self, mounted: devices.Mounted, request: DeviceRequest, device: object) -> DeviceReply:
        try:
            return mounted.adapter.handle(mounted.route, request, device)  # type: ignore[arg-type]
        except AdapterError as error:
            raise BadMessage("AMANA-DEVICE-002", error.kind) from None
        except KitError as error:
            log.warning("adapter.failed", adapter=mounted.adapter.id, kind=error.kind, detail=error.detail)
            raise Halt("AMANA-HUB-001") from None

    async def _later(self, send: Send, error: HubError) -> None:
        """Nothing was stored: 503, and the device sends it again."""
        self._note(error)
        after = error.after if isinstance(error, TryAgain) else 30.0
        await answer(send, 503, error.text().encode(), TEXT, (_retry_after(after),))

    def _note(self, error: HubError) -> None:
        """What the log could not store makes this process unready until `look` has seen it write again."""
        self.context.measures.inc("amana_refused_total", error.code)
        if error.code == "AMANA-BUS-001":
            self.context.health.down("bus")

    # health

    async def _health(self, path: str, send: Send) -> None:
        health = self.context.health
        ready = health.ready or path == "/healthz"
        state = "alive" if path == "/healthz" else health.reason()
        await answer(send, 200 if ready else 503, jsontext.render({"status": state}), JSON, (NO_STORE,))


def _refuse_conflict(outcome: Answered) -> None:
    """What is no receipt must not be answered with one."""
    if isinstance(outcome, Conflict):
        raise BadMessage("AMANA-DUP-001")


def allow(methods: str) -> tuple[bytes, bytes]:
    """The header that every 405 has (RFC 9110, section 15.5.6)."""
    return b"allow", methods.encode()


def _retry_after(seconds: float) -> tuple[bytes, bytes]:
    return b"retry-after", b"%d" % max(1, round(seconds))
