"""Rendering for a subscriber: what an adapter makes of a run or of records, checked against its own wire contract.

Rule: pure. What breaks its contract, or cannot be rendered, is a `BadMessage`: nothing of it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from adapters.kit import AdapterError, Exchange, KitError, Outgoing
from adapters.kit.attached import wrap
from adapters.kit.wire import checkable
from hub.contracts.names import URN, pin
from hub.contracts.standing import check_standing
from hub.delivery.deliver import BODY
from hub.errors import BadMessage
from signing.envelope import render_data
from signing.errors import SigningError
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.objects import Api, Subscription
    from hub.control.view import View
    from hub.signers import Signers


class Given(NamedTuple):
    """A canonical record that is to be rendered: its contract, the key of whom it is about, its value."""

    contract: str
    key: bytes
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that one call of the adapter renders, and the key under which what comes of them is ordered."""

    key: bytes
    records: Sequence[Given]


def described(view: View, code: str, adapters: Mapping[str, Adapter]) -> Exchange | None:
    """The exchange of a code, from its adapter's manifest; None where one of the three is not there."""
    api = view.api(code)
    adapter = None if api is None else adapters.get(api.adapter)
    if api is None or adapter is None:
        return None
    return next((one for one in adapter.manifest.exchanges if one.name == api.exchange), None)


def split(records: Sequence[Given], by: str, whole: bytes) -> list[Batch]:
    """The batches of one message, as the exchange wants them: all at once under the key `whole`, or each person's under
    the key of the person, people in the order in which they come first."""
    if by == "message":
        return [Batch(whole, records)] if records else []
    people: dict[bytes, list[Given]] = {}
    for record in records:
        people.setdefault(record.key, []).append(record)
    return [Batch(key, own) for key, own in people.items()]


def render_batch(
    subscription: Subscription,
    view: View,
    adapters: Mapping[str, Adapter],
    records: Sequence[Given],
    signers: Signers | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """Bodies for the subscriber's code, and the name of their contract. Raises `BadMessage`."""
    given = [{"contract": record.contract, "value": record.value} for record in records]
    options = subscription.options
    signer = None if signers is None else signers.of(options)
    return _render(subscription, view, adapters, lambda a, api: a.render_records(api.exchange, given, options, signer))


def render_run(
    subscription: Subscription,
    view: View,
    adapters: Mapping[str, Adapter],
    run: dict[str, Any],
    signals: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], str]:
    """The same, of a run and its signals."""
    return _render(
        subscription, view, adapters, lambda a, api: a.render(api.exchange, run, signals, subscription.options)
    )


def _render(
    subscription: Subscription,
    view: View,
    adapters: Mapping[str, Adapter],
    make: Callable[[Adapter, Api], list[Outgoing]],
) -> tuple[list[dict[str, Any]], str]:
    api = view.api(subscription.code or "")
    adapter = None if api is None else adapters.get(api.adapter)
    if api is None or adapter is None:
        raise BadMessage("AMANA-TRANS-003", "the code's adapter is not installed")
    check_standing(view, (api.contract,), trial=subscription.options.get("trial") == "yes")
    try:
        pages = make(adapter, api)
        ok = adapter.wire_checker(api.exchange).ok
    except AdapterError as error:
        raise BadMessage("AMANA-TRANS-001", error.kind) from error
    except KitError as error:
        raise BadMessage("AMANA-TRANS-003", error.kind) from error
    if not all(ok(checkable(page.body)) for page in pages):
        raise BadMessage("AMANA-TRANS-002", api.contract)
    return [_carried(page) for page in pages], URN + pin(api.contract)


def seal_body(secret: bytes, record_id: str, body: dict[str, Any]) -> bytes:
    """The sealed body of an outgoing record. Raises `BadMessage` AMANA-TRANS-002 for one that cannot be signed."""
    try:
        return BodyKey(secret, BODY).seal(record_id, render_data(body))
    except SigningError as error:
        raise BadMessage("AMANA-TRANS-002", error.kind) from error


def _carried(page: Outgoing) -> dict[str, Any]:
    """What the envelope carries: a file goes as its name, its digest and its bytes in base64."""
    return wrap(page.name, page.body) if isinstance(page.body, bytes) else page.body
