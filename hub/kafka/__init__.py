"""The log on Apache Kafka. Rule: nothing outside this package knows how a record lies in Kafka."""

from __future__ import annotations

from hub.kafka.connection import Connection, connection_of
from hub.kafka.log import KafkaLog
from hub.kafka.names import Names
from hub.kafka.wire import record_of

__all__ = ["Connection", "KafkaLog", "Names", "connection_of", "record_of"]
