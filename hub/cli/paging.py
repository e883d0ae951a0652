"""Options and addresses of listings.

Rule: a page is asked for by its limit and by the cursor that the page before gave (keyset), never by a number.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows of one page.")]
AfterOption = Annotated[str | None, typer.Option("--after", help="Cursor that the page before printed.")]


def target(*path: str, **query: Any) -> str:
    """`/api/v1/<path>?<query>`: parts quoted, members that are None left out."""
    place = "/api/v1/" + "/".join(quote(part, safe="") for part in path)
    present = {name: value for name, value in query.items() if value is not None}
    return f"{place}?{urlencode(present)}" if present else place
