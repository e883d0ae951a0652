"""Arguments of the changes to feeds: folders that are watched, interfaces that are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from hub.control.fields import Args, Code, Options, Url
from hub.control.objects import FeedKind

Place = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,63}(/[0-9A-Za-z][0-9A-Za-z_-]{0,63}){0,3}$")
]
"""A folder below the setting `AMANA_FOLDERS`: no machine's path is in the log, and none can be reached by one."""


class FeedAdd(Args):
    """`part`: name of the folder or poll in the manifest of the code's adapter; `place` goes with a folder, `url` with a
    poll; `device`: id of the device whose times it carries."""

    kind: FeedKind
    system: Code
    code: Code
    part: Code
    id: Code | None = None
    device: Code | None = None
    place: Place | None = None
    url: Url | None = None
    options: Options = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> FeedAdd:
        if (self.kind == "poll") != (self.url is not None):
            raise ValueError("a url goes with a poll")
        if self.kind == "poll" and self.place is not None:
            raise ValueError("a place goes with a folder")
        return self


class FeedNamed(Args):
    id: Code


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "feed.add": FeedAdd,
    "feed.suspend": FeedNamed,
    "feed.resume": FeedNamed,
}
