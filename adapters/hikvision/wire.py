"""ISAPI's access events in Hikvision's spelling.

Rule: strict on what is used, blind to the rest: models differ, and a new member of theirs never stops a page.
"""

# ruff: noqa: N815 -- members are spelled as ISAPI spells them
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=300)]
Number = Annotated[int, Field(ge=0, le=4_294_967_295)]
Time = Annotated[str, Field(max_length=40)]


class AcsItem(BaseModel):
    """One event of a page. Events that are no punch have no `employeeNoString`."""

    model_config = ConfigDict(extra="allow")

    major: Number
    minor: Number
    time: Time
    serialNo: Number
    employeeNoString: Text | None = None
    attendanceStatus: Text | None = None


class AcsPage(BaseModel):
    """The list of a page. `responseStatusStrg`: OK, MORE or NO MATCH, in any case."""

    model_config = ConfigDict(extra="allow")

    responseStatusStrg: Text
    InfoList: Annotated[list[AcsItem], Field(max_length=1000)]


class AcsEventPage(BaseModel):
    """Answer to a search."""

    model_config = ConfigDict(extra="allow")

    AcsEvent: AcsPage


class Notice(BaseModel):
    """The event within what a device sends by itself."""

    model_config = ConfigDict(extra="allow")

    majorEventType: Number
    subEventType: Number
    serialNo: Number
    employeeNoString: Text | None = None
    attendanceStatus: Text | None = None


class EventNotice(BaseModel):
    """What a device sends by itself; heartbeats have the same envelope without the event and are not admitted."""

    model_config = ConfigDict(extra="allow")

    dateTime: Time
    AccessControllerEvent: Notice
