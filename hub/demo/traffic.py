"""What the made-up systems and devices send, well-behaved and hostile, and the count of every answer.

Rule: it keeps its own books. What the hub says it has is later held against what was sent and answered here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.kit.sample import SampleMessage
from hub.client import Sender, SendingError
from signing import envelope, jsontext
from signing.keys import PrivateKey, PublicKey, generate

if TYPE_CHECKING:
    from httpx import Client as Http  # noqa: TID251 - made-up systems stand outside the hub

Tick = Callable[[], None]
OVERSIZED: Final = 1_100_000  # bytes of padding: above the size limit of one message


class UnexpectedError(Exception):
    """The hub answered otherwise than the demo's books foresee. Says what, holds no payload."""


@dataclass(slots=True)
class Books:
    """Messages sent, by what the hub answered. `rows`: rows of admitted messages that no refusal is expected for, by code."""

    sent: int = 0
    admitted: int = 0
    duplicates: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    def refuse(self, code: str | None, expected: str) -> None:
        self.sent += 1
        if code != expected:
            raise UnexpectedError(f"refused with {code}, expected {expected}")
        self.refused[expected] += 1


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one system reaches the hub."""

    code: str
    client_id: str
    client_secret: str
    key: PrivateKey


def open_sender(url: str, credentials: Credentials, hub_key: PublicKey) -> Sender:
    return Sender(url, credentials.client_id, credentials.client_secret, credentials.key, hub_key)


def push_all(sender: Sender, code: str, messages: Sequence[SampleMessage], books: Books, tick: Tick) -> None:
    """Push each message once; every one must be admitted."""
    for message in messages:
        receipt = sender.push(code, message.body)
        books.sent += 1
        if receipt.duplicate:
            raise UnexpectedError(f"a first push under {code} was called a duplicate")
        books.admitted += 1
        books.rows[code] += message.rows - message.refused
        tick()


def push_again(sender: Sender, code: str, message: SampleMessage, books: Books) -> None:
    """Push what was pushed last, signed anew: it must be told as a duplicate."""
    receipt = sender.push(code, message.body)
    books.sent += 1
    if not receipt.duplicate:
        raise UnexpectedError(f"a resent push under {code} was taken twice")
    books.duplicates += 1


class Device:
    """One attendance device at its server address."""

    def __init__(self, http: Http, prefix: str, serial: str, code: str) -> None:
        self._http = http
        self._code = code
        self._prefix = prefix
        self._serial = serial

    def greet(self) -> str:
        """The handshake; returns the options that the hub gives."""
        answer = self._http.get(f"{self._prefix}/iclock/cdata", params={"SN": self._serial, "options": "all"})
        if answer.status_code != 200:
            raise UnexpectedError(f"a device's handshake was answered {answer.status_code}")
        return answer.text

    def upload(self, message: SampleMessage, books: Books, *, again: bool = False) -> None:
        """One batch; the answer counts its lines whether new or not."""
        answer = self._http.post(f"{self._prefix}{message.path}", params=dict(message.query), content=message.body)
        if answer.status_code != 200 or answer.text.strip() != f"OK: {message.rows}":
            raise UnexpectedError(f"a device's batch was answered {answer.status_code}")
        books.sent += 1
        if again:
            books.duplicates += 1
        else:
            books.admitted += 1
            books.rows[self._code] += message.rows


class Stick:
    """What was copied from a device, brought to the watched folder that the hub has for it."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def drop(self, name: str, content: bytes) -> None:
        """A file, written under a name that nobody takes, then renamed."""
        self._place.mkdir(parents=True, exist_ok=True)
        part = self._place / f"{name}.part"
        part.write_bytes(content)
        part.rename(self._place / name)

    def noted(self) -> dict[str, list[str]]:
        """What the hub says of the files that it took, by the folder that they lie in now."""
        found = {}
        for where in ("done", "refused"):
            notes = sorted((self._place / where).glob("*.txt")) if (self._place / where).is_dir() else []
            found[where] = sorted(_said(note.read_text("utf-8")) for note in notes)
        return found


def _said(note: str) -> str:
    """The outcome that a note says, or the stable code of a refusal."""
    return str(jsontext.parse(note.encode())["outcome"]) if note.startswith("{") else note.partition(":")[0].strip()


class Hostile:
    """Everything that must be refused, each with its code."""

    def __init__(self, http: Http, sender: Sender, credentials: Credentials, books: Books) -> None:
        self._http = http
        self._sender = sender
        self._credentials = credentials
        self._books = books

    def _post(self, body: bytes, *, token: str | None = None) -> str | None:
        """The stable code of the hub's refusal, or None when it took the message."""
        if token is None:
            grant = {"grant_type": "client_credentials"}
            auth = (self._credentials.client_id, self._credentials.client_secret)
            token = self._http.post("/oauth/token", data=grant, auth=auth).json()["access_token"]
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = self._http.post("/esb/push-request", content=body, headers=headers)
        if answer.status_code >= 500:
            raise UnexpectedError(f"bad input was answered {answer.status_code}")
        members: dict[str, Any] = jsontext.parse(envelope.frame(answer.content).data)
        if members.get("success") is not False:
            return None
        return str(members["message"]).partition(":")[0]

    def tampered(self, code: str, message: SampleMessage) -> None:
        """One byte changed after signing."""
        sealed = bytearray(self._sender.seal(code, message.body))
        place = sealed.index(b'"esbBody"') + 20
        sealed[place] = sealed[place] ^ 1
        self._books.refuse(self._post(bytes(sealed)), "AMANA-SIG-001")

    def foreign_key(self, code: str, message: SampleMessage) -> None:
        """Signed with a key that nobody registered."""
        data = envelope.render_data({"pushCode": code, "esbBody": jsontext.parse(message.body)})
        self._books.refuse(self._post(envelope.seal(data, generate())), "AMANA-SIG-001")

    def revoked_key(self, code: str, message: SampleMessage, old: PrivateKey) -> None:
        """Signed with the key that was revoked a moment ago."""
        data = envelope.render_data({"pushCode": code, "esbBody": jsontext.parse(message.body)})
        self._books.refuse(self._post(envelope.seal(data, old)), "AMANA-SIG-003")

    def contract_breach(self, code: str) -> None:
        """A body that lacks what its contract needs."""
        self._books.refuse(
            self._post(self._sender.seal(code, b'{"records":[{"surprise":true}]}')), "AMANA-CONTRACT-001"
        )

    def no_grant(self, code: str, message: SampleMessage) -> None:
        """A code that this system was not granted."""
        self._books.refuse(self._post(self._sender.seal(code, message.body)), "AMANA-GRANT-001")

    def oversized(self, code: str) -> None:
        """More bytes than a message may have."""
        body = b'{"records":[],"padding":"' + b"x" * OVERSIZED + b'"}'
        self._books.refuse(self._post(self._sender.seal(code, body)), "AMANA-SIZE-001")

    def no_token(self, code: str, message: SampleMessage) -> None:
        """A token that the hub never gave."""
        self._books.refuse(self._post(self._sender.seal(code, message.body), token="guess"), "AMANA-AUTH-001")


def describe(error: SendingError) -> str:
    """What went wrong, for the person who runs the demo."""
    return f"{error.happened}; {error.remedy}"
