"""The two errors that may leave the kit.

Rule: `AdapterError` says something about the message (whose sender can mend it), `KitError` says something
about the adapter (whose owner must). Neither holds a value out of a payload.
"""

from __future__ import annotations

from typing import Literal

KitFault = Literal[
    "raised",  # an exception that is not an AdapterError
    "type",  # a result of another type than the kit asks for
    "bound",  # more results, or longer texts, than a message may give
    "float",  # a binary floating-point number in a value
    "institution",  # a record of another institution than the sender's, or of another device
    "contract",  # a contract or reason that the manifest does not name
    "mutated",  # the input was changed
    "missing",  # a function, model or file that the manifest names is not there
    "manifest",  # the manifest itself
]


class AdapterError(ValueError):
    """The whole message cannot be translated. `kind` is a slug, `reason` a sentence without personal data."""

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{kind}: {reason}")


class KitError(Exception):
    """An adapter broke its promise: `kind` says which, `detail` where."""

    def __init__(self, kind: KitFault, detail: str) -> None:
        self.kind: KitFault = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}")
