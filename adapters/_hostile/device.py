"""Device routes that break promises."""

from __future__ import annotations

from typing import Any

from adapters.kit import DeviceContext, DeviceMessage, DeviceReply, DeviceRequest


def raises(_: str, request: DeviceRequest, __: DeviceContext) -> DeviceReply:
    """An exception whose text quotes the request."""
    raise RuntimeError(request.body)


def wrong_type(_: str, __: DeviceRequest, ___: DeviceContext) -> Any:
    """Answers with a text."""
    return "OK"


def floods(_: str, request: DeviceRequest, __: DeviceContext) -> DeviceReply:
    """Admits an exchange that does not exist."""
    return DeviceReply(200, "", DeviceMessage("nowhere", request.body, [("x",)]), "OK")
