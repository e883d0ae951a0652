"""The kit: everything that an adapter needs, and the only door through which the hub reaches adapters."""

from adapters.kit.errors import AdapterError, KitError
from adapters.kit.manifest import Dedupe, Exchange, Manifest, Route
from adapters.kit.values import (
    Canonical,
    DeviceContext,
    DeviceMessage,
    DeviceReply,
    DeviceRequest,
    MessageContext,
    Outgoing,
    Refused,
    Translated,
)

__all__ = [
    "AdapterError",
    "Canonical",
    "Dedupe",
    "DeviceContext",
    "DeviceMessage",
    "DeviceReply",
    "DeviceRequest",
    "Exchange",
    "KitError",
    "Manifest",
    "MessageContext",
    "Outgoing",
    "Refused",
    "Route",
    "Translated",
]
