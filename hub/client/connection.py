"""The client's way to the hub: HTTP exchanges with a token, repeated where that is safe.

Rule: 429, 503 and a connection that was not made are repeated for everything, with growing pauses or as the hub says; what
may have arrived (a broken connection, 502, 504) is repeated only for what the hub tells as a repeat.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hub.client.failures import RepeatError, SendingError
from hub.client.tokens import MARGIN_MS, MemoryTokens, Token, Tokens
from hub.clock import SystemClock
from hub.records import Ms
from signing import jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    import ssl

    import httpx

    from hub.ports import Clock

T = TypeVar("T")

TIMEOUT: Final = 30.0  # seconds, for one exchange
PULL_TIMEOUT: Final = 120.0  # the provider's time comes on top
ATTEMPTS: Final = 6
LONGEST_PAUSE: Final = 20.0  # seconds
LATER: Final = frozenset({429, 503})
GATEWAYS: Final = frozenset({502, 504})


class Connection:
    """One system's connection to one hub. May be used from several threads."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], None] = time.sleep,
        tokens: Tokens | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        import httpx

        self._client_id = client_id
        self._client_secret = client_secret
        self._attempts = attempts
        self._pause = pause
        self._lock = threading.Lock()
        self._tokens: Tokens = tokens or MemoryTokens()
        self.clock: Clock = clock or SystemClock()
        self._http = httpx.Client(  # noqa: TID251  # a sender is not the hub: it has a connection of its own
            base_url=url.rstrip("/"), timeout=TIMEOUT, transport=transport, trust_env=False, verify=context or True
        )

    def close(self) -> None:
        self._http.close()

    def repeat(self, attempt: Callable[[], T], *, safe: bool, remedy: str) -> T:
        """What `attempt` gives, once it does not raise `RepeatError`. `safe`: the hub tells a repeat of this request,
        so it may be sent again even when it may have arrived. Raises `SendingError`."""
        for number in range(1, self._attempts + 1):
            try:
                return attempt()
            except RepeatError as why:
                if number == self._attempts or (why.reached and not safe):
                    times = f"{number} attempt{'s' if number > 1 else ''}"
                    raise SendingError(f"no answer after {times}: {why.reason}", remedy, sure=False) from why
                after = why.after if why.after is not None else 0.25 * 2**number
                self._pause(min(after, LONGEST_PAUSE))
        raise AssertionError("at least one attempt")

    def post(self, path: str, body: bytes, media: str, *, timeout: float = TIMEOUT) -> httpx.Response:
        """One exchange with a token. Raises `RepeatError` for what is worth another attempt, `SendingError` when
        there is no token to be had."""
        return self._ask("POST", path, {"content-type": media}, content=body, timeout=timeout)

    def get(self, path: str) -> httpx.Response:
        """Likewise, without a body."""
        return self._ask("GET", path, {})

    def _ask(self, method: str, path: str, headers: dict[str, str], **parts: Any) -> httpx.Response:
        token, fresh = self._fetch_token()
        answer = self._exchange(method, path, headers={"authorization": f"Bearer {token}", **headers}, **parts)
        if answer.status_code in LATER:
            raise RepeatError(f"the hub answered {answer.status_code}{_code_in(answer)}", _retry_after(answer))
        if answer.status_code == 401:
            expired = b"AMANA-AUTH-002" in answer.content
            if expired or b"AMANA-AUTH-001" in answer.content:
                with self._lock:
                    self._tokens.drop()
                if expired or not fresh:
                    raise RepeatError("the token was refused", 0.0)
        return answer

    def _fetch_token(self) -> tuple[str, bool]:
        """A token, and whether the hub gave it just now."""
        with self._lock:
            kept = self._tokens.get(self.clock.now())
            if kept is not None:
                return kept.text, False
            answer = self._exchange(
                "POST",
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret,
                },
                auth=(self._client_id, self._client_secret),
            )
            if answer.status_code in LATER | GATEWAYS:
                raise RepeatError(f"the hub gave no token ({answer.status_code})", _retry_after(answer))
            token = self._read_token(answer)
            self._tokens.put(token)
            return token.text, True

    def _read_token(self, answer: httpx.Response) -> Token:
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
        return Token(str(reply["access_token"]), Ms(self.clock.now() + max(lifetime - MARGIN_MS, 0)))

    def _exchange(self, method: str, path: str, **parts: Any) -> httpx.Response:
        import httpx

        try:
            return self._http.request(method, path, **parts)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            _refuse_untrusted(error)
            raise RepeatError(f"no connection ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            _refuse_untrusted(error)
            reached = path != "/oauth/token"
            raise RepeatError(f"no answer ({type(error).__name__})", reached=reached) from error


def _refuse_untrusted(error: Exception) -> None:
    """What TLS refuses is refused for good: nothing was sent."""
    from hub.tls import trouble

    why = trouble(error)
    if why is not None:
        raise SendingError("no connection to the hub", why) from error


def _code_in(answer: httpx.Response) -> str:
    """The stable code in an answer that was not verified: a hint for people, never a decision."""
    found = re.search(rb"AMANA-[A-Z]{2,12}-\d{3}", answer.content)
    return f" ({found[0].decode()})" if found else ""


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
