"""The address at which ESS Utumishi delivers, answered in its own dialect.

Rule: a document is stored before it is answered well. What cannot be taken is answered with the code that says why, where
one is known; a wrong signature is refused by status alone, and says nothing.
"""

from __future__ import annotations

import hashlib
from typing import Final

from adapters.kit import AdapterError, DeviceContext, DeviceMessage, DeviceReply, DeviceRequest

from .document import FIELD_MISSING, MONTHLY, RESPONSE, STOP, UNSUPPORTED, Document, open_document, write_document
from .translate import row_keys

EXCHANGES: Final = {MONTHLY: "deductions", STOP: "stops", RESPONSE: "responses"}
CODES: Final = {"field-missing": FIELD_MISSING, "message-unsupported": UNSUPPORTED}
TAKEN: Final = "8000"


def handle(route: str, request: DeviceRequest, device: DeviceContext) -> DeviceReply:  # noqa: ARG001 (the kit's form)
    """Takes one document."""
    try:
        document, rows = _read(request.body, device)
    except AdapterError as error:
        code = CODES.get(error.kind)
        if code is not None:
            return DeviceReply(200, _response(request.body, device, code, error.reason))
        return DeviceReply(401 if error.kind in ("signature-wrong", "key-missing") else 400, "")
    good = device.options.get("successCodes", TAKEN).split(",")[0].strip()
    text = "" if document.kind == RESPONSE else _response(request.body, device, good, "Received")
    return DeviceReply(200, "", DeviceMessage(EXCHANGES[document.kind], request.body, rows), text)


def _read(body: bytes, device: DeviceContext) -> tuple[Document, list[tuple[str, ...]]]:
    document = open_document(body, device.options)
    rows = row_keys(document)
    if not rows:
        raise AdapterError("field-missing", "the document has no record")
    return document, rows


def _response(body: bytes, device: DeviceContext, code: str, description: str) -> str:
    """A RESPONSE. Its id follows from what it answers, so a repeated document gets the same answer."""
    header = {
        "Sender": device.options.get("receiver", device.serial),
        "Receiver": device.options.get("sender", "ESS_UTUMISHI"),
        "FSPCode": device.options.get("fspCode", device.serial),
        "MsgId": hashlib.sha256(code.encode() + body).hexdigest()[:32],
        "MessageType": RESPONSE,
    }
    return write_document(header, [{"ResponseCode": code, "Description": description}]).decode()
