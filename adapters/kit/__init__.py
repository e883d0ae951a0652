"""The kit: everything that an adapter needs, and the only door through which the hub reaches adapters."""

from adapters.kit.errors import AdapterError, KitError
from adapters.kit.manifest import Dedupe, Exchange, Folder, Manifest, Poll, Route, Rows
from adapters.kit.polling import Credential, Form, Json, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.values import (
    Canonical,
    DeviceContext,
    DeviceMessage,
    DeviceReply,
    DeviceRequest,
    MessageContext,
    Outgoing,
    Refused,
    Repeated,
    Signer,
    Skipped,
    Translated,
)

__all__ = [
    "AdapterError",
    "Canonical",
    "Credential",
    "Dedupe",
    "DeviceContext",
    "DeviceMessage",
    "DeviceReply",
    "DeviceRequest",
    "Exchange",
    "Folder",
    "Form",
    "Json",
    "KitError",
    "Manifest",
    "MessageContext",
    "Outgoing",
    "Poll",
    "PollContext",
    "PollRequest",
    "PollResponse",
    "Refused",
    "Repeated",
    "Route",
    "Rows",
    "Signer",
    "Skipped",
    "Taken",
    "Translated",
]
