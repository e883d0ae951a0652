"""The join request: what an applicant signs, made on its machine and read at the hub.

Rule: the request is an envelope signed by the very key that it proposes, so nobody can have another's key registered;
of the client secret it holds the SHA-256. Its id is the SHA-256 of the signed bytes: a request that is sent again is the
same request, a changed one is another, and its nonce makes it hard to guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from hub.control.changes import describe
from hub.control.fields import Args, Code, Key, Name, Nonce, Sha256, Url
from hub.errors import BadMessage
from signing import envelope, jsontext
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow, PublicKey, load_public

if TYPE_CHECKING:
    from hub.records import Ms
    from signing.keys import PrivateKey

MAX_REQUEST: Final = 16_384
FINGERPRINT_DIGITS: Final = 32
"""Hex digits that are read out: 128 bits, more than anybody can search another key for."""

_BESIDE = re.compile(r"[\s:.-]")


class JoinData(Args):
    """The signed part. `url`: where the hub may call the system; `format`: what it takes there."""

    join: Literal[1]
    institution: Code
    name: Name
    unit: Code | None = None
    unit_name: Name | None = None
    system: Code
    contact: Name = Field(repr=False)
    codes: list[Code] = Field(max_length=64)
    url: Url | None = None
    format: Literal["json", "xml"] = "json"
    public_key: Key
    secret_sha256: Sha256 = Field(alias="secretSha256", repr=False)
    at: int
    nonce: Nonce

    @model_validator(mode="after")
    def _consistent(self) -> JoinData:
        if self.unit_name is not None and self.unit is None:
            raise ValueError("the name of a unit goes with its code")
        if len(set(self.codes)) != len(self.codes):
            raise ValueError("a code twice")
        return self


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature holds. `id`: SHA-256 (hex) of the signed bytes."""

    id: str
    said: JoinData
    key: PublicKey
    envelope: bytes = field(repr=False)

    @property
    def options(self) -> dict[str, str]:
        """Options of the system that it asks for."""
        return {} if self.said.format == "json" else {"format": self.said.format}


def sign_request(key: PrivateKey, secret: str, members: dict[str, Any], now: Ms) -> bytes:
    """The envelope. `members`: of `JoinData`, by their names on the wire, without what is filled in here."""
    data: dict[str, Any] = {"join": 1} | {name: value for name, value in members.items() if value is not None}
    data |= {
        "publicKey": key.public.pem(),
        "secretSha256": hashlib.sha256(secret.encode()).hexdigest(),
        "at": int(now),
        "nonce": secrets.token_hex(16),
    }
    return envelope.seal(envelope.render_data(data), key)


def read_request(body: bytes) -> Asked:
    """The request in these bytes. Raises `BadMessage` AMANA-SIZE-001, AMANA-JOIN-001 (not well formed) or
    AMANA-JOIN-002 (not signed by the key that it proposes)."""
    if len(body) > MAX_REQUEST:
        raise BadMessage("AMANA-SIZE-001", f"limit {MAX_REQUEST} bytes")
    try:
        frame = envelope.frame(body)
        # the key has to be read before it can verify; nothing else is taken from these bytes until it has
        claimed = jsontext.parse(jsontext.member(frame.data, "publicKey") or b"null")
        key = load_public(claimed if isinstance(claimed, str) else "")
    except SigningError as error:
        raise BadMessage("AMANA-JOIN-001", "publicKey" if error.kind == "key-format" else error.kind) from None
    if key.curve == "rsa":
        raise BadMessage("AMANA-JOIN-001", "publicKey: an ECDSA key expected, on P-256, P-384 or secp256k1")
    try:
        envelope.verify(frame, KeyRing([KeyWindow(key, 0, None)]), 0)
    except SigningError:
        raise BadMessage("AMANA-JOIN-002") from None
    try:
        said = JoinData.model_validate(jsontext.parse(frame.data))
    except ValidationError as error:
        raise BadMessage("AMANA-JOIN-001", describe(error)) from None
    except SigningError as error:
        raise BadMessage("AMANA-JOIN-001", error.kind) from None
    if load_public(said.public_key) != key:  # one strict reading must agree with the other
        raise BadMessage("AMANA-JOIN-001", "publicKey")
    return Asked(hashlib.sha256(frame.data).hexdigest(), said, key, body)


def fingerprint(key_id: str) -> str:
    """A key id as people read it out: eight groups of four hex digits."""
    digits = key_id[:FINGERPRINT_DIGITS]
    return " ".join(digits[n : n + 4] for n in range(0, FINGERPRINT_DIGITS, 4))


def parse_fingerprint(text: str) -> str:
    """Inverse of `fingerprint`, whatever the case and the marks between the digits; a whole key id is taken too. Raises
    ValueError with a text for people."""
    digits = _BESIDE.sub("", text).lower()
    if not re.fullmatch(r"[0-9a-f]{32,64}", digits):
        raise ValueError(f"a fingerprint has at least {FINGERPRINT_DIGITS} hex digits")
    return digits
