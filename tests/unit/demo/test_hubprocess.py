"""Where a demo's hub keeps its log."""

from __future__ import annotations

from hub.demo.hubprocess import fresh_bus


def test_a_demo_on_kafka_has_topics_of_its_own() -> None:
    """Two demos on one Kafka share no topic, and keep within the prefix that they were given; a file stays as named."""
    one, two = fresh_bus("kafka://a:1,b:2/trial"), fresh_bus("kafka://a:1,b:2/trial")
    assert one != two
    assert one.startswith("kafka://a:1,b:2/trial.demo-")
    assert fresh_bus("kafka://a:1").startswith("kafka://a:1/demo-")
    assert fresh_bus("sqlite:////tmp/bus.db") == "sqlite:////tmp/bus.db"
