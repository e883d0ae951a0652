"""The client of `/api/v1`: signs what an operator asks for and gives back JSON, or says why not.

Rule: every changing request is an envelope signed by the operator's key, every read carries a signed header; over the
local socket of a hub on this machine, or over HTTP. `Refused` carries the hub's own words; `Unreachable` says how to
start a hub. httpx is imported when something is sent, so that commands start fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from hub.clock import SystemClock
from signing.jsontext import parse, render

if TYPE_CHECKING:
    import ssl

    import httpx

    from hub.ports import Clock
    from signing.keys import PrivateKey

SOCKET = "api.sock"
LOCAL = "http://amana.local"
TIMEOUT = 60.0  # seconds; a change waits for its record to be durable and applied, a report for its bodies to open


class ClientError(Exception):
    """What was asked for did not happen."""


class Unreachable(ClientError):
    """No hub answered."""

    def __init__(self, happened: str, remedy: str) -> None:
        self.happened = happened
        self.remedy = remedy
        super().__init__(f"{happened}: {remedy}")


class Refused(ClientError):
    """The hub refused, and said why in a problem document (RFC 9457) with a stable code."""

    def __init__(self, status: int, code: str, happened: str, detail: str, expected: str, remedy: str) -> None:
        self.status = status
        self.code = code
        self.happened = happened
        self.detail = detail
        self.expected = expected
        self.remedy = remedy
        super().__init__(f"{code}: {happened}" + (f" ({detail})" if detail else ""))


def no_hub_on(data: Path) -> Unreachable:
    """What to say when no hub listens for this data directory."""
    return Unreachable(f"no hub is running on {data}", "start it with `amana serve`")


class HubClient:
    """One operator at one hub. Synchronous; safe to use from one thread at a time."""

    def __init__(
        self,
        data: Path | None,
        url: str | None,
        operator: PrivateKey | None = None,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`context`: TLS towards the hub; None: as the system trusts."""
        if (data is None) == (url is None):
            raise ValueError("either the data directory of a hub on this machine, or the address of a hub")
        self._data = data
        self._url = (url or LOCAL).rstrip("/")
        self._operator = operator
        self._clock: Clock = clock or SystemClock()
        self._transport = transport
        self._context = context
        self._http: httpx.Client | None = None  # noqa: TID251  # this module owns the client

    @property
    def place(self) -> str:
        """The hub that is spoken to, for messages."""
        return self._url if self._data is None else str(self._data)

    def change(self, kind: str, args: dict[str, Any]) -> dict[str, Any]:
        """Ask for a change; returns `{"position", "id", "result"}` once it is durable and applied."""
        from hub.control.requests import sign_change

        body = sign_change(self._key(), kind, args, self._clock.now())
        answer = self._exchange("POST", "/api/v1/changes", body, {"content-type": "application/json"})
        return _object(answer)

    def get(self, target: str) -> dict[str, Any]:
        """Read; `target` is the path below the host with its query, such as `/api/v1/runs?limit=10`."""
        return _object(self._exchange("GET", target, None, self._authorization("GET", target)))

    def ask(self, target: str, question: dict[str, Any]) -> dict[str, Any]:
        """Read with a question that must stand in no address and no log (an employee number): it travels in the
        body, and the signed header covers its digest."""
        from hub.control.requests import body_target

        body = render(question)
        headers = self._authorization("POST", body_target(target, body)) | {"content-type": "application/json"}
        return _object(self._exchange("POST", target, body, headers))

    def public(self, target: str) -> dict[str, Any]:
        """Read what needs no operator, such as `/api/v1/hub`."""
        return _object(self._exchange("GET", target, None, {}))

    def tell(self, target: str, body: bytes) -> dict[str, Any]:
        """Post what carries a signature of its own, such as a join request."""
        return _object(self._exchange("POST", target, body, {"content-type": "application/json"}))

    def order(self, target: str) -> dict[str, Any]:
        """Have the hub do something that changes nothing, such as a connection test, signed like a read."""
        return _object(self._exchange("POST", target, None, self._authorization("POST", target)))

    def registry(self, method: str, target: str, value: Any = None, *, signed: bool = False) -> Any:
        """Ask the schema registry; `target`: below `/registry`. What it refuses is `Refused` with its number."""
        from hub.control.requests import body_target, sign_read

        path = f"/registry{target}"
        body = None if value is None else render(value)
        headers = {} if body is None else {"content-type": "application/json"}
        if signed:
            whole = body_target(path, body or b"")
            headers["authorization"] = sign_read(self._key(), method, whole, self._clock.now())
        return parse(self._exchange(method, path, body, headers).content)

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _key(self) -> PrivateKey:
        if self._operator is None:
            raise ValueError("this client has no operator key")
        return self._operator

    def _authorization(self, method: str, target: str) -> dict[str, str]:
        from hub.control.requests import sign_read

        return {"authorization": sign_read(self._key(), method, target, self._clock.now())}

    def _connection(self) -> httpx.Client:  # noqa: TID251
        if self._http is None:
            import httpx

            transport = self._transport
            if transport is None and self._data is not None:
                transport = httpx.HTTPTransport(uds=self._listening(self._data))
            self._http = httpx.Client(  # noqa: TID251
                base_url=self._url, timeout=TIMEOUT, transport=transport, trust_env=False, verify=self._context or True
            )
        return self._http

    def _listening(self, data: Path) -> str:
        """The socket of the hub, on which somebody listens. Asked here because httpcore forgets to close a socket
        that it could not connect."""
        import socket

        from hub.rundir import run_directory

        path = str(run_directory(data) / SOCKET)
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
            except OSError as error:
                raise self._nobody() from error
        return path

    def _exchange(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> httpx.Response:
        import httpx

        if self._data is not None and not self._data.is_dir():
            raise self._nobody()
        try:
            answer = self._connection().request(method, target, content=body, headers=headers)
        except httpx.ConnectError as error:
            raise self._untrusted(error) or self._nobody() from error
        except httpx.TimeoutException as error:
            raise Unreachable(
                f"the hub on {self.place} did not answer within {TIMEOUT:.0f} seconds",
                "look at its log; a change that was asked for may still be made, so list before you repeat it",
            ) from error
        except httpx.HTTPError as error:
            raise self._untrusted(error) or Unreachable(
                f"the connection to the hub on {self.place} broke off",
                "look whether it still runs, and whether it asks callers for a certificate (--client-certificate); "
                "list before you repeat a change",
            ) from error
        if answer.status_code >= 400:
            raise refusal(answer.status_code, answer.content)
        return answer

    def _untrusted(self, error: Exception) -> Unreachable | None:
        from hub.tls import trouble

        why = trouble(error)
        return None if why is None else Unreachable(f"no connection to the hub at {urlsplit(self._url).netloc}", why)

    def _nobody(self) -> Unreachable:
        if self._data is not None:
            return no_hub_on(self._data)
        host = urlsplit(self._url).netloc
        return Unreachable(f"no hub answers at {host}", "check the address given with --url, and the network")


def refusal(status: int, body: bytes) -> Refused:
    """The problem document of an answer, or a plain text for one that has none."""
    try:
        problem = parse(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "error_code" in problem:
        return Refused(status, f"registry {problem['error_code']}", str(problem.get("message", "")), "", "", "")
    if not isinstance(problem, dict) or "code" not in problem:
        return Refused(
            status,
            f"HTTP {status}",
            "the answer is not one of a hub",
            "",
            "a hub's answer",
            "Check the address; a proxy may stand in between",
        )
    return Refused(
        status,
        str(problem["code"]),
        str(problem.get("title", "")),
        str(problem.get("detail") or ""),
        str(problem.get("expected", "")),
        str(problem.get("remedy", "")),
    )


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = parse(answer.content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise refusal(answer.status_code, b"")
    return value
