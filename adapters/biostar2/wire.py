"""Answer to a search for events, in BioStar's spelling.

Rule: strict on what is used, blind to the rest. Numbers come as numbers or as texts: both are taken, as they are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=300)]
Whole = Annotated[int, Field(ge=0, le=9_999_999_999)]
Number = Whole | Annotated[str, Field(max_length=20)]
Time = Annotated[str, Field(max_length=40)]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class User(_Open):
    """Whose event it is; without `user_id` nobody's."""

    user_id: Whole | Text | None = None


class Device(_Open):
    """Where it happened."""

    id: Number


class EventType(_Open):
    """What happened."""

    code: Number


class Event(_Open):
    """One event. `id` counts from 1 anew in each month; `datetime` is UTC."""

    id: Number
    datetime: Time
    server_datetime: Time | None = None
    device_id: Device
    event_type_id: EventType
    user_id: User | None = None
    tna_key: Number | None = None


class Events(_Open):
    """The rows of a page."""

    rows: Annotated[list[Event], Field(max_length=1000)]


class EventPage(_Open):
    """The answer."""

    EventCollection: Events
