"""Codes of the gateway: what is refused before it is admitted, in the order of the checks."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-SIZE-001": Code(
        413,
        "sender",
        "The body is too large",
        "at most the size limit of the hub",
        "Send fewer rows in one message, or upload the body first (POST /esb/upload) and claim it",
    ),
    "AMANA-AUTH-001": Code(
        401,
        "sender",
        "The access token is missing or not valid",
        "a token from /oauth/token",
        "Fetch a token and send it as 'Authorization: Bearer'",
    ),
    "AMANA-AUTH-002": Code(
        401, "sender", "The access token has expired", "a token younger than its expires_in", "Fetch a new token"
    ),
    "AMANA-AUTH-003": Code(
        403, "operator", "The system is suspended", "an active system", "Ask the hub's operator why it is suspended"
    ),
    "AMANA-AUTH-004": Code(
        401,
        "sender",
        "Client id or secret is wrong",
        "the credentials printed when the system was added",
        "Check them; ask for new ones if they are lost",
    ),
    "AMANA-AUTH-005": Code(
        429,
        "sender",
        "Too many failed attempts from this address",
        "fewer failures",
        "Wait for the time in Retry-After, then use correct credentials",
    ),
    "AMANA-FRM-001": Code(
        400,
        "sender",
        "The envelope is not framed as expected",
        'exactly {"data":{...},"signature":"..."}, or in XML <esbrequest><data>...</data><signature>...</signature></esbrequest>',
        "Check how the connector builds the envelope",
    ),
    "AMANA-SIG-001": Code(
        401,
        "sender",
        "Signature Verification Failed",
        "a signature over the exact bytes of data by a registered key",
        "Sign the bytes that are sent, with the registered key",
    ),
    "AMANA-SIG-002": Code(
        401,
        "sender",
        "The system has no valid key",
        "a registered key within its validity",
        "Register a public key for the system",
    ),
    "AMANA-SIG-003": Code(
        401,
        "sender",
        "Signed with a key that is revoked or outside its validity",
        "a registered key within its validity",
        "Sign with the current key",
    ),
    "AMANA-JSON-001": Code(
        400,
        "sender",
        "data is not strict JSON",
        "UTF-8 JSON without duplicate members, infinities or trailing bytes",
        "Correct the serialiser of the connector",
    ),
    "AMANA-JSON-002": Code(
        400,
        "sender",
        "A member of data is missing or has the wrong type",
        "pushCode and esbBody in a push, apiCode in a request, userId and Payload too in a nida-request, success in an answer",
        "Fill the member named in the detail",
    ),
    "AMANA-XML-001": Code(
        400,
        "sender",
        "The XML cannot be read",
        "plain, well-formed XML in UTF-8: no document type, entity, comment or processing instruction, no text among "
        "elements, no member of data twice",
        "Correct what the detail names in the serialiser of the connector",
    ),
    "AMANA-XML-002": Code(
        400,
        "sender",
        "The JSON inside the XML body cannot be read",
        "strict JSON, or elements, inside root",
        "Send the body as elements, or correct the JSON inside root",
    ),
    "AMANA-CODE-001": Code(
        404,
        "sender",
        "The code is not known here",
        "a code from the list of services",
        "Check the code, or ask the operator to add it",
    ),
    "AMANA-GRANT-001": Code(
        403,
        "operator",
        "The system has no grant for this code",
        "a grant for system and code",
        "Ask the hub's operator for the grant",
    ),
    "AMANA-CONTRACT-001": Code(
        422,
        "sender",
        "The body breaks the wire contract of its code",
        "a body valid under the contract",
        "Correct the members named in the detail",
    ),
    "AMANA-BUS-001": Code(
        503, "hub", "The message could not be stored", "a writable log", "Send again after the time in Retry-After"
    ),
    "AMANA-DUP-001": Code(
        409,
        "sender",
        "This request id was used for another body",
        "a request id of its own for every message, kept for repeats of the same body only",
        "Send what is new under a new request id; send the earlier body again if its receipt is what you miss",
    ),
    "AMANA-DEVICE-001": Code(
        403,
        "operator",
        "The device is not known here, or not from this network or path",
        "a registered serial from its network or secret path",
        "Register the device, or correct its server address",
    ),
    "AMANA-DEVICE-002": Code(
        400,
        "sender",
        "The device sent something that its protocol does not have",
        "a request of its push protocol",
        "Check model and firmware against the adapter's page",
    ),
    "AMANA-HTTP-001": Code(
        405,
        "sender",
        "The method is not allowed here",
        "a method that this path takes",
        "Use the method that the detail and the Allow header name",
    ),
    "AMANA-HTTP-002": Code(
        415,
        "sender",
        "The content type is not supported",
        "application/json, application/xml or text/xml",
        "Send JSON or XML, and say which in Content-Type",
    ),
    "AMANA-HTTP-003": Code(
        404, "sender", "There is nothing at this path", "a path of the API", "See /api/openapi.json"
    ),
    "AMANA-HTTP-004": Code(
        400,
        "sender",
        "A parameter of the request is not usable",
        "parameters as the API describes them",
        "Correct the parameter named in the detail; see /api/openapi.json",
    ),
    "AMANA-HTTP-005": Code(
        408,
        "network",
        "The body did not arrive in time",
        "the whole body within twenty seconds of its head",
        "Send it again on a new connection; send fewer rows in one message over a slow line",
    ),
    "AMANA-HTTP-006": Code(
        431,
        "sender",
        "The head of the request is too large",
        "a request line and headers of at most 16 KiB",
        "Send fewer and shorter headers",
    ),
    "AMANA-HTTP-007": Code(
        404,
        "sender",
        "The engine has nothing at this path",
        "POST to push-request, request, nida-request, async or upload under /esb, with a token from POST /oauth/token",
        "Correct the path",
    ),
    "AMANA-READ-001": Code(
        404,
        "operator",
        "There is no such object",
        "the name of an object that exists",
        "Look it up with the list command",
    ),
    "AMANA-HUB-001": Code(
        500,
        "hub",
        "The hub could not handle the request",
        "no internal error",
        "Report the request id to the operator; the log has the cause",
    ),
}
