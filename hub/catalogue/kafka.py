"""Codes of the log on Kafka."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-KAFKA-001": Code(
        500,
        "operator",
        "A topic of Kafka is not as the hub needs it",
        "the copies and settings that AMANA_KAFKA_* say, no compaction, no unclean leaders",
        "Correct the topic with kafka-configs or kafka-reassign-partitions, or the settings",
    ),
    "AMANA-KAFKA-002": Code(
        500,
        "operator",
        "No server of Kafka lets the hub in",
        "a server of AMANA_BUS that answers, with the security of AMANA_KAFKA_*",
        "Start Kafka, or correct the address, the certificates or the user",
    ),
    "AMANA-BUS-002": Code(
        413,
        "hub",
        "What is to be stored at once is larger than Kafka takes",
        "a message below AMANA_MAX_BODY and AMANA_MAX_UPLOAD",
        "Lower those settings, or use the embedded log",
    ),
}
