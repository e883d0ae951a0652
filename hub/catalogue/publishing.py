"""Codes of topics that subscribers read themselves."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-TOPIC-001": Code(
        409,
        "operator",
        "This hub has no Kafka that a subscriber could read",
        "a hub on Kafka and PostgreSQL (AMANA_BUS=kafka://...)",
        "Have the system called, or let it collect its outbox: amana subscription add --collect",
    ),
    "AMANA-TOPIC-002": Code(
        422,
        "operator",
        "What the subscription gets has no place in a topic that is read in clear",
        "JSON under a contract that the registry has: no file, nothing encrypted, collected or put into a folder",
        "Give the code a contract with amana contract use, or deliver it as it is",
    ),
}
