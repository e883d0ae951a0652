"""Codes of join requests and connection tests."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-JOIN-001": Code(
        422,
        "sender",
        "The join request is not well formed",
        "a signed request as `amana join request` makes it",
        "Correct the member named in the detail and ask again",
    ),
    "AMANA-JOIN-002": Code(
        401,
        "sender",
        "The join request is not signed by the key that it proposes",
        "a signature over the bytes of data, made with the private half of publicKey",
        "Sign the bytes that are sent, with that key",
    ),
    "AMANA-JOIN-003": Code(
        409,
        "sender",
        "The key waits in another join request, or is known already",
        "a key of its own for every system",
        "Make a new key for this system, or wait until the other request is decided",
    ),
    "AMANA-JOIN-004": Code(
        429,
        "sender",
        "No more join requests are taken at present",
        "few requests from one address, and a waiting list that is not full",
        "Wait and ask again; if it stays so, call the hub's operator",
    ),
    "AMANA-JOIN-005": Code(
        409,
        "operator",
        "What is approved is not the join request that waits",
        "the very request that waits, not expired, and no more than it asks for",
        "Show the request again; if it has expired, let the applicant ask again",
    ),
    "AMANA-JOIN-006": Code(
        409,
        "operator",
        "The fingerprint is not that of the key in the join request",
        "the fingerprint as the applicant reads it out",
        "Call the applicant; if it still differs, somebody else has asked in its name: reject the request",
    ),
    "AMANA-TEST-001": Code(
        409,
        "operator",
        "The system has no address to test",
        "a system or a subscription with an address",
        "Give it one with --endpoint, or let the system ask the code PING instead",
    ),
}
