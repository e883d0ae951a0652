"""Names of topics and groups in a Kafka that others may use too.

Rule: with a prefix, all that the hub makes begins with it, and what does not is not the hub's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Names:
    """`prefix`: empty, or what stands before every name, with a dot between. ValueError for what Kafka takes not."""

    prefix: str = ""

    def __post_init__(self) -> None:
        if self.prefix and not _PREFIX.fullmatch(self.prefix):
            raise ValueError("letters, digits, dot, underscore and hyphen expected, 64 at most")

    def of(self, topic: str) -> str:
        """What Kafka calls a topic of the hub."""
        return f"{self.prefix}.{topic}" if self.prefix else topic

    def topic(self, name: str) -> str | None:
        """Inverse of `of`; None for a topic that is not the hub's, as Kafka's own, which begin with two underscores."""
        if not self.prefix:
            return None if name.startswith("__") else name
        return name.removeprefix(self.prefix + ".") if name.startswith(self.prefix + ".") else None

    def group(self, stage: str) -> str:
        """Consumer group of a stage."""
        return self.of(stage)
