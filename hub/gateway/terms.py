"""What the adapters' manifests and the hub's keys ask of a message, in the form that admission reads.

Rule: worked out once per exchange; admission itself never looks into a manifest.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from adapters.kit.errors import KitError
from hub.errors import BadMessage
from hub.gateway.admission import Terms
from hub.gateway.contracts import WireTerms

if TYPE_CHECKING:
    from hub.gateway.context import GatewayContext


def make_terms(context: GatewayContext) -> Terms:
    """The terms of this process."""
    known: dict[tuple[str, str], WireTerms] = {}

    def wire(adapter: str, exchange: str) -> WireTerms:
        name = (adapter, exchange)
        if name not in known:
            known[name] = find_wire(context, adapter, exchange)
        return known[name]

    def partitions(topic: str) -> int:
        return context.bus.topics()[topic]

    return Terms(
        token_key=context.keys.token,
        hmac=context.keys.hmac,
        max_body=context.settings.max_body,
        partitions=partitions,
        wire=wire,
        key=context.keys.signing,
        registered=context.registry.registry,
    )


def find_wire(context: GatewayContext, adapter: str, exchange: str) -> WireTerms:
    """Terms of one exchange. A code whose adapter is not installed here is as good as unknown."""
    found = context.adapters.get(adapter)
    if found is None:
        raise BadMessage("AMANA-CODE-001", "its adapter is not installed")
    try:
        described = found.manifest.exchange(exchange)
    except KitError:
        raise BadMessage("AMANA-CODE-001", "its adapter has no such exchange") from None
    json = described.media_type == "application/json"
    return WireTerms(
        contract=found.wire_contract(exchange),
        checker=found.wire_checker(exchange) if json else None,
        fields=described.dedupe.fields,
        rows=described.dedupe.rows,
        media_type=described.media_type,
        read_xml=partial(found.read_xml, exchange) if json else None,
    )
