"""Asking HCMIS for the employees that changed since a day, page by page.

Rule: pure. A round asks all pages for one day, then the next round begins at the day on which this one began, less the
lag: a change of that day is seen twice rather than never. A listing that ends before its own total is not taken, so a
round is never counted as whole when it is not. A page says the day of its round (`asOf`): what was changed and changed
back is another message, and not the first one again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from adapters.kit import AdapterError, Credential, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.polling import Cursor, Session
from signing import jsontext
from signing.errors import SigningError

from .dates import form_of, read_date, write_date

FIRST: Final = "1900-01-01"
PATH: Final = "/employees"
NAMES: Final = {"sinceParameter": "updatedSince", "pageParameter": "page", "sizeParameter": "pageSize"}
_SUCCESS: Final = 200
_DAY: Final = 86_400


def next_request(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:  # noqa: ARG001 (the kit's form)
    """The next page of the round."""
    since, _, page = _round(cursor, context)
    names = {name: context.options.get(name, usual) for name, usual in NAMES.items()}
    query = (
        (names["sinceParameter"], write_date(since, form_of(context.options))),
        (names["pageParameter"], str(page)),
        (names["sizeParameter"], str(context.page or 50)),
    )
    headers: dict[str, str | Credential] = {
        "Authorization": Credential("token", "Bearer "),
        "Accept": "application/json",
    }
    return PollRequest("GET", context.options.get("path", PATH), query, headers)


def take(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:  # noqa: ARG001
    """The page as a message, and where to go on."""
    since, began, page = _round(cursor, context)
    if response.status in (401, 403):
        raise AdapterError("sign-in-refused", "HCMIS refuses the token")
    pager, data = _page(response)
    rows = len(data)
    if pager["page"] != page:
        raise AdapterError("answer-unusable", "HCMIS gives another page than was asked for")
    more = page * pager["pageSize"] < pager["total"]
    following = pager.get("nextPage") or None
    if (following is not None and following != page + 1) if more else following is not None:
        raise AdapterError("answer-unusable", "the pager names a page that does not follow")
    if more and (following is None or rows < pager["pageSize"]):
        raise AdapterError("answer-unusable", "the listing ends before its total")
    bodies = [jsontext.render({"asOf": began, "pager": pager, "data": data})] if rows else []
    begin = _begin(context)
    if more:
        return Taken(bodies, {"begin": begin, "since": since, "began": began, "page": page + 1}, again=True)
    return Taken(bodies, {"begin": begin, "since": began})


def _round(cursor: Cursor, context: PollContext) -> tuple[str, str, int]:
    """Day asked for, day on which the round began, page. Another option `since` than before begins anew."""
    begin = _begin(context)
    if cursor.get("begin") != begin:
        return begin, _today(context), 1
    return cursor["since"], cursor.get("began") or _today(context), cursor.get("page", 1)


def _begin(context: PollContext) -> str:
    found = read_date("YYYY-MM-DD")(context.options.get("since", FIRST))
    if not found:
        raise AdapterError("option-malformed", "the option since is no date YYYY-MM-DD")
    return found


def _today(context: PollContext) -> str:
    seconds = context.now // 1000 - max(context.lag_seconds, _DAY)
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _page(response: PollResponse) -> tuple[dict[str, Any], list[Any]]:
    if response.status != _SUCCESS:
        raise AdapterError("answer-unusable", "HCMIS answers with an error")
    try:
        answer = jsontext.parse(response.body)
        pager, rows = answer["pager"], answer["data"]
        whole = all(type(pager[name]) is int for name in ("page", "pageSize", "total"))
        whole = whole and type(pager.get("nextPage")) in (int, type(None)) and type(rows) is list
        whole = whole and pager["pageSize"] > 0 and len(rows) <= pager["pageSize"]
    except (SigningError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise AdapterError("answer-unusable", "the answer is no page of employees")
    return pager, rows
