"""Codes of bodies that are encrypted, or uploaded before the message that claims them."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-SEAL-002": Code(
        422,
        "sender",
        "The encrypted body does not open",
        "a body encrypted for the hub's present key",
        "Take the hub's public key from GET /api/v1/hub, and encrypt the body for it",
    ),
    "AMANA-SEAL-003": Code(
        422,
        "sender",
        "The body is not encrypted, and this code takes no other",
        "ephemeralKey, iv and encryptedData, made for the recipient's key",
        "Encrypt the body for the recipient",
    ),
    "AMANA-JSON-003": Code(
        400,
        "sender",
        "The body that was encrypted or uploaded is not strict",
        "UTF-8 JSON without duplicate members, infinities or trailing bytes; or XML where the message or upload is XML",
        "Correct the serialiser of the connector, or the content type of the upload",
    ),
    "AMANA-CLAIM-001": Code(
        404,
        "sender",
        "There is no such upload of this system",
        "a reference that this system was given less than 24 hours ago",
        "Upload the bytes again and claim them under the new reference",
    ),
    "AMANA-CLAIM-002": Code(
        400,
        "sender",
        "The claim in the body is not well formed",
        "claim with reference, digest and size as the answer to the upload has them",
        "Copy the three members from the answer to POST /esb/upload",
    ),
    "AMANA-CLAIM-003": Code(
        422,
        "sender",
        "The claim and the upload disagree",
        "digest and size of the uploaded bytes, as the answer to the upload has them",
        "Compare what was uploaded with what was meant, and upload it again",
    ),
    "AMANA-CLAIM-004": Code(
        409,
        "sender",
        "The upload was used for a message of another code",
        "an upload of its own for every message",
        "Upload the bytes again for this code",
    ),
    "AMANA-CLAIM-005": Code(
        422,
        "sender",
        "The uploaded body has too many parts",
        "at most so many objects and lists, and so many commas, as the detail says",
        "Send it in several messages; contracts limit the rows of one anyway",
    ),
    "AMANA-UPLOAD-001": Code(
        429,
        "sender",
        "The system has too much uploaded that it has not claimed",
        "uploads within the quota",
        "Claim what was uploaded, or wait until it expires after 24 hours",
    ),
}
