"""A reference sender: fetches tokens, signs, pushes, repeats what may be repeated, and believes only signed answers.

Rule: an answer counts when its signature verifies under the hub's key and its digest is that of the bytes sent; anything
else is not a receipt. Repeating is safe because the hub tells duplicates by the code's dedupe rule: no answer, 429 and 503
are repeated with growing pauses, every other refusal is final.

    sender = Sender("http://127.0.0.1:8460", client_id, client_secret, key, hub_key)
    receipt = sender.push("EMPLOYEES", Path("employees.json").read_bytes())
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from hub.clock import SystemClock
from signing import envelope, jsontext
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow

if TYPE_CHECKING:
    import httpx

    from hub.ports import Clock
    from signing.keys import PrivateKey, PublicKey

TIMEOUT: Final = 30.0  # seconds, for one exchange
ATTEMPTS: Final = 6
LONGEST_PAUSE: Final = 20.0  # seconds
TOKEN_MARGIN_MS: Final = 30_000  # a token this near its end is fetched anew


@dataclass(frozen=True, slots=True)
class Receipt:
    """The hub's signed word that it holds a message. `answer` is the envelope as received: keep it as evidence."""

    request_id: str
    digest: str  # "sha256:<hex>" of the bytes that the hub received (the first time, for a duplicate)
    received_at: str
    duplicate: bool
    answer: bytes


class SendingError(Exception):
    """No receipt. `sure`: the hub said no, so nothing was stored; otherwise send the same again later."""

    def __init__(self, happened: str, remedy: str, *, status: int | None = None, sure: bool = True) -> None:
        self.happened = happened
        self.remedy = remedy
        self.status = status
        self.sure = sure
        super().__init__(happened)

    @property
    def code(self) -> str | None:
        """The stable code with which the hub's text begins."""
        first = self.happened.split(":", 1)[0]
        return first if first.startswith("AMANA-") else None


class _Repeat(Exception):
    """Worth another attempt, after so many seconds if the hub said so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        self.reason = reason
        self.after = after
        super().__init__(reason)


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
    ) -> None:
        import httpx

        self._client_id = client_id
        self._client_secret = client_secret
        self._key = key
        self._hub = KeyRing([KeyWindow(hub_key, 0, None)])
        self._clock: Clock = clock or SystemClock()
        self._attempts = attempts
        self._pause = pause
        self._lock = threading.Lock()
        self._token: tuple[str, int] | None = None
        self._http = httpx.Client(  # noqa: TID251  # a sender is not the hub: it has a connection of its own
            base_url=url.rstrip("/"), timeout=TIMEOUT, transport=transport, trust_env=False
        )

    def push(self, code: str, body: bytes) -> Receipt:
        """Push one JSON body under a code. Raises `SendingError`."""
        return self.send(self.seal(code, body))

    def seal(self, code: str, body: bytes) -> bytes:
        """The signed envelope of a push. The body's bytes are embedded as they are."""
        try:
            jsontext.parse(body)
        except SigningError as error:
            raise SendingError(
                f"the body is not strict JSON ({error.detail})", "correct it; nothing was sent"
            ) from error
        # as they are: what the sender signs is its own affair, only the hub's own envelopes are reworded
        data = b'{"pushCode":%b,"esbBody":%b}' % (jsontext.render(code), body.strip())
        return envelope.seal(data, self._key)

    def send(self, sealed: bytes) -> Receipt:
        """Send an envelope as it is until there is an answer. Raises `SendingError`."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._push_once(sealed)
            except _Repeat as why:
                if attempt == self._attempts:
                    raise SendingError(
                        f"no receipt after {attempt} attempts: {why.reason}",
                        "send the same file again later: the hub tells repeats from new messages",
                        sure=False,
                    ) from why
                pause = why.after if why.after is not None else min(LONGEST_PAUSE, 0.25 * 2**attempt)
                self._pause(min(pause, LONGEST_PAUSE))
        raise AssertionError("at least one attempt")

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _push_once(self, sealed: bytes) -> Receipt:
        headers = {"authorization": f"Bearer {self._fetch_token()}", "content-type": "application/json"}
        answer = self._post("/esb/push-request", content=sealed, headers=headers)
        if answer.status_code in {429, 502, 503, 504}:
            raise _Repeat(f"the hub answered {answer.status_code}", _retry_after(answer))
        if answer.status_code == 401 and b"AMANA-AUTH-002" in answer.content:
            with self._lock:
                self._token = None
            raise _Repeat("the token expired on the way", 0.0)
        return self._read_answer(answer, sealed)

    def _read_answer(self, answer: httpx.Response, sealed: bytes) -> Receipt:
        members = self._verify(answer)
        if members.get("success") is not True:
            raise SendingError(
                str(members.get("message") or "the hub refused the message"),
                "correct it and send again; nothing was stored",
                status=answer.status_code,
            )
        body = members.get("esbBody")
        request = members.get("requestId")
        if not isinstance(body, dict) or not isinstance(request, str):
            raise self._unproven("the answer is no receipt")
        receipt = Receipt(
            request_id=request,
            digest=str(body.get("digest")),
            received_at=str(body.get("receivedAt")),
            duplicate=body.get("duplicate") is True,
            answer=answer.content,
        )
        if not receipt.duplicate and receipt.digest != "sha256:" + hashlib.sha256(sealed).hexdigest():
            raise self._unproven("the receipt is for other bytes than were sent")
        return receipt

    def _verify(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            frame = envelope.frame(answer.content)
            envelope.verify(frame, self._hub, self._clock.now())
            members = jsontext.parse(frame.data)
        except SigningError as error:
            raise self._unproven(f"the answer (HTTP {answer.status_code}) is not signed by this hub") from error
        if not isinstance(members, dict):
            raise self._unproven("the answer is no receipt")
        return members

    @staticmethod
    def _unproven(happened: str) -> SendingError:
        return SendingError(
            happened,
            "check the address and the hub's key (GET /api/v1/hub); whether the message was stored is not proven",
            sure=False,
        )

    def _fetch_token(self) -> str:
        with self._lock:
            if self._token is not None and self._clock.now() < self._token[1]:
                return self._token[0]
            answer = self._post(
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret,
                },
                auth=(self._client_id, self._client_secret),
            )
            if answer.status_code in {429, 502, 503, 504}:
                raise _Repeat(f"the hub gave no token ({answer.status_code})", _retry_after(answer))
            try:
                reply = jsontext.parse(answer.content)
            except SigningError:
                reply = None
            if answer.status_code != 200 or not isinstance(reply, dict) or "access_token" not in reply:
                text = reply.get("error_description") if isinstance(reply, dict) else None
                raise SendingError(
                    str(text or f"the hub gave no token (HTTP {answer.status_code})"),
                    "check client id and secret, and the address",
                    status=answer.status_code,
                )
            lifetime = int(reply.get("expires_in", 0)) * 1000
            self._token = (str(reply["access_token"]), self._clock.now() + max(lifetime - TOKEN_MARGIN_MS, 0))
            return self._token[0]

    def _post(self, path: str, **parts: Any) -> httpx.Response:
        import httpx

        try:
            return self._http.post(path, **parts)
        except httpx.HTTPError as error:
            raise _Repeat(f"no answer ({type(error).__name__})") from error


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
