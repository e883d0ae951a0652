"""What a system is sent in place of a plain body, where its options ask for that.

    encrypt=yes       everything that the hub sends it is encrypted for its newest key
    answers=sealed    the answer to a pull is, where the question came encrypted
    claims=yes        of a body beyond `INLINE` it gets a claim, and fetches the bytes with its token

Rule: a system that asks for nothing is sent what it always was: the published clients know no claims. One that asks for
encryption is never sent a plain body instead; without a key for it, it is sent nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hub.errors import BadMessage
from signing.encrypted import seal_for
from signing.jsontext import render
from signing.keys import CURVES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing.keys import KeyRing

ENCRYPT: Final = "encrypt"
ANSWERS: Final = "answers"
CLAIMS: Final = "claims"

INLINE: Final = 1 << 20
"""Bytes of a body that is sent in its envelope to a system that takes claims."""


def wants_encryption(options: Mapping[str, str]) -> bool:
    return options.get(ENCRYPT) == "yes"


def wants_sealed_answer(options: Mapping[str, str], *, asked_sealed: bool) -> bool:
    """Whether the answer to a pull is encrypted for who asked. `asked_sealed`: the question was for the hub."""
    return wants_encryption(options) or (asked_sealed and options.get(ANSWERS) == "sealed")


def wants_claim(options: Mapping[str, str], size: int) -> bool:
    return size > INLINE and options.get(CLAIMS) == "yes"


def encrypt(body: bytes, ring: KeyRing, now: int) -> dict[str, str]:
    """`body` for the newest valid key of its receiver. Raises AMANA-OUT-006 when none is on an elliptic curve."""
    key = next((key for key in ring.valid_at(now) if key.curve in CURVES), None)
    if key is None:
        raise BadMessage("AMANA-OUT-006")
    return seal_for(body, key)


def encrypt_text(body: bytes, ring: KeyRing, now: int) -> bytes:
    """`encrypt` as JSON text."""
    return render(encrypt(body, ring, now))
