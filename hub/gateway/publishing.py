"""What is asked before leave to write to a topic is recorded: whether this hub has Kafka, and the registry the schema.

Rule: asked here, once; the fold of the directory knows no engine and no registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.names import URN, pin
from hub.delivery.publishing import schema_id
from hub.errors import BadMessage

if TYPE_CHECKING:
    from hub.contracts.registered import Following
    from hub.control.view import View

KINDS: Final = frozenset({"topic.open", "topic.sign"})


async def check_topic(kind: str, args: Mapping[str, Any], view: View, bus: str, registry: Following) -> None:
    """Raises `BadMessage` AMANA-TOPIC-001 where nobody could read, AMANA-TOPIC-002 where no schema says how. `bus`: the
    setting."""
    if kind not in KINDS:
        return
    if not bus.startswith("kafka://"):
        raise BadMessage("AMANA-TOPIC-001")
    subscription = view.subscription(str(args.get("subscription")))
    assert subscription is not None  # the directory has judged
    api = None if subscription.code is None else view.api(subscription.code)
    name = pin((subscription.contract if api is None else api.contract) or "")
    if await schema_id(URN + name if name else "", registry) is None:
        raise BadMessage("AMANA-TOPIC-002", name or "any body")
