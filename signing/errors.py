"""The one error of this package: a kind that callers map to their own reaction, and a detail for people.

Rule: a detail never quotes what was received, decrypted or loaded. Sizes, positions and names of formats only.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "framing",
    "signature",
    "no-key",
    "expired-key",
    "json",
    "xml",
    "key-format",
    "sealed-body",
    "token",
    "token-expired",
]


class SigningError(ValueError):
    """What did not verify, parse, open or load. `kind` is stable, `detail` carries nothing of the input."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        self.kind: Kind = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}" if detail else kind)
