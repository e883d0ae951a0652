"""A reference sender: fetches tokens, signs, pushes, pulls, repeats what may be repeated, believes only signed answers.

Rule: an answer counts when its signature verifies under the hub's key, and a receipt when its digest is that of the bytes
sent. Repeating a push is safe because the hub tells duplicates by the code's dedupe rule; a pull is repeated only where it
cannot have arrived, or the hub says later. Every other refusal is final.

    sender = Sender("http://127.0.0.1:8460", client_id, client_secret, key, hub_key)
    receipt = sender.push("EMPLOYEES", Path("employees.json").read_bytes())
    answer = sender.pull("REGISTRY", b'{"id":"1"}')
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from hub.client import answers
from hub.client.answers import Answer, Message, Page, PullAnswer, Receipt
from hub.client.connection import ATTEMPTS, GATEWAYS, PULL_TIMEOUT, TIMEOUT, Connection
from hub.client.failures import RepeatError, SendingError
from signing import envelope, jsontext
from signing.encrypted import seal_for
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow

if TYPE_CHECKING:
    import ssl

    import httpx

    from hub.client.tokens import Tokens
    from hub.ports import Clock
    from signing.keys import PrivateKey, PublicKey

OUTBOX: Final = "OUTBOX"
"""The reserved code under which a system reads what waits for it."""

MOST_CONFIRMED: Final = 1000
"""Messages that one question can confirm."""

INLINE: Final = 1_048_576
"""Bytes of an envelope. The body of a larger one is uploaded, and the envelope carries a signed reference to it."""

_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_AGAIN: Final = "send the same again later: the hub tells repeats from new messages"
_ASK_AGAIN: Final = "ask again later; whether the request reached its provider is not known"


class Sender:
    """One system of an institution at one hub. May be used from several threads."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        key: PrivateKey,
        hub_key: PublicKey,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], None] = time.sleep,
        tokens: Tokens | None = None,
        context: ssl.SSLContext | None = None,
        encrypt: bool = False,
    ) -> None:
        """`tokens`: where to keep the access token, in memory unless given. `context`: TLS towards the hub; None: as
        the system trusts. `encrypt`: bodies are sealed for the hub, so that nobody on the way reads them."""
        self._key = key
        self._hub = KeyRing([KeyWindow(hub_key, 0, None)])
        self._connection = Connection(
            url,
            client_id,
            client_secret,
            clock=clock,
            transport=transport,
            attempts=attempts,
            pause=pause,
            tokens=tokens,
            context=context,
        )
        self._sealed_for = hub_key if encrypt else None

    def push(self, code: str, body: bytes) -> Receipt:
        """Push one JSON body under a code; a large one is uploaded first. Raises `SendingError`."""
        return self.send(self._wrap([("pushCode", jsontext.render(code))], body))

    def seal(self, code: str, body: bytes) -> bytes:
        """The signed envelope of a push. The body's bytes are embedded as they are, or encrypted for the hub."""
        return self._seal([("pushCode", jsontext.render(code)), ("esbBody", self._prepare(body))])

    def send(self, sealed: bytes) -> Receipt:
        """Send the envelope of a push as it is until there is an answer. Raises `SendingError`."""
        answer = self._post("/esb/push-request", sealed, safe=True, remedy=_AGAIN)
        return answers.read_receipt(answer, sealed)

    def pull(
        self, code: str, body: bytes | None = None, *, user_id: str | None = None, request_id: str | None = None
    ) -> PullAnswer:
        """Ask the provider of a code. `request_id`: of an earlier pull whose answer was to follow. Raises
        `SendingError`: `sure` when the hub said no, otherwise the request may have reached the provider."""
        return self._pull(code, body, user_id=user_id, request_id=request_id, safe=request_id is not None)

    def read_outbox(
        self, *, subscription: str | None = None, limit: int = 100, confirm: bool = False
    ) -> Iterator[Message]:
        """What waits for this system, in order; of one subscription, if it is named. With `confirm`, the messages of a
        page are confirmed once the caller has come back for the one behind them; what it broke off at waits on.
        Without, confirm them with `confirm`. Raises `SendingError`."""
        cursor: str | None = None
        taken: list[str] = []
        while True:
            page = self._read_page(cursor, taken, limit, subscription)
            taken = []
            for message in page.messages:
                yield replace(message, body=self._fetch(message.body))
                if confirm:
                    taken.append(message.request_id)
            cursor = page.cursor
            if not page.more or cursor is None:
                break
        self.confirm(taken)

    def confirm(self, request_ids: Iterable[str]) -> list[str]:
        """Tell the hub that these messages of the outbox were taken; returns those that it does not know there.
        Confirming twice is harmless. Raises `SendingError`."""
        names = list(request_ids)
        unknown: list[str] = []
        for start in range(0, len(names), MOST_CONFIRMED):
            unknown += self._read_page(None, names[start : start + MOST_CONFIRMED], 1, None).unknown
        return unknown

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pull(
        self, code: str, body: bytes | None, *, user_id: str | None, request_id: str | None, safe: bool
    ) -> PullAnswer:
        members = [("apiCode", jsontext.render(code))]
        if user_id is not None:
            members.append(("userId", jsontext.render(user_id)))
        if request_id is not None:
            members.append(("requestId", jsontext.render(request_id)))
        sealed = self._seal(members) if body is None else self._wrap(members, body)
        answer = answers.read_pull(
            self._post("/esb/request", sealed, safe=safe, remedy=_ASK_AGAIN, timeout=PULL_TIMEOUT)
        )
        return answer if answer.body is None else replace(answer, body=self._fetch(answer.body))

    def _read_page(self, cursor: str | None, confirm: list[str], limit: int, subscription: str | None) -> Page:
        question: dict[str, Any] = {"limit": limit}
        if subscription is not None:
            question["subscription"] = subscription
        if cursor is not None:
            question["cursor"] = cursor
        if confirm:
            question["confirm"] = confirm
        body = jsontext.render(question)
        return answers.read_page(self._pull(OUTBOX, body, user_id=None, request_id=None, safe=True))

    def _wrap(self, members: list[tuple[str, bytes]], body: bytes) -> bytes:
        """The envelope with the body, or with a reference in place of one that is too large for it."""
        content = self._prepare(body)
        sealed = self._seal([*members, ("esbBody", content)])
        if len(sealed) <= INLINE:
            return sealed
        answer = self._post("/esb/upload", content, safe=True, remedy=_AGAIN, media=_BYTES)
        claim = jsontext.render({"claim": answers.read_claim(answer, content)})
        return self._seal([*members, ("esbBody", claim)])

    def _prepare(self, body: bytes) -> bytes:
        """The body as it stands in the envelope. Raises `SendingError` for what is no strict JSON."""
        try:
            jsontext.parse(body)
        except SigningError as error:
            raise SendingError(
                f"the body is not strict JSON ({error.detail})", "correct it; nothing was sent"
            ) from error
        content = body.strip()
        return content if self._sealed_for is None else jsontext.render(seal_for(content, self._sealed_for))

    def _fetch(self, body: bytes) -> bytes:
        """The body, or what it claims: a large one lies at the hub, and the signed reference names its digest."""
        claim = answers.read_reference(body)
        if claim is None:
            return body

        def attempt() -> bytes:
            got = self._connection.get(f"/esb/upload/{claim.reference}")
            if got.status_code in GATEWAYS:
                raise RepeatError(f"the hub answered {got.status_code}", reached=True)
            if got.status_code != 200:
                answers.check_success(
                    answers.verify(got.status_code, got.content, self._hub, self._connection.clock.now())
                )
            return answers.check_fetched(got.content, claim)

        return self._connection.repeat(attempt, safe=True, remedy=_ASK_AGAIN)

    def _seal(self, members: list[tuple[str, bytes]]) -> bytes:
        # as they are: what the sender signs is its own affair, only the hub's own envelopes are reworded
        data = b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), text) for name, text in members)
        return envelope.seal(data, self._key)

    def _post(
        self, path: str, body: bytes, *, safe: bool, remedy: str, media: str = _JSON, timeout: float = TIMEOUT
    ) -> Answer:
        def attempt() -> Answer:
            got = self._connection.post(path, body, media, timeout=timeout)
            if got.status_code in GATEWAYS and safe:
                raise RepeatError(f"the hub answered {got.status_code}", reached=True)
            return answers.verify(got.status_code, got.content, self._hub, self._connection.clock.now())

        return self._connection.repeat(attempt, safe=safe, remedy=remedy)
