"""Codes of feeds: folders that are watched and interfaces that are asked."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-FEED-001": Code(
        503,
        "sender",
        "A feed stands still because its system may not send",
        "an active system with a grant on the feed's code",
        "Resume the system or add the grant; the feed goes on by itself and nothing is lost meanwhile",
    ),
    "AMANA-FEED-002": Code(
        503,
        "hub",
        "A feed stands still because its adapter does not do what it says",
        "an installed adapter with the folder or poll that the feed names",
        "Install the adapter's right version, or suspend the feed and add one that names another folder or poll",
    ),
    "AMANA-FEED-003": Code(
        422,
        "sender",
        "A file cannot be taken",
        "a file that its adapter can read, with something in it and no larger than the adapter's folder takes",
        "Correct what the reason names, or export the file again, in parts if it is too large, and put it into the folder",
    ),
    "AMANA-FEED-004": Code(
        503,
        "hub",
        "A feed's folder or credential file cannot be used",
        "a folder that the worker may read and write, below AMANA_FOLDERS; credential files of mode 0600 below AMANA_CREDENTIALS",
        "Give the worker's user the folder, or put the credential's text into its file; the feed goes on by itself",
    ),
    "AMANA-FEED-005": Code(
        502,
        "receiver",
        "An interface that the hub asks gives no usable answer",
        "an answer as the adapter's README describes it",
        "Look at the address, the credentials and the other system; the hub asks again by itself, ever more slowly",
    ),
}
