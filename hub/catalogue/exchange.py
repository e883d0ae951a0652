"""Codes of pulls: what a provider is asked through the hub, and what comes of it."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-PULL-001": Code(
        502,
        "receiver",
        "The provider could not be reached",
        "a provider that takes connections",
        "Ask again later; nothing of the request has reached the provider",
    ),
    "AMANA-PULL-002": Code(
        504,
        "receiver",
        "The provider did not answer in time",
        "an answer within the time that the code allows",
        "Ask again under the same requestId for an answer that comes late, or ask anew",
    ),
    "AMANA-PULL-003": Code(
        502,
        "receiver",
        "The provider's answer broke off or is no HTTP",
        "one whole HTTP answer",
        "Ask again later; tell the provider if it happens again",
    ),
    "AMANA-PULL-004": Code(
        502,
        "receiver",
        "The provider answered with an HTTP error",
        "a signed answer",
        "Tell the provider, with the request id",
    ),
    "AMANA-PULL-005": Code(
        502,
        "receiver",
        "The provider's answer is not validly signed for this request",
        "an answer signed with the provider's registered key that names this request or none",
        "Do not use anything of it; tell the provider",
    ),
    "AMANA-PULL-006": Code(
        502,
        "receiver",
        "The provider's answer is too large or compressed",
        "an uncompressed answer within the size limit",
        "Ask for less at a time, or tell the provider",
    ),
    "AMANA-PULL-007": Code(
        502,
        "receiver",
        "The provider's answer breaks its contract",
        "an answer valid under the contract of the code",
        "Tell the provider which members are named in the detail",
    ),
    "AMANA-PULL-008": Code(
        502,
        "receiver",
        "The provider answered with a signed failure",
        "a signed success",
        "Read the provider's message",
    ),
    "AMANA-PULL-009": Code(
        503,
        "receiver",
        "The provider has failed again and again and is not asked for a while",
        "a provider that answers",
        "Ask again after the time in Retry-After",
    ),
    "AMANA-PULL-010": Code(
        200,
        "receiver",
        "The answer follows",
        "an answer later",
        "Ask again with the same apiCode and this requestId, or subscribe to pull.answer",
    ),
    "AMANA-PULL-011": Code(
        503,
        "receiver",
        "Too many requests to the provider are under way",
        "room for one more",
        "Ask again after the time in Retry-After",
    ),
    "AMANA-PULL-012": Code(
        503,
        "operator",
        "The provider is suspended",
        "an active provider",
        "Ask the hub's operator why it is suspended",
    ),
    "AMANA-PULL-013": Code(
        503,
        "operator",
        "The provider has no address that the hub may call",
        "an address of the provider with a host on the allow-list",
        "Ask the hub's operator to correct the address or the setting",
    ),
    "AMANA-PULL-014": Code(
        502,
        "receiver",
        "The provider's answer cannot be passed on so that every client can verify it",
        "numbers and texts that every client prints alike",
        "Tell the provider to send what the detail names as text",
    ),
    "AMANA-PULL-015": Code(
        422,
        "sender",
        "The body cannot be passed on so that every client can verify it",
        "numbers and texts that every client prints alike",
        "Send what the detail names as text",
    ),
    "AMANA-PULL-016": Code(
        404,
        "sender",
        "There is no earlier request of this system under that requestId and apiCode",
        "a requestId that the hub gave to this system",
        "Leave out requestId to ask anew",
    ),
    "AMANA-PULL-017": Code(
        404,
        "sender",
        "No request under that requestId was asked of this system",
        "the requestId of a request that the hub passed on to this system",
        "Send back the requestId of the request unchanged",
    ),
    "AMANA-PULL-018": Code(
        400,
        "sender",
        "A late answer names no requestId",
        "data with success, requestId and, after a success, esbBody",
        "Put the requestId of the request into data, in a failure too",
    ),
    "AMANA-PULL-019": Code(
        409,
        "sender",
        "The request has another answer already",
        "one answer to a request",
        "Send nothing more for this requestId: the first answer stands",
    ),
    "AMANA-PULL-020": Code(
        503,
        "hub",
        "The hub has not yet read all that it has recorded",
        "a worker that keeps up",
        "Send again after the time in Retry-After",
    ),
    "AMANA-PULL-021": Code(
        503,
        "hub",
        "The hub was stopped while it waited for the provider",
        "an outcome of every request",
        "Ask again; whether the provider has seen the request is not known",
    ),
    "AMANA-PULL-022": Code(
        429,
        "sender",
        "This system has asked the hub itself for more than is recorded in an hour",
        "at most 256 MiB of questions under PING and OUTBOX in an hour",
        "Ask less often, with smaller bodies; again after the time in Retry-After",
    ),
}
