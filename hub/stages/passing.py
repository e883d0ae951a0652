"""How somebody else's body is put into an envelope of the hub's. Rule: the value stays what it is, in the one spelling
that the known clients print alike; a value that has none cannot be signed for all of them, and is refused."""

from __future__ import annotations

from typing import Any

from hub.errors import BadMessage
from signing.errors import SigningError
from signing.jsontext import render
from signing.portable import portable


def render_body(value: Any) -> bytes:
    """The text of the body that every client verifies. Raises `BadMessage` AMANA-RELAY-001."""
    try:
        return render(portable(value))
    except SigningError as error:
        raise BadMessage("AMANA-RELAY-001", error.detail) from None
