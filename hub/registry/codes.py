"""Refusals in the shape that registry clients know: `{"error_code", "message"}`, the status being its first three digits.

Rule: the numbers are the reference's, for clients branch on them; the words are ours. A refusal names subjects, versions
and places in schemas, which are no secrets, and nothing of who asks.
"""

from __future__ import annotations

from typing import Final

_STATUS_DIGITS: Final = 1000


class Refused(Exception):
    """Answered with its code and status; nothing has changed."""

    def __init__(self, code: int, message: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.code = code
        self.message = message
        self.headers = headers
        super().__init__(message)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.code if self.code < _STATUS_DIGITS else self.code // 100


def no_subject(subject: str) -> Refused:
    return Refused(40401, f"Subject '{subject}' not found.")


def no_version(version: int | str) -> Refused:
    return Refused(40402, f"Version {version} not found.")


def no_schema(what: int | str = "") -> Refused:
    return Refused(40403, f"Schema {what} not found".replace("  ", " "))


def subject_deleted(subject: str) -> Refused:
    return Refused(40404, f"Subject '{subject}' was deleted already; permanent=true deletes it for good.")


def subject_not_deleted(subject: str) -> Refused:
    return Refused(40405, f"Subject '{subject}' must be deleted before it is deleted for good.")


def version_deleted(subject: str, version: int) -> Refused:
    return Refused(
        40406, f"Version {version} of subject '{subject}' was deleted already; permanent=true deletes it for good."
    )


def version_not_deleted(subject: str, version: int) -> Refused:
    return Refused(40407, f"Version {version} of subject '{subject}' must be deleted before it is deleted for good.")


def no_config(subject: str) -> Refused:
    return Refused(40408, f"Subject '{subject}' has no configuration of its own.")


def no_mode(subject: str) -> Refused:
    return Refused(40409, f"Subject '{subject}' has no mode of its own.")


def incompatible(subject: str, details: str) -> Refused:
    return Refused(40901, f"The schema is incompatible with an earlier version of subject '{subject}': {details}")


def invalid(detail: str) -> Refused:
    return Refused(42201, f"Invalid schema: {detail}")


def bad_version(text: str) -> Refused:
    return Refused(42202, f"'{text}' is no version: a number from 1 to 2^31-1, or latest, is expected.")


def bad_config(detail: str) -> Refused:
    return Refused(42203, detail)


def bad_mode(text: str) -> Refused:
    return Refused(
        42204, f"'{text}' is no mode: READWRITE, READONLY or IMPORT is expected, for all subjects FORWARD too."
    )


def not_permitted(detail: str) -> Refused:
    return Refused(42205, detail)


def referenced(subject: str, versions: str) -> Refused:
    return Refused(42206, f"Other schemas refer to subject '{subject}', version {versions}; delete those first.")


def other_id(known: int, given: int) -> Refused:
    return Refused(42207, f"The schema is registered under id {known}, not {given}.")


def bad_subject(subject: str) -> Refused:
    return Refused(
        42208, f"'{subject[:100]}' is no subject: a name without control characters in the default context is expected."
    )


def too_large(limit: int) -> Refused:
    return Refused(42209, f"The schema is too large: at most {limit} bytes are taken.")


def bad_rules(detail: str) -> Refused:
    return Refused(42210, f"Invalid rule set: {detail}")


def context_not_empty(context: str) -> Refused:
    return Refused(42211, f"Context '{context}' is not empty.")


def not_stored() -> Refused:
    return Refused(
        50001, "The registry could not store this, or does not know whether it did; look, then send it again."
    )


def too_slow() -> Refused:
    return Refused(50002, "The registry is busy and did not come to an end; send it again later.")


def unknown_caller() -> Refused:
    return Refused(
        40101,
        "Credentials are needed: HTTP Basic with a system's client id and secret, or its bearer token.",
        headers=((b"www-authenticate", b'Basic realm="amana"'),),
    )


def forbidden(what: str) -> Refused:
    return Refused(40301, f"Not allowed to write {what}.")


def unreadable(detail: str) -> Refused:
    return Refused(400, f"The body is not what is expected here: {detail}.")
