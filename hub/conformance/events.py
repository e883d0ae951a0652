"""What the kit saw, as values: one event for each request of the connector and each probe of it.

Rule: made at the edge from bytes, read by the pure core. A body in an event is one that was sent under a trial code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Media = Literal["json", "xml", "other"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with bytes, and how to mend it."""

    seen: str
    mend: str


@dataclass(frozen=True, slots=True)
class TokenAsked:
    """A request to `/oauth/token`."""

    at: int
    status: int
    form: Literal["urlencoded", "multipart", "other"]
    basic: bool  # credentials in the header
    fields: bool  # credentials in the form
    grant: bool  # grant_type=client_credentials
    error: str = ""  # the hub's description


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A request below `/esb/` and the hub's answer. `refusal`: stable code of a refusal; `words`: the hub's text."""

    at: int
    path: str  # what follows /esb/
    method: str
    media: Media
    code: str | None
    status: int
    success: bool | None  # None: no envelope came back
    refusal: str = ""
    words: str = ""
    duplicate: bool = False
    body: Any = field(default=None, repr=False)
    opened: bool = False  # an encrypted body that the hub's key opens
    diagnosis: Diagnosis | None = None
    left: bool = False  # the connector was gone before its answer


@dataclass(frozen=True, slots=True)
class Probed:
    """What the connector answered to a request of the kit. `signed`: validly, by the connector's key."""

    at: int
    step: str
    status: int | None  # None: no answer
    reason: str = ""  # why there is none
    media: Media = "other"
    signed: bool = False
    success: bool | None = None
    message: str = ""
    has_body: bool = False
    names: Literal["this", "none", "other"] = "none"  # request id in the answer
    diagnosis: Diagnosis | None = None


Event = TokenAsked | Exchanged | Probed
